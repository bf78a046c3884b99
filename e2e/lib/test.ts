/** The base of every spec: a server, a folder, pages in browser contexts of their own, and a silent console. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  test as base,
  expect,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from "@playwright/test";
import { RoomPage } from "./page/page.ts";
import { Server } from "./servers/server.ts";

export { expect };

export interface Opening extends BrowserContextOptions {
  /** "localhost" is a secure context; LAN_HOST is not. */
  readonly host?: string;
  /** Another server than the test's own. */
  readonly at?: Pick<Server, "urlAt">;
  /** Opens a further tab of this browser instead of a new browser. */
  readonly beside?: RoomPage;
  /** Runs before the page is loaded. */
  readonly before?: (page: Page) => Promise<unknown>;
}

export interface Options {
  /** Minutes instead of seconds, and thousands instead of dozens: soak.config.ts. */
  soak: boolean;
}

interface Fixtures extends Options {
  server: Server;
  /** A folder on disk, gone after the test. */
  folder: string;
  complaints: Complaints;
  /** Opens the page at `path` ("/", "/#code") of the server. */
  open: (path?: string, opening?: Opening) => Promise<RoomPage>;
  /** Opens two pages in a new private room and waits until they are connected. */
  openPair: (opening?: Opening) => Promise<[RoomPage, RoomPage]>;
}

/** The pages' consoles: any warning, error or uncaught exception fails the test unless it is expected. */
export class Complaints {
  readonly #said: string[] = [];
  readonly #expected: RegExp[] = [];

  watch(context: BrowserContext): void {
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning")
        this.#said.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) =>
      this.#said.push(`uncaught: ${error.error().stack ?? error.error().message}`),
    );
  }

  expect(...patterns: RegExp[]): void {
    this.#expected.push(...patterns);
  }

  get unexpected(): string[] {
    return this.#said.filter((line) => !this.#expected.some((pattern) => pattern.test(line)));
  }
}

/** The messages that Chromium itself prints when a socket finds no server; the page cannot prevent them. */
export const SERVER_GONE =
  /ERR_CONNECTION_REFUSED|WebSocket connection to .* failed|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

export const test = base.extend<Fixtures>({
  soak: [false, { option: true }],

  // eslint-disable-next-line no-empty-pattern
  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.stop();
  },

  // eslint-disable-next-line no-empty-pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), "swapmeet-e2e-"));
    await use(folder);
    await rm(folder, { recursive: true, force: true });
  },

  // eslint-disable-next-line no-empty-pattern
  complaints: async ({}, use) => {
    const complaints = new Complaints();
    await use(complaints);
    expect(complaints.unexpected, "the console is clean").toEqual([]);
  },

  open: async ({ browser, server, complaints }, use) => {
    const contexts: BrowserContext[] = [];

    await use(async (path = "/", { host, at = server, beside, before, ...options } = {}) => {
      let context = beside?.page.context();
      if (!context) {
        context = await browser.newContext(options);
        contexts.push(context);
        complaints.watch(context);
      }
      const page = await context.newPage();
      await before?.(page);
      const room = new RoomPage(page);
      await page.goto(at.urlAt(host) + path);
      return room;
    });

    for (const context of contexts) await context.close();
  },

  openPair: async ({ open }, use) => {
    await use(async (opening) => {
      const first = await open("/", opening);
      const code = await first.newPrivateRoom();
      const second = await open(`/#${code}`, opening);
      await first.expectPeers(1);
      await second.expectPeers(1);
      return [first, second];
    });
  },
});
