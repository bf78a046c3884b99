/**
 * A newcomer in a large room: the time until a tab can search everyone's files, its cost, and the time of a keystroke
 * then. `npm run bench:catalog` has 1,000 authors with 1,000 files each; `npm run bench:catalog -- 100 1000` fewer.
 * All of them are known to one peer in Node, to which the tab has one WebRTC link. BENCH_PROFILE names a file that the
 * tab's CPU profile is written to, for Chrome's DevTools; the figures are worse then.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CDPSession } from "playwright";
import { launchPersistent } from "../lib/browser.ts";
import { MiB } from "../lib/files.ts";
import { NodePeers } from "../lib/peers/node-peers.ts";
import { RoomPage } from "../lib/page/page.ts";
import { Server } from "../lib/servers/server.ts";
import { cpuSeconds, Processes, residentBytes } from "./lib/processes.ts";
import { percentile, round } from "./lib/statistics.ts";

const RESULTS = new URL("../../bench-results/", import.meta.url);
const AUTHORS = 1_000;
const SHARES = 1_000;
const PEOPLE_TYPING = 40;
/** A slow machine takes a millisecond for each. */
const TIMEOUT_MS_PER_FILE = 1;

export interface Newcomer {
  readonly authors: number;
  readonly files: number;
  /** From opening the page. */
  readonly linkedSeconds: number;
  readonly firstResultSeconds: number;
  readonly completeSeconds: number;
  /** Tasks that kept the page's thread for more than 50 ms meanwhile. */
  readonly longTasks: { readonly count: number; readonly maxMs: number; readonly sumMs: number };
  /** CPU time of the page's process, all threads, meanwhile; null where /proc is missing. */
  readonly cpuSeconds: number | null;
  /** JavaScript and its buffers, after garbage collection: in an empty room, and in this one. */
  readonly heapMiB: { readonly before: number; readonly after: number };
  /** Resident memory of the page's process; null where /proc is missing. */
  readonly residentMiB: number | null;
  /** From a key's event until the page has found and laid out the results for it. */
  readonly keystrokes: {
    readonly count: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
    readonly slowest: readonly string[];
  };
}

/** In milliseconds since the page was opened. */
interface Watched {
  linkedAt: number;
  /** The number of files that the table of results gave, over time. */
  readonly counts: { readonly ms: number; readonly files: number }[];
  readonly tasks: number[];
}

declare global {
  interface Window {
    newcomer?: Watched;
  }
}

export const benchCatalog = async (authors = AUTHORS, shares = SHARES): Promise<Newcomer> => {
  const files = authors * shares;
  const profile = await mkdtemp(join(tmpdir(), "swapmeet-catalog-"));
  const server = await Server.start();
  const peers = NodePeers.start();
  const context = await launchPersistent(profile);
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const session = await context.newCDPSession(page);
    const room = new RoomPage(page);
    await page.goto(server.urlAt());
    await room.expectOnline();
    const before = await heapMiB(session);
    const processes = await Processes.of(profile);
    const renderers = processes ? [await processes.rendererOf(page)] : [];
    await page.goto(`${server.urlAt()}/addresses.json`); // the same process, and nobody in the room

    console.error(`${authors} people share ${shares} files each ...`);
    const typing = await peers.typing(PEOPLE_TYPING, { authors, shares });
    const peer = await peers.join({ serverUrl: server.urlAt(), code: null, name: "Everyone" });
    await peer.know({ authors, shares });

    console.error("a newcomer comes ...");
    await page.addInitScript(watch);
    await startProfile(session);
    const used = await cpuSeconds(renderers);
    await page.goto(server.urlAt());
    const seen = await page.waitForFunction(
      (files) => {
        const now = window.newcomer;
        return now && now.counts.at(-1)?.files === files ? now : null;
      },
      files,
      { timeout: 60_000 + files * TIMEOUT_MS_PER_FILE, polling: 1_000 },
    );
    const { linkedAt, counts, tasks } = (await seen.jsonValue()) as Watched;
    const usedNow = await cpuSeconds(renderers);
    await writeProfile(session);
    const after = await heapMiB(session);
    const resident = await residentBytes(renderers);

    console.error(`${typing.length} keystrokes ...`);
    const secondsUntil = (count: number): number =>
      round((counts.find(({ files }) => files >= count)?.ms ?? Number.NaN) / 1_000);
    return {
      authors,
      files,
      linkedSeconds: round(linkedAt / 1_000),
      firstResultSeconds: secondsUntil(1),
      completeSeconds: secondsUntil(files),
      longTasks: {
        count: tasks.length,
        maxMs: Math.max(0, ...tasks),
        sumMs: tasks.reduce((sum, ms) => sum + ms, 0),
      },
      cpuSeconds: processes && round(usedNow - used, 1),
      heapMiB: { before: round(before, 1), after: round(after, 1) },
      residentMiB: processes && round(resident / MiB, 1),
      keystrokes: await typeAll(room, typing),
    };
  } finally {
    await context.close();
    await peers.close();
    await server.stop();
    await rm(profile, { recursive: true, force: true });
  }
};

/** Runs in the page, before its own code. */
const watch = (): void => {
  const watched: Watched = { linkedAt: Number.NaN, counts: [], tasks: [] };
  window.newcomer = watched;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) watched.tasks.push(duration);
  }).observe({ type: "longtask", buffered: true });
  new MutationObserver(() => {
    const ms = performance.now();
    const peers = document.querySelector('[role="status"][aria-label="Peers"]')?.textContent ?? "";
    if (Number.isNaN(watched.linkedAt) && /[1-9]/.test(peers)) watched.linkedAt = ms;
    const rows = document
      .querySelector('[role="table"][aria-label="Results"]')
      ?.getAttribute("aria-rowcount");
    const files = Number(rows ?? 1) - 1;
    if (files !== (watched.counts.at(-1)?.files ?? 0)) watched.counts.push({ ms, files });
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
};

/** Types each text as the next keystroke after the one before, and asks the page how long it was busy with it. */
const typeAll = async (room: RoomPage, typing: readonly string[]): Promise<Newcomer["keystrokes"]> => {
  const box = room.page.getByRole("searchbox", { name: "Search the room" });
  const times: { text: string; ms: number }[] = [];
  await box.focus();
  for (const text of typing)
    times.push({
      text,
      ms: await box.evaluate(
        (box: HTMLInputElement, text) =>
          new Promise<number>((resolve) => {
            const began = performance.now();
            box.value = text;
            box.dispatchEvent(new InputEvent("input", { bubbles: true }));
            // Svelte renders in a microtask; asking where something is makes the browser lay it out.
            queueMicrotask(() =>
              queueMicrotask(() => {
                document.body.getBoundingClientRect();
                resolve(performance.now() - began);
              }),
            );
          }),
        text,
      ),
    });
  times.sort((a, b) => a.ms - b.ms);
  const sorted = times.map(({ ms }) => ms);
  return {
    count: times.length,
    p50Ms: round(percentile(sorted, 0.5), 1),
    p99Ms: round(percentile(sorted, 0.99), 1),
    maxMs: round(sorted.at(-1) ?? 0, 1),
    slowest: times.slice(-10).map(({ text, ms }) => `${text}: ${round(ms, 1)}`),
  };
};

const heapMiB = async (session: CDPSession): Promise<number> => {
  await session.send("HeapProfiler.collectGarbage");
  // The protocol's types do not know the buffers' share yet.
  const usage: { usedSize: number; backingStorageSize?: number } = await session.send("Runtime.getHeapUsage");
  return (usage.usedSize + (usage.backingStorageSize ?? 0)) / MiB;
};

const startProfile = async (session: CDPSession): Promise<void> => {
  if (!process.env["BENCH_PROFILE"]) return;
  await session.send("Profiler.enable");
  await session.send("Profiler.start");
};

const writeProfile = async (session: CDPSession): Promise<void> => {
  const file = process.env["BENCH_PROFILE"];
  if (file) await writeFile(file, JSON.stringify((await session.send("Profiler.stop")).profile));
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [authors, shares] = process.argv.slice(2).map(Number);
  const found = await benchCatalog(authors, shares);
  const inMs = ({ p50Ms, p99Ms, maxMs }: Newcomer["keystrokes"]): string =>
    `p50 ${p50Ms} ms, p99 ${p99Ms} ms, most ${maxMs} ms`;
  console.table([
    { figure: "page to first result", measured: `${found.firstResultSeconds} s`, aim: "under 2" },
    {
      figure: `page to all ${found.files.toLocaleString("en")}`,
      measured: `${found.completeSeconds} s`,
      aim: "under 20",
    },
    { figure: "longest task meanwhile", measured: `${found.longTasks.maxMs} ms`, aim: "under 100" },
    { figure: "CPU meanwhile", measured: `${found.cpuSeconds} s`, aim: "" },
    {
      figure: "heap above an empty room's",
      measured: `${round(found.heapMiB.after - found.heapMiB.before, 1)} MiB`,
      aim: "",
    },
    { figure: "the page's process", measured: `${found.residentMiB} MiB`, aim: "" },
    { figure: "keystroke", measured: inMs(found.keystrokes), aim: "p99 under 50" },
  ]);
  await mkdir(RESULTS, { recursive: true });
  const machine = {
    cores: cpus().length,
    model: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
  const date = new Date().toISOString();
  const file = new URL(`${date.replace(/[:.]/g, "-")}.json`, RESULTS);
  await writeFile(file, JSON.stringify({ machine, date, catalog: found }, null, 2));
  console.log(`JSON: ${fileURLToPath(file)}`);
}
