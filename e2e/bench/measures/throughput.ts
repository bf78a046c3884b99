/**
 * One file from one page to another, from the click to the verified file, beside the raw channel that carries it; in
 * alternation, in one browser, so that other work of the machine hits both.
 */
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchPersistent } from "../../lib/browser.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { Server } from "../../lib/servers/server.ts";
import { serveBlank } from "./blank.ts";
import { download } from "./click.ts";
import { CpuMeter, perGiB, type CpuCost } from "../lib/cpu.ts";
import { sendRaw } from "./raw.ts";
import { mebibytesPerSecond, median, round } from "../lib/statistics.ts";

export interface Throughput {
  readonly bytes: number;
  readonly rounds: readonly {
    readonly raw: number;
    readonly complete: number;
    readonly saved: number;
  }[];
  /** Medians, MiB/s. `complete`: every piece verified and stored; `saved`: and the browser's download has ended. */
  readonly medians: {
    readonly raw: number;
    readonly complete: number;
    readonly saved: number;
  };
  readonly completeToRaw: number;
  readonly savedToRaw: number;
  /** Until every piece is verified and stored, beside raw's; null where it can't be told. */
  readonly cpuSecondsPerGiB: { readonly raw: CpuCost; readonly swapmeet: CpuCost } | null;
}

export const benchThroughput = async (bytes = 128 * 2 ** 20, rounds = 7): Promise<Throughput> => {
  const folder = await mkdtemp(join(tmpdir(), "swapmeet-bench-"));
  const context = await launchPersistent(join(folder, "profile"));
  // tsx names inner functions with a helper that pages don't have.
  await context.addInitScript("globalThis.__name = (f) => f");
  // Two tabs of one browser would hand each other the file itself, see lane.ts.
  await context.addInitScript("localStorage.setItem('swapmeet:always-channel', 'yes')");
  const server = await Server.start();
  const blank = await serveBlank();
  const results: { raw: number; complete: number; saved: number }[] = [];
  const costs = { raw: [] as CpuCost[], swapmeet: [] as CpuCost[] };
  try {
    const sharer = new RoomPage(await context.newPage());
    await sharer.page.goto(server.urlAt());
    const code = await sharer.newPrivateRoom();
    const taker = new RoomPage(await context.newPage());
    await taker.page.goto(server.urlAt(`localhost`) + `/#${code}`);
    await taker.expectPeers(1);
    const rawPages = [await context.newPage(), await context.newPage()] as const;
    for (const page of rawPages) await page.goto(blank.url);
    const cpu = await CpuMeter.of(join(folder, "profile"), [sharer.page, taker.page, ...rawPages]);

    for (let i = 0; i < rounds; i++) {
      const rawCost = await cpu?.start(...rawPages);
      const raw = await sendRaw(...rawPages, bytes, "channel");
      if (rawCost) costs.raw.push(await rawCost());
      const { complete, saved, cost } = await transfer(sharer, taker, folder, `bench-${i}.bin`, bytes, cpu);
      if (cost) costs.swapmeet.push(cost);
      const speeds = [raw, complete, saved].map((seconds) => mebibytesPerSecond(bytes, seconds));
      results.push({ raw: speeds[0]!, complete: speeds[1]!, saved: speeds[2]! });
    }
  } finally {
    await context.close();
    await server.stop();
    blank.close();
    await rm(folder, { recursive: true, force: true });
  }
  const of = (key: keyof (typeof results)[number]): number =>
    round(median(results.map((result) => result[key])), 1);
  const medians = { raw: of("raw"), complete: of("complete"), saved: of("saved") };
  return {
    bytes,
    rounds: results,
    medians,
    completeToRaw: round(medians.complete / medians.raw),
    savedToRaw: round(medians.saved / medians.raw),
    cpuSecondsPerGiB:
      costs.raw.length === 0
        ? null
        : { raw: perGiB(costs.raw, bytes), swapmeet: perGiB(costs.swapmeet, bytes) },
  };
};

/** Seconds from the click on "Download" to "Complete", and to the end of the browser's own download. */
const transfer = async (
  sharer: RoomPage,
  taker: RoomPage,
  folder: string,
  name: string,
  bytes: number,
  cpu: CpuMeter | null,
): Promise<{ complete: number; saved: number; cost: CpuCost | undefined }> => {
  const path = join(folder, name);
  await writeFile(path, randomBytes(bytes));
  await sharer.addFiles(path);
  const row = await taker.find(name);
  const saving = taker.page.waitForEvent("download", { timeout: 300_000 });
  const spent = await cpu?.start(sharer.page, taker.page);
  const clock = await download(taker, row);
  const cost = await spent?.();
  const savedPath = await (await saving).path();
  const complete = (clock.complete - clock.click) / 1000;
  const saved = Math.max(complete, (Date.now() - clock.click) / 1000);
  if ((await stat(savedPath)).size !== bytes) throw new Error(`${name}: saved another length`);
  await rm(path);
  return { complete, saved, cost };
};
