/**
 * A crowd in one room, over real WebRTC: two pages of real browsers, all others peers without one, several to a
 * process. `npm run bench:crowd`; `npm run bench:crowd -- 40` for another number than 30.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import type { BrowserContext } from "playwright";
import { launchPersistent } from "../lib/browser.ts";
import { NodePeers, type NodePeer } from "../lib/peers/node-peers.ts";
import { RoomPage } from "../lib/page/page.ts";
import { Server } from "../lib/servers/server.ts";
import { cpuSeconds, Processes } from "./lib/processes.ts";
import { round } from "./lib/statistics.ts";

/** More in one process would wait for each other: one thread serves them all. */
const PEERS_PER_PROCESS = 7;
const PAGES = 2;
const POSTS = 100;
const POST_EVERY_MS = 200;
/** Links that nobody needs end after 60 s. */
const IDLE_MS = 70_000;
/** Nothing may take longer than this; then the benchmark fails. */
const PATIENCE_MS = 120_000;

interface Counts {
  readonly mean: number;
  readonly max: number;
}

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Percent of one core; 0 where /proc is missing. */
interface Work {
  readonly idle: number;
  readonly posting: number;
}

export interface Crowd {
  readonly peers: number;
  /** All at once: from the first one's start until everybody knows everybody and their files. */
  readonly allJoinMs: number;
  /** The last page: from its navigation until it knows everybody. */
  readonly newcomerMs: number;
  /** From writing to being in a peer's board, over all posts and peers. */
  readonly postMs: Percentiles;
  /** The same until it is in the list that a page shows. */
  readonly shownMs: Percentiles;
  /** When all is settled: of the overlay, and all. */
  readonly neighbors: Counts;
  readonly links: Counts;
  readonly cpuPercentPerPeer: Work;
  readonly cpuPercentPerPage: Work;
}

export const benchCrowd = async (peers = 30): Promise<Crowd> => {
  const folder = await mkdtemp(join(tmpdir(), "swapmeet-crowd-"));
  const server = await Server.start();
  const pages: Tab[] = [];
  const processes = Array.from({ length: Math.ceil((peers - PAGES) / PEERS_PER_PROCESS) }, () =>
    NodePeers.start(),
  );
  try {
    for (let i = 0; i < PAGES; i++) pages.push(await Tab.open(join(folder, `page-${i}`)));
    const [first, last] = pages as [Tab, Tab];
    await first.room.page.goto(server.urlAt());
    const code = await first.room.newPrivateRoom();

    const began = performance.now();
    const nodes = await Promise.all(
      Array.from({ length: peers - PAGES }, async (_, i) => {
        const name = `peer ${i}`;
        const path = join(folder, `${name}.txt`);
        await writeFile(path, name);
        const peer = await processes[i % processes.length]!.join({ serverUrl: server.urlAt(), code, name });
        await peer.share(path);
        return peer;
      }),
    );
    await until("everybody knows everybody", async () => {
      const states = await statesOf(nodes);
      const knowAll = states.every(
        ({ people, files }) => people.length === nodes.length && files.length === nodes.length,
      );
      return knowAll && (await first.knows()) === nodes.length;
    });
    const allJoinMs = round(performance.now() - began, 0);

    await last.room.page.goto(`${server.urlAt()}/#${code}`, { waitUntil: "commit" });
    await last.room.page.waitForFunction(
      (others) =>
        document.querySelector('[aria-label="People"] li')?.getAttribute("aria-setsize") === String(others),
      peers - 1,
      { polling: 20, timeout: PATIENCE_MS },
    );
    // The page's own clock: it started when the navigation did.
    const newcomerMs = round(await last.room.page.evaluate(() => performance.now()), 0);

    for (const page of pages) await page.watch();
    const spent = async () => ({
      nodes: await cpuSeconds(processes.map(({ pid }) => pid)),
      pages: await cpuSeconds(pages.flatMap((page) => page.renderer ?? [])),
    });
    const work = async (during: () => Promise<unknown>) => {
      const before = await spent();
      const since = performance.now();
      await during();
      const after = await spent();
      const percent = (seconds: number, of: number) =>
        round(((seconds / of) * 1e5) / (performance.now() - since), 2);
      return {
        peer: percent(after.nodes - before.nodes, nodes.length),
        page: percent(after.pages - before.pages, pages.length),
      };
    };
    const idle = await work(() => wait(IDLE_MS));
    const posting = await work(async () => {
      for (let i = 0; i < POSTS; i++) {
        await nodes[(i * 11) % nodes.length]!.post(`crowd ${i}, ${Date.now()}`);
        await wait(POST_EVERY_MS);
      }
      await until("every post is everywhere, once", async () =>
        (await statesOf(nodes)).every(({ posts }) => posts.length === POSTS && new Set(posts).size === POSTS),
      );
    });
    await until("every post is shown", async () =>
      (await Promise.all(pages.map((page) => page.postDelays()))).every(({ length }) => length === POSTS),
    );

    const states = await statesOf(nodes);
    return {
      peers,
      allJoinMs,
      newcomerMs,
      postMs: percentiles(states.flatMap(({ postDelaysMs }) => postDelaysMs)),
      shownMs: percentiles((await Promise.all(pages.map((page) => page.postDelays()))).flat()),
      neighbors: counts(states.map(({ neighbors }) => neighbors)),
      links: counts(states.map(({ linked }) => linked.length)),
      cpuPercentPerPeer: { idle: idle.peer, posting: posting.peer },
      cpuPercentPerPage: { idle: idle.page, posting: posting.page },
    };
  } finally {
    for (const nodePeers of processes) await nodePeers.close();
    for (const page of pages) await page.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

/** A page in a browser of its own. */
class Tab {
  readonly room: RoomPage;
  readonly #context: BrowserContext;
  readonly #profile: string;
  /** Its process, from when it is watched; null where /proc is missing. */
  renderer: number | null = null;

  static async open(profile: string): Promise<Tab> {
    const context = await launchPersistent(profile);
    const page = context.pages()[0] ?? (await context.newPage());
    return new Tab(context, new RoomPage(page), profile);
  }

  private constructor(context: BrowserContext, room: RoomPage, profile: string) {
    this.#context = context;
    this.room = room;
    this.#profile = profile;
  }

  /** How many others it shows. */
  async knows(): Promise<number> {
    const items = this.room.page.getByRole("list", { name: "People" }).getByRole("listitem");
    return Number(await items.first().getAttribute("aria-setsize"));
  }

  /** From now on it notes when a post appears in its list; the text ends with when it was written. */
  async watch(): Promise<void> {
    const processes = await Processes.of(this.#profile);
    this.renderer = processes && (await processes.rendererOf(this.room.page));
    await this.room.openBoard();
    await this.room.page.evaluate(() => {
      const delays = new Map<string, number>();
      Object.assign(globalThis, { delays });
      new MutationObserver(() => {
        for (const item of document.querySelectorAll('[aria-label="Posts"] li')) {
          const [post, writtenAt] = /crowd \d+, (\d+)/.exec(item.textContent) ?? [];
          if (post && !delays.has(post)) delays.set(post, Date.now() - Number(writtenAt));
        }
      }).observe(document.body, { childList: true, subtree: true });
    });
  }

  postDelays(): Promise<number[]> {
    return this.room.page.evaluate(() => [
      ...(globalThis as unknown as { delays: Map<string, number> }).delays.values(),
    ]);
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

const statesOf = (nodes: readonly NodePeer[]) => Promise.all(nodes.map((node) => node.state()));

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  const last = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > last) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
    await wait(100);
  }
};

const counts = (values: readonly number[]): Counts => ({
  mean: round(values.reduce((sum, value) => sum + value, 0) / values.length, 1),
  max: Math.max(...values),
});

const percentiles = (values: readonly number[]): Percentiles => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const asked = process.argv[2];
  const crowd = await benchCrowd(asked === undefined ? undefined : Number(asked));
  const inMs = ({ p50, p99, max }: Percentiles) => `p50 ${p50} ms, p99 ${p99} ms, most ${max} ms`;
  const inNumbers = ({ mean, max }: Counts) => `mean ${mean}, most ${max}`;
  const inPercent = ({ idle, posting }: Work) =>
    `${idle} % idle, ${posting} % while five posts a second come`;
  const rows: [figure: string, measured: string, aim: string][] = [
    ["all join at once, until everybody knows everybody", `${crowd.allJoinMs} ms`, "under 20,000"],
    ["a page joins, navigation to knowing everybody", `${crowd.newcomerMs} ms`, "under 3,000"],
    ["a post, written to in a peer's board", inMs(crowd.postMs), "p99 under 1,000"],
    ["  written to shown on a page", inMs(crowd.shownMs), "p99 under 1,500"],
    ["neighbours of a peer", inNumbers(crowd.neighbors), "at most 8"],
    ["  links, with those of transfers", inNumbers(crowd.links), ""],
    ["CPU of a peer, of one core", inPercent(crowd.cpuPercentPerPeer), ""],
    ["  of a page", inPercent(crowd.cpuPercentPerPage), ""],
  ];
  console.log(`${crowd.peers} peers in one room, ${PAGES} of them pages, on ${cpus().length} cores`);
  console.table(rows.map(([figure, measured, aim]) => ({ figure, measured, aim })));
}
