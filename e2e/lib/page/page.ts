/**
 * The room as a person finds it, by accessible names and nothing else: no test id, no class, no
 * look into the page's code. People with a screen reader find the same things by the same names.
 */
import { expect, type Download, type Locator, type Page } from "@playwright/test";
import { pace } from "../pace.ts";

/** Hashing and sending on two shared cores: generous, because only a failure takes that long. */
const TRANSFER_TIMEOUT_MS = pace.hangMs(120_000);
/** The time in which several peers find each other in a room and learn each other's files. */
const MEETING_TIMEOUT_MS = pace.hangMs(60_000);

export class RoomPage {
  readonly page: Page;
  /** The downloads that the browser saved, in the order in which they began. */
  readonly saves: Download[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("download", (download) => this.saves.push(download));
  }

  // The room

  /** "online", "offline", or another word that the page shows. */
  get server(): Locator {
    return this.page.getByRole("status", { name: "Server" });
  }

  get peers(): Locator {
    return this.page.getByRole("status", { name: "Peers" });
  }

  async expectOnline(): Promise<void> {
    await expect(this.server).toContainText("online");
  }

  async expectPeers(count: number): Promise<void> {
    await expect(this.peers).toHaveText(new RegExp(`(^|\\D)${count}(\\D|$)`), {
      timeout: MEETING_TIMEOUT_MS,
    });
  }

  get url(): string {
    return this.page.url();
  }

  /** "amber-otter-cedar-violet", or "" in an open room. */
  get code(): string {
    return decodeURIComponent(new URL(this.url).hash.slice(1));
  }

  async newPrivateRoom(): Promise<string> {
    await this.page.getByRole("button", { name: "New private room" }).click();
    await this.page.waitForURL(/#./);
    return this.code;
  }

  async join(code: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Room code" }).fill(code);
    await this.page.getByRole("button", { name: "Join" }).click();
  }

  // People

  async rename(name: string): Promise<void> {
    const box = this.page.getByRole("textbox", { name: "Your name" });
    await box.fill(name);
    await box.press("Enter");
  }

  /** Everyone in the room but oneself. */
  get people(): Locator {
    const items = this.page.getByRole("list", { name: "People" }).getByRole("listitem");
    return items.filter({ has: this.page.getByRole("button", { name: /^Browse / }) });
  }

  person(name: string): Locator {
    return this.people.filter({ hasText: name });
  }

  // The board

  async openBoard(): Promise<void> {
    const views = this.page.getByRole("navigation", { name: "Views" });
    await views.getByRole("button", { name: /^Board/ }).click();
    await expect(this.page.getByRole("region", { name: "Board" })).toBeVisible();
  }

  /** Posts into the open group of the board, which must be open. */
  async post(text: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Message", exact: true }).fill(text);
    await this.page.getByRole("button", { name: "Post", exact: true }).click();
  }

  /** One after the other, as fast as the page takes them. */
  async postAll(texts: readonly string[]): Promise<void> {
    const button = await this.page.getByRole("button", { name: "Post", exact: true }).elementHandle();
    const box = this.page.getByRole("textbox", { name: "Message", exact: true });
    await box.evaluate(
      async (box: HTMLTextAreaElement, { button, texts }) => {
        for (const text of texts) {
          box.value = text;
          box.dispatchEvent(new Event("input", { bubbles: true }));
          await new Promise((drawn) => setTimeout(drawn));
          (button as HTMLElement).click();
          await new Promise((drawn) => setTimeout(drawn));
        }
      },
      { button, texts },
    );
  }

  async reply(to: string, text: string): Promise<void> {
    await this.posts
      .filter({ hasText: to })
      .getByRole("button", { name: /^Reply to / })
      .click();
    await this.post(text);
  }

  /** Those that are shown of the open group, in the order they are read. */
  get posts(): Locator {
    const items = this.page.getByRole("list", { name: "Posts" }).getByRole("listitem");
    return items.filter({ has: this.page.getByRole("button", { name: /^Reply to / }) });
  }

  /** These and no others, in this order, each once. */
  async expectPosts(...texts: readonly string[]): Promise<void> {
    const inOrder = texts.map((text) => new RegExp(text.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&")));
    await expect(this.posts).toHaveText(inOrder, { timeout: MEETING_TIMEOUT_MS });
  }

  // Direct messages

  /** @returns the dialog, open */
  async messagesWith(name: string): Promise<Locator> {
    await this.person(name)
      .getByRole("button", { name: `Message ${name}` })
      .click();
    return this.page.getByRole("dialog", { name: `Messages with ${name}` });
  }

  // The library

  get library(): Locator {
    return this.page.getByRole("list", { name: "Your library" });
  }

  addFiles(...paths: string[]): Promise<void> {
    return this.page.getByLabel("Add files").setInputFiles(paths);
  }

  addFolder(path: string): Promise<void> {
    return this.page.getByLabel("Add a folder").setInputFiles(path);
  }

  // Search and transfers

  get results(): Locator {
    return this.page.getByRole("table", { name: "Results" });
  }

  /** The row whose name contains `text`, after typing it into the search box. */
  async find(text: string): Promise<Locator> {
    await this.page.getByRole("searchbox", { name: "Search the room" }).fill(text);
    const row = this.results.getByRole("row").filter({ hasText: text });
    await expect(row).toHaveCount(1, { timeout: TRANSFER_TIMEOUT_MS });
    return row;
  }

  /** Searches for `text`, which only one file's name contains, and downloads that file. */
  async download(text: string): Promise<void> {
    await (await this.find(text)).getByRole("button", { name: /^Download / }).click();
  }

  transfer(text: string): Locator {
    return this.page.getByRole("list", { name: "Transfers" }).getByRole("listitem").filter({ hasText: text });
  }

  async waitComplete(text: string): Promise<void> {
    await expect(this.transfer(text)).toContainText("Complete", { timeout: TRANSFER_TIMEOUT_MS });
  }

  async waitFailed(text: string): Promise<void> {
    await expect(this.transfer(text)).toContainText("Failed: ", { timeout: TRANSFER_TIMEOUT_MS });
  }

  /** Waits for the browser to have saved `count` files since the page was opened, and says where they are. */
  async saved(count: number): Promise<{ name: string; path: string }[]> {
    await expect.poll(() => this.saves.length, { timeout: TRANSFER_TIMEOUT_MS }).toBe(count);
    return Promise.all(
      this.saves.map(async (save) => ({ name: save.suggestedFilename(), path: await save.path() })),
    );
  }

  progress(text: string): Locator {
    return this.transfer(text).getByRole("progressbar");
  }
}
