/** One file from one browser to another at full speed: raw, Swapmeet and WebTorrent, in alternation. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchPersistent } from "../../lib/browser.ts";
import { Server } from "../../lib/servers/server.ts";
import { serveBlank } from "../measures/blank.ts";
import { sendRaw } from "../measures/raw.ts";
import { inRoom, lastOf, onPages } from "../measures/rooms.ts";
import { mebibytesPerSecond, median, round } from "./statistics.ts";
import { skip, type Skipped } from "../measures/swarm.ts";
import { WebTorrent } from "../measures/webtorrent.ts";

/** MiB/s. */
interface Speeds {
  readonly raw: number;
  readonly swapmeet: number;
  readonly webtorrent: number;
}

export interface Beside {
  readonly bytes: number;
  readonly rounds: readonly Speeds[];
  readonly medians: Speeds;
}

export const benchBeside = async (bytes = 128 * 2 ** 20, rounds = 3): Promise<Beside | Skipped> => {
  const folder = await mkdtemp(join(tmpdir(), "swapmeet-bench-"));
  const closers: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    await mkdir(join(folder, "webtorrent"));
    const webtorrent = await WebTorrent.serve(join(folder, "webtorrent"), "localhost");
    if (typeof webtorrent === "string") return skip(webtorrent);
    closers.push(() => webtorrent.close());
    const server = await Server.start();
    closers.push(() => server.stop());
    const blank = await serveBlank();
    closers.push(() => blank.close());
    // Two browsers: between tabs of one, Swapmeet would not need the network.
    const contexts = [];
    for (const side of ["from", "to"]) {
      const context = await launchPersistent(join(folder, side));
      closers.push(() => context.close());
      // tsx names inner functions with a helper that pages don't have.
      await context.addInitScript("globalThis.__name = (f) => f");
      contexts.push(context);
    }

    const results: Speeds[] = [];
    for (let i = 0; i < rounds; i++) {
      const name = `beside-${i}.bin`;
      const path = join(folder, name);
      await writeFile(path, randomBytes(bytes));
      const raw = await onPages(contexts, blank.url, ([from, to]) => sendRaw(from!, to!, bytes, "channel"));
      const swapmeet = await inRoom(contexts, server.urlAt(), async ([from, to]) => {
        await from!.addFiles(path);
        return lastOf([to!], name);
      });
      const theirs = await onPages(contexts, webtorrent.url, ([from, to]) =>
        webtorrent.share(from!, [to!], bytes),
      );
      const speed = (seconds: number): number => round(mebibytesPerSecond(bytes, seconds), 1);
      results.push({ raw: speed(raw), swapmeet: speed(swapmeet), webtorrent: speed(theirs) });
      console.error(`one-to-one ${i + 1}/${rounds}:`, results.at(-1));
      await rm(path);
    }
    const of = (key: keyof Speeds): number => median(results.map((result) => result[key]));
    return {
      bytes,
      rounds: results,
      medians: { raw: of("raw"), swapmeet: of("swapmeet"), webtorrent: of("webtorrent") },
    };
  } finally {
    for (const close of closers.reverse()) await close();
  }
};
