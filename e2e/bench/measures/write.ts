/**
 * The gain from the microtask `nextTick` of our build: simple-peer's own `peer.write`, in the bundle that npm ships and
 * in ours, in alternation, for several sizes of chunks.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchPersistent } from "../../lib/browser.ts";
import { builtByUs, serveBlank } from "./blank.ts";
import { sendRaw } from "./raw.ts";
import { mebibytesPerSecond, median, round } from "../lib/statistics.ts";

export interface Writing {
  readonly chunkBytes: number;
  /** Medians, MiB/s. */
  readonly shipped: number;
  readonly ours: number;
}

const BYTES = 16 * 2 ** 20;

export const benchWrite = async (rounds = 3): Promise<readonly Writing[]> => {
  const folder = await mkdtemp(join(tmpdir(), "swapmeet-bench-"));
  const context = await launchPersistent(folder);
  await context.addInitScript("globalThis.__name = (f) => f");
  const servers = { shipped: await serveBlank(), ours: await serveBlank("localhost", builtByUs()) };
  try {
    const results: Writing[] = [];
    for (const chunkBytes of [16_384, 65_536]) {
      const speeds = { shipped: [] as number[], ours: [] as number[] };
      for (let i = 0; i < rounds; i++)
        for (const bundle of ["shipped", "ours"] as const) {
          const pages = [await context.newPage(), await context.newPage()] as const;
          for (const page of pages) await page.goto(servers[bundle].url);
          speeds[bundle].push(mebibytesPerSecond(BYTES, await sendRaw(...pages, BYTES, "write", chunkBytes)));
          for (const page of pages) await page.close();
        }
      results.push({
        chunkBytes,
        shipped: round(median(speeds.shipped), 1),
        ours: round(median(speeds.ours), 1),
      });
    }
    return results;
  } finally {
    await context.close();
    for (const server of Object.values(servers)) server.close();
    await rm(folder, { recursive: true, force: true });
  }
};
