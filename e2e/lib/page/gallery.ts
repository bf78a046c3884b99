/** Every scene of the page without a room behind it: client/src/app/gallery, built for the tests and served as the page is. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { build } from "vite";
import { Server } from "../servers/server.ts";

const CLIENT = fileURLToPath(new URL("../../../client/", import.meta.url));

/** The interface that client/src/app/gallery/gallery.ts gives to the tests. */
interface GalleryPage {
  readonly scenes: readonly string[];
  show(scene: string): Promise<void>;
}

const isUp = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: "Invite", exact: true }).waitFor();
  await page.evaluate(() => document.fonts.ready);
};

export class Gallery {
  readonly #server: Server;
  readonly #folder: string;

  static async serve(): Promise<Gallery> {
    const folder = await mkdtemp(join(tmpdir(), "swapmeet-gallery-"));
    await build({
      configFile: join(CLIENT, "vite.config.ts"),
      logLevel: "error",
      build: {
        outDir: folder,
        emptyOutDir: false,
        rolldownOptions: { input: [join(CLIENT, "index.html"), join(CLIENT, "gallery.html")] },
      },
    });
    return new Gallery(await Server.start({ clientDir: folder }), folder);
  }

  private constructor(server: Server, folder: string) {
    this.#server = server;
    this.#folder = folder;
  }

  /** Loads a scene, and waits for its first picture with the fonts in it. */
  async show(page: Page, scene: string): Promise<void> {
    await page.goto(`${this.#server.urlAt()}/gallery.html?scene=${scene}`);
    await isUp(page);
  }

  /** The same without loading the page again, where a scene of this gallery is shown already: ten times as fast. */
  async next(page: Page, scene: string): Promise<void> {
    await page.evaluate((name) => (window as unknown as GalleryPage).show(name), scene);
    await isUp(page);
  }

  async scenes(page: Page): Promise<readonly string[]> {
    await this.show(page, "busy");
    return page.evaluate(() => (window as unknown as GalleryPage).scenes);
  }

  async close(): Promise<void> {
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Scenes in which every dialog is opened. In the others nothing in a dialog would be new. */
const WITH_DIALOGS = new Set(["busy", "empty-open", "long-words", "relay-only", "stopped"]);

/** Goes through the views of the scene that is shown, and through the dialogs where it has something of its own in them. */
export async function tour(page: Page, scene: string, look: (place: string) => Promise<void>): Promise<void> {
  const views = page.getByRole("navigation", { name: "Views" }).getByRole("button");
  const open = async (view: string) => {
    await views.filter({ hasText: view }).click();
    await page.evaluate(() => new Promise(requestAnimationFrame));
  };
  const names = await views.locator("xpath=./span[1]").allTextContents();
  for (const name of names) {
    // This scene's search text belongs to the view Find, and would be gone in another view.
    if (scene === "long-search" && name !== "Find") continue;
    await open(name);
    await look(`${scene}, ${name}`);
  }
  if (!WITH_DIALOGS.has(scene)) return;

  const isPhone = names.includes("People");
  const dialog = page.getByRole("dialog").and(page.locator(":modal"));
  const openers: readonly { readonly view: string; readonly button: RegExp }[] = [
    { view: "Find", button: /^Invite$/ },
    { view: "Find", button: /^Details / },
    { view: "People", button: /^Send to / },
    { view: "People", button: /^Message / },
    { view: "People", button: /^Settings$/ },
  ];
  for (const { view, button } of openers) {
    await open(view === "People" && !isPhone ? "Find" : view);
    const opener = page.getByRole("button", { name: button }).first();
    if ((await opener.count()) === 0) continue; // nobody is there, or no file
    await opener.click();
    await dialog.waitFor();
    await look(`${scene}, ${String(button)}`);
    const question = dialog.getByRole("button", { name: /^Delete / }).nth(1);
    if ((await question.count()) > 0) {
      await question.click();
      const inner = page.getByRole("dialog", { name: /^Delete this file/ });
      if ((await inner.count()) > 0) {
        await look(`${scene}, ${String(button)}, to delete`);
        await page.keyboard.press("Escape");
        await inner.waitFor({ state: "detached" });
      }
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
  await open(isPhone ? "People" : "Find");
  const code = page.getByRole("textbox", { name: "Room code" });
  await code.fill("n".repeat(400));
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByText("is not in the word list").waitFor();
  await look(`${scene}, a wrong code`);
}
