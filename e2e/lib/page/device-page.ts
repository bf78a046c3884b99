/**
 * The page of client/test/browser in a real Chromium, served by Vite: it calls the platform's parts one by one, where
 * the specs of the whole product can't look.
 */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright";
import { createServer, type ViteDevServer } from "vite";
import { LAN_HOST } from "../browser.ts";

const PAGE = fileURLToPath(new URL("../../../client/test/browser", import.meta.url));
const WORKSPACE = fileURLToPath(new URL("../../..", import.meta.url));

export class DevicePages {
  readonly #server: ViteDevServer;

  static async serve(): Promise<DevicePages> {
    const server = await createServer({
      configFile: false,
      root: PAGE,
      logLevel: "error",
      // Everything we use is ESM already; a late discovery would reload the page under the test.
      optimizeDeps: { noDiscovery: true },
      server: {
        port: 0,
        host: "127.0.0.1",
        allowedHosts: [LAN_HOST],
        hmr: false,
        ws: false,
        fs: { allow: [WORKSPACE] },
      },
    });
    await server.listen();
    return new DevicePages(server);
  }

  private constructor(server: ViteDevServer) {
    this.#server = server;
  }

  /** `host`: "localhost" is a secure context, LAN_HOST is not. */
  urlAt(host: string): string {
    const address = this.#server.httpServer!.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return `http://${host}:${address.port}/`;
  }

  async open(page: Page, host: string): Promise<void> {
    await page.goto(this.urlAt(host));
    await page.waitForFunction(() => "device" in window);
  }

  async close(): Promise<void> {
    await this.#server.close();
  }
}

/** Calls a function of `window.device`. */
export const device = <Answer = unknown>(page: Page, name: string, ...args: unknown[]): Promise<Answer> =>
  page.evaluate(
    ([name, args]) => {
      const { device } = window as unknown as { device: Record<string, (...args: unknown[]) => unknown> };
      return device[name]!(...args) as Answer;
    },
    [name, args] as const,
  );
