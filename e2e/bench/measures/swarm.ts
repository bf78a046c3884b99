/**
 * Whole swarms in real browsers, each on a computer of its own as far as the network can tell (namespaces.ts): one file
 * for many, and many sources for one. Beside it the single raw transfer and WebTorrent, in alternation.
 */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext } from "playwright";
import { BRIDGE_ADDRESS, Namespaces, whyNoNamespaces } from "../../lib/servers/namespaces.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { serveBlank } from "./blank.ts";
import { sendRaw } from "./raw.ts";
import { inRoom, lastOf, onPages } from "./rooms.ts";
import { median, round } from "../lib/statistics.ts";
import { WebTorrent } from "./webtorrent.ts";

/** The reason why a part was skipped, which is printed. */
export interface Skipped {
  readonly skipped: string;
}

export const skip = (skipped: string): Skipped => {
  console.error(`!!! SKIPPED: ${skipped}`);
  return { skipped };
};

export interface OneToMany {
  readonly bytes: number;
  readonly receivers: number;
  readonly uplinkMbit: number;
  /** F / u_s: the origin's uplink, once. */
  readonly boundSeconds: number;
  readonly rounds: readonly OneToManyRound[];
  /** Medians, as multiples of the bound. */
  readonly timesBound: {
    readonly swapmeet: number;
    readonly raw: number;
    readonly webtorrent: number | null;
    /** Computed: a raw transfer after the other. */
    readonly sendingEach: number;
  };
  readonly webtorrentSkipped: string | null;
}

interface OneToManyRound {
  /** Seconds until the last receiver has the whole file, verified. */
  readonly swapmeet: number;
  /** Seconds of one raw transfer over the same uplink. */
  readonly raw: number;
  readonly webtorrent: number | null;
}

export const benchOneToMany = async (
  receivers = 4,
  bytes = 20 * 2 ** 20,
  rounds = 3,
  uplinkMbit = 8,
): Promise<OneToMany | Skipped> => {
  const why = await whyNoNamespaces();
  if (why !== null) return skip(`one-to-many: ${why}`);
  const uplinks = Array.from({ length: 1 + receivers }, () => uplinkMbit);
  return inNetwork(uplinks, async ({ contexts, url, blankUrl, webtorrent, folder }) => {
    const results: OneToManyRound[] = [];
    for (let i = 0; i < rounds; i++) {
      const path = join(folder, `one-to-many-${i}.bin`);
      await writeFile(path, randomBytes(bytes));
      const swapmeet = await inRoom(contexts, url, async ([origin, ...takers]) => {
        await origin!.addFiles(path);
        return lastOf(takers, `one-to-many-${i}.bin`);
      });
      const raw = await onPages(contexts.slice(0, 2), blankUrl, ([from, to]) =>
        sendRaw(from!, to!, bytes, "channel"),
      );
      const theirs =
        typeof webtorrent === "string"
          ? null
          : await onPages(contexts, webtorrent.url, ([origin, ...takers]) =>
              webtorrent.share(origin!, takers, bytes),
            );
      results.push({ swapmeet, raw, webtorrent: theirs });
      console.error(`one-to-many ${i + 1}/${rounds}:`, results.at(-1));
    }
    const boundSeconds = (bytes * 8) / (uplinkMbit * 1e6);
    const timesBound = (seconds: readonly number[]): number => round(median(seconds) / boundSeconds);
    const raw = timesBound(results.map((result) => result.raw));
    const theirs = results.flatMap((result) => result.webtorrent ?? []);
    return {
      bytes,
      receivers,
      uplinkMbit,
      boundSeconds: round(boundSeconds, 1),
      rounds: results,
      timesBound: {
        swapmeet: timesBound(results.map((result) => result.swapmeet)),
        raw,
        webtorrent: theirs.length === 0 ? null : timesBound(theirs),
        sendingEach: round(raw * receivers),
      },
      webtorrentSkipped: typeof webtorrent === "string" ? webtorrent : null,
    };
  });
};

export interface OneToOne {
  readonly bytes: number;
  readonly linkMbit: number;
  /** Seconds. */
  readonly rounds: readonly { readonly swapmeet: number; readonly raw: number }[];
  /** The ratio of the medians. */
  readonly ofRaw: number;
}

/** Over a link that is slower than the computers are, so any loss against raw is the engine's. */
export const benchOneToOne = async (
  bytes = 64 * 2 ** 20,
  rounds = 5,
  linkMbit = 80,
): Promise<OneToOne | Skipped> => {
  const why = await whyNoNamespaces();
  if (why !== null) return skip(`one-to-one: ${why}`);
  return inNetwork([linkMbit, linkMbit], async ({ contexts, url, blankUrl, folder }) => {
    const results: { swapmeet: number; raw: number }[] = [];
    for (let i = 0; i < rounds; i++) {
      const name = `one-to-one-${i}.bin`;
      await writeFile(join(folder, name), randomBytes(bytes));
      const raw = await onPages(contexts, blankUrl, ([from, to]) => sendRaw(from!, to!, bytes, "channel"));
      const swapmeet = await inRoom(contexts, url, async ([from, to]) => {
        await from!.addFiles(join(folder, name));
        return lastOf([to!], name);
      });
      results.push({ swapmeet, raw });
      console.error(`one-to-one ${i + 1}/${rounds}:`, results.at(-1));
    }
    const of = (key: "swapmeet" | "raw"): number => median(results.map((result) => result[key]));
    return { bytes, linkMbit, rounds: results, ofRaw: round(of("raw") / of("swapmeet")) };
  });
};

export interface ManyToOne {
  readonly bytes: number;
  readonly sources: number;
  readonly uplinkMbit: number;
  readonly rounds: readonly { readonly single: number; readonly all: number }[];
  /** Median over the rounds: how many times faster all sources are than one. */
  readonly gain: number;
}

export const benchManyToOne = async (
  sources = 3,
  bytes = 20 * 2 ** 20,
  rounds = 3,
  uplinkMbit = 10,
): Promise<ManyToOne | Skipped> => {
  const why = await whyNoNamespaces();
  if (why !== null) return skip(`many-to-one: ${why}`);
  const uplinks = [null, ...Array.from({ length: sources }, () => uplinkMbit)];
  return inNetwork(uplinks, async ({ contexts, url, folder }) => {
    const results: { single: number; all: number }[] = [];
    for (let i = 0; i < rounds; i++)
      results.push(
        await inRoom(contexts, url, async ([taker, ...givers]) => {
          const secondsFrom = async (some: readonly RoomPage[]): Promise<number> => {
            const name = `from-${some.length}-${i}.bin`;
            const path = join(folder, name);
            await writeFile(path, randomBytes(bytes));
            for (const giver of some) await giver.addFiles(path);
            await (await taker!.find(name)).getByText(String(some.length), { exact: true }).waitFor();
            return lastOf([taker!], name);
          };
          return { single: await secondsFrom(givers.slice(0, 1)), all: await secondsFrom(givers) };
        }),
      );
    return {
      bytes,
      sources,
      uplinkMbit,
      rounds: results,
      gain: round(median(results.map(({ single, all }) => single / all))),
    };
  });
};

interface Network {
  readonly contexts: readonly BrowserContext[];
  /** The address of Swapmeet's page. */
  readonly url: string;
  readonly blankUrl: string;
  readonly webtorrent: WebTorrent | string;
  readonly folder: string;
}

/** Opens everything, and closes it again in any case. */
const inNetwork = async <Result>(
  uplinksMbit: readonly (number | null)[],
  measure: (network: Network) => Promise<Result>,
): Promise<Result> => {
  const closers: (() => unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  };
  const interrupted = (): void => void closeAll().finally(() => process.exit(130));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupted);
  try {
    const folder = await mkdtemp(join(tmpdir(), "swapmeet-bench-"));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const namespaces = await Namespaces.open(folder, uplinksMbit);
    closers.push(() => namespaces.close());
    const server = await ServerProcess.start({ within: namespaces.middle });
    closers.push(() => server.kill());
    const blank = await serveBlank();
    closers.push(() => blank.close());
    const { port } = new URL(blank.url);
    const blankUrl = `http://${BRIDGE_ADDRESS}:${port}/`;
    await namespaces.bring(Number(port));
    await mkdir(join(folder, "webtorrent"));
    const webtorrent = await WebTorrent.serve(join(folder, "webtorrent"), BRIDGE_ADDRESS);
    if (typeof webtorrent === "string") skip(webtorrent);
    else {
      closers.push(() => webtorrent.close());
      for (const port of webtorrent.ports) await namespaces.bring(port);
    }
    const url = server.urlAt(BRIDGE_ADDRESS);
    const urls = [url, blankUrl];
    if (typeof webtorrent !== "string") urls.push(webtorrent.url);
    const contexts = await namespaces.launch(urls.map((url) => new URL(url).origin));
    return await measure({ contexts, url, blankUrl, webtorrent, folder });
  } finally {
    await closeAll();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupted);
  }
};
