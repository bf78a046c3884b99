/**
 * A file from one tab to another of the same browser by the same-browser lane, from the click to the verified file and
 * to the end of the browser's own download, beside the raw channel between two such tabs.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchPersistent } from "../../lib/browser.ts";
import { MiB } from "../../lib/files.ts";
import { Server } from "../../lib/servers/server.ts";
import { serveBlank } from "./blank.ts";
import { download } from "./click.ts";
import { sendRaw } from "./raw.ts";
import { inRoom, onPages } from "./rooms.ts";
import { mebibytesPerSecond, median, round } from "../lib/statistics.ts";

export interface LaneBench {
  readonly bytes: number;
  /** MiB/s. `verified`: the page says that it is complete; `saved`: and the browser's download has ended. */
  readonly rounds: readonly { readonly raw: number; readonly verified: number; readonly saved: number }[];
  readonly medians: { readonly raw: number; readonly verified: number; readonly saved: number };
  readonly verifiedToRaw: number;
  readonly savedToRaw: number;
}

/** The bytes that the raw channel carries in each round; its speed does not depend on the length. */
const RAW_BYTES = 128 * MiB;

export const benchLane = async (bytes = 2 ** 30, rounds = 3): Promise<LaneBench> => {
  const folder = await mkdtemp(join(tmpdir(), "swapmeet-lane-"));
  const context = await launchPersistent(join(folder, "profile"));
  // tsx names inner functions with a helper that pages don't have.
  await context.addInitScript("globalThis.__name = (f) => f");
  const server = await Server.start();
  const blank = await serveBlank();
  const results: { raw: number; verified: number; saved: number }[] = [];
  try {
    for (let i = 0; i < rounds; i++) {
      const raw = await onPages([context, context], blank.url, ([from, to]) =>
        sendRaw(from!, to!, RAW_BYTES, "channel"),
      );
      const { verified, saved } = await handOver([context, context], server.urlAt(), folder, bytes);
      results.push({
        raw: mebibytesPerSecond(RAW_BYTES, raw),
        verified: mebibytesPerSecond(bytes, verified),
        saved: mebibytesPerSecond(bytes, saved),
      });
    }
  } finally {
    await context.close();
    await server.stop();
    blank.close();
    await rm(folder, { recursive: true, force: true });
  }
  const of = (key: keyof (typeof results)[number]): number =>
    round(median(results.map((result) => result[key])), 1);
  const medians = { raw: of("raw"), verified: of("verified"), saved: of("saved") };
  return {
    bytes,
    rounds: results,
    medians,
    verifiedToRaw: round(medians.verified / medians.raw),
    savedToRaw: round(medians.saved / medians.raw),
  };
};

/** Seconds. */
const handOver = (
  contexts: Parameters<typeof inRoom>[0],
  url: string,
  folder: string,
  bytes: number,
): Promise<{ verified: number; saved: number }> =>
  inRoom(contexts, url, async ([giver, taker]) => {
    const name = "large.bin";
    const path = join(folder, name);
    await writeRandom(path, bytes);
    await giver!.addFiles(path);
    const row = await taker!.find(name);
    const saving = taker!.page.waitForEvent("download", { timeout: 300_000 });
    const { click, complete } = await download(taker!, row);
    const savedPath = await (await saving).path();
    const verified = (complete - click) / 1000;
    const saved = Math.max(verified, (Date.now() - click) / 1000);
    if (!(await taker!.transfer(name).textContent())?.includes("same browser"))
      throw new Error("it took the channel");
    if ((await stat(savedPath)).size !== bytes) throw new Error("saved another length");
    await rm(path);
    return { verified, saved };
  });

const writeRandom = async (path: string, bytes: number): Promise<void> => {
  const file = await open(path, "w");
  for (let left = bytes; left > 0; left -= 16 * MiB) await file.write(randomBytes(Math.min(left, 16 * MiB)));
  await file.close();
};
