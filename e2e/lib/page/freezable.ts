/** A browser of its own. Its pages can be frozen, as a phone's file picker or a closed lid does it, or killed. */
import type { Browser } from "playwright";
import { launchChromium } from "../browser.ts";
import { RoomPage } from "./page.ts";

export class Freezable {
  readonly room: RoomPage;
  readonly #browser: Browser;
  #frozen: readonly number[] = [];

  private constructor(browser: Browser, room: RoomPage) {
    this.#browser = browser;
    this.room = room;
  }

  static async open(url: string): Promise<Freezable> {
    const browser = await launchChromium();
    const room = new RoomPage(await browser.newPage());
    await room.page.goto(url);
    return new Freezable(browser, room);
  }

  /** Its pages and their workers stand still. */
  async freeze(): Promise<void> {
    this.#frozen = await this.#processes("renderer");
    this.#signal("SIGSTOP");
  }

  goOn(): void {
    this.#signal("SIGCONT");
    this.#frozen = [];
  }

  /** The whole browser, at once: nobody says good-bye. */
  async kill(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#browser.once("disconnected", () => resolve()));
    for (const pid of await this.#processes("renderer", "browser")) process.kill(pid, "SIGKILL");
    await gone;
  }

  /** A second call is harmless. */
  async close(): Promise<void> {
    this.goOn();
    await this.#browser.close();
  }

  #signal(signal: "SIGSTOP" | "SIGCONT"): void {
    for (const pid of this.#frozen) process.kill(pid, signal);
  }

  async #processes(...types: readonly string[]): Promise<number[]> {
    const system = await this.#browser.newBrowserCDPSession();
    const { processInfo } = await system.send("SystemInfo.getProcessInfo");
    return processInfo.filter(({ type }) => types.includes(type)).map(({ id }) => id);
  }
}
