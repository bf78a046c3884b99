/**
 * WebTorrent, the best-known swarm of browsers, as npm ships it: its browser bundle, a local tracker, its own defaults.
 * It is fetched for the comparison only: as a dependency it would bring native modules that nothing here uses.
 */
import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Page } from "playwright";

const PACKAGES = ["webtorrent@2.8.5", "bittorrent-tracker@11.2.3"];

interface Torrent {
  readonly magnetURI: string;
  readonly done: boolean;
  on(event: "done", listener: () => void): void;
}
interface WebTorrentClient {
  seed(file: File, options: object, seeded: (torrent: Torrent) => void): void;
  add(magnet: string, options: object): Torrent;
  destroy(destroyed: () => void): void;
}
interface WebTorrentPage {
  WebTorrent: new (options: object) => WebTorrentClient;
  client: WebTorrentClient;
}
interface Tracker {
  readonly http: Server;
  listen(port: number, host: string, listening: () => void): void;
  close(closed: () => void): void;
}

export class WebTorrent {
  readonly url: string;
  /** Those of the page and of the tracker. */
  readonly ports: readonly number[];
  readonly #announce: string;
  readonly #page: Server;
  readonly #tracker: Tracker;

  /** Listens at localhost; pages know it as `host`. @returns a reason instead, where it can't be fetched. */
  static async serve(folder: string, host: string): Promise<WebTorrent | string> {
    try {
      await writeFile(join(folder, "package.json"), "{}");
      await promisify(execFile)(
        "npm",
        ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional", ...PACKAGES],
        { cwd: folder },
      );
    } catch (error) {
      return `WebTorrent could not be fetched from npm: ${(error as Error).message.split("\n")[0]}`;
    }
    const modules = join(folder, "node_modules");
    const page = createServer((request, response) => {
      response.setHeader("content-type", request.url === "/" ? "text/html" : "text/javascript");
      if (request.url === "/") response.end(PAGE);
      else createReadStream(join(modules, "webtorrent/dist/webtorrent.min.js")).pipe(response);
    });
    page.listen(0, "localhost");
    await once(page, "listening");

    // Its server alone: its client would look for the native modules.
    const { default: TrackerServer } = (await import(
      pathToFileURL(join(modules, "bittorrent-tracker/server.js")).href
    )) as { default: new (options: object) => Tracker };
    const tracker = new TrackerServer({ udp: false, http: false, ws: true, stats: false });
    await new Promise<void>((listening) => tracker.listen(0, "localhost", listening));
    return new WebTorrent(host, page, tracker);
  }

  private constructor(host: string, page: Server, tracker: Tracker) {
    const [pagePort, trackerPort] = [page, tracker.http].map(
      (server) => (server.address() as AddressInfo).port,
    );
    this.url = `http://${host}:${pagePort}/`;
    this.#announce = `ws://${host}:${trackerPort}`;
    this.ports = [pagePort!, trackerPort!];
    this.#page = page;
    this.#tracker = tracker;
  }

  /** Seconds from the receivers' start to the moment when the last of them has the file. The pages show `url`. */
  async share(origin: Page, receivers: readonly Page[], bytes: number): Promise<number> {
    for (const page of [origin, ...receivers]) await page.waitForFunction(() => "WebTorrent" in globalThis);
    const announce = [this.#announce];
    const magnet = await origin.evaluate(
      ({ announce, bytes }) => {
        const page = globalThis as unknown as WebTorrentPage;
        page.client = new page.WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } });
        const parts = Array.from({ length: Math.ceil(bytes / 65_536) }, () =>
          crypto.getRandomValues(new Uint8Array(65_536)),
        );
        const file = new File([new Blob(parts).slice(0, bytes)], `${Math.random()}.bin`);
        return new Promise<string>((resolve) =>
          page.client.seed(file, { announce }, (torrent) => resolve(torrent.magnetURI)),
        );
      },
      { announce, bytes },
    );
    const seconds = await Promise.all(
      receivers.map((receiver) =>
        receiver.evaluate(
          ({ announce, magnet }) => {
            const page = globalThis as unknown as WebTorrentPage;
            page.client = new page.WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } });
            const began = performance.now();
            const torrent = page.client.add(magnet, { announce });
            return new Promise<number>((resolve) =>
              torrent.on("done", () => resolve((performance.now() - began) / 1000)),
            );
          },
          { announce, magnet },
        ),
      ),
    );
    for (const page of [origin, ...receivers])
      await page.evaluate(
        () =>
          new Promise<void>((destroyed) =>
            (globalThis as unknown as WebTorrentPage).client.destroy(destroyed),
          ),
      );
    return Math.max(...seconds);
  }

  async close(): Promise<void> {
    this.#page.close();
    await new Promise<void>((closed) => this.#tracker.close(closed));
  }
}

const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
import WebTorrent from "/webtorrent.min.js";
globalThis.WebTorrent = WebTorrent;
</script>`;
