/**
 * Memory while a large file goes from one browser to another: nothing may grow with the file. `npm run bench:memory`
 * sends 2 GiB; `npm run bench:memory -- 1 2 4` that many GiB in a row, 0.5 is fine too. Needs four times the largest
 * file on the disk, for the source, the pieces, and the save with the copy that the browser makes of it.
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext, CDPSession } from "playwright";
import { launchPersistent } from "../lib/browser.ts";
import { MiB, sha256 } from "../lib/files.ts";
import { RoomPage } from "../lib/page/page.ts";
import { Server } from "../lib/servers/server.ts";
import { Processes, residentBytes } from "./lib/processes.ts";
import { mebibytesPerSecond, round } from "./lib/statistics.ts";

const SAMPLE_EVERY_MS = 1_000;
const GiB = 2 ** 30;
/** A slow machine carries 4 MiB/s. */
const TIMEOUT_MS_PER_BYTE = 1_000 / (4 * MiB);

export interface Growth {
  /** The page's own heap with its buffers, after garbage collection: the most above what it was before. */
  readonly heapMiB: number;
  /** All of the browser's renderers, workers included, garbage included; null where /proc is missing. */
  readonly renderersMiB: number | null;
}

export interface MemoryRun {
  readonly gibibytes: number;
  readonly sender: Growth;
  readonly receiver: Growth;
  /** To the last piece; slower than without the measuring. */
  readonly mebibytesPerSecond: number;
  /** The saved file is the source, by SHA-256. */
  readonly savedWhole: boolean;
}

export const benchMemory = async (gibibytes: readonly number[] = [2]): Promise<MemoryRun[]> => {
  const folder = await mkdtemp(join(process.env["BENCH_FOLDER"] ?? tmpdir(), "swapmeet-memory-"));
  const runs: MemoryRun[] = [];
  try {
    await expectSpace(folder, 4 * Math.max(...gibibytes) * GiB);
    for (const size of gibibytes) {
      runs.push(await measure(await mkdtemp(join(folder, "run-")), Math.round(size * GiB)));
      console.error(JSON.stringify(runs.at(-1)));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return runs;
};

const expectSpace = async (folder: string, bytes: number): Promise<void> => {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes)
    throw new Error(
      `${folder} has ${round((bavail * bsize) / GiB, 1)} GiB free, this needs ${round(bytes / GiB, 1)}. ` +
        "BENCH_FOLDER names another folder.",
    );
};

/** Prints the progress, because a large file takes minutes. */
const TELL_EVERY_MS = 10_000;

const measure = async (folder: string, bytes: number): Promise<MemoryRun> => {
  const name = "large.bin";
  const path = join(folder, name);
  const expected = await writeRandom(path, bytes);
  const server = await Server.start();
  const browsers: Browser[] = [];
  try {
    for (const side of ["sender", "receiver"]) browsers.push(await Browser.open(join(folder, side)));
    const [sender, receiver] = browsers as [Browser, Browser];
    await sender.room.page.goto(server.urlAt());
    const code = await sender.room.newPrivateRoom();
    await receiver.room.page.goto(`${server.urlAt()}/#${code}`);
    await receiver.room.expectPeers(1);
    await sender.room.addFiles(path);
    const row = await receiver.room.find(name);
    for (const browser of browsers) await browser.watch();

    const timeout = 60_000 + bytes * TIMEOUT_MS_PER_BYTE;
    const saving = receiver.room.page.waitForEvent("download", { timeout });
    const began = performance.now();
    await row.getByRole("button", { name: /^Download / }).click();
    const transfer = receiver.room.transfer(name);
    const telling = setInterval(() => {
      void transfer.innerText().then(
        (text) => console.error(text.replaceAll(/\s+/g, " ")),
        () => undefined,
      );
    }, TELL_EVERY_MS);
    try {
      await transfer.getByText("Complete").waitFor({ timeout });
    } finally {
      clearInterval(telling);
    }
    const seconds = (performance.now() - began) / 1000;
    const saved = await (await saving).path();
    return {
      gibibytes: bytes / GiB,
      sender: await sender.growth(),
      receiver: await receiver.growth(),
      mebibytesPerSecond: round(mebibytesPerSecond(bytes, seconds), 1),
      savedWhole: (await sha256(saved)) === expected,
    };
  } finally {
    for (const browser of browsers) await browser.close();
    await server.stop();
    // The next file needs the space.
    await rm(folder, { recursive: true, force: true });
  }
};

/** One browser with one page, and how much memory that page takes. */
class Browser {
  readonly room: RoomPage;
  readonly #context: BrowserContext;
  readonly #session: CDPSession;
  readonly #processes: Processes | null;
  #before = { heap: 0, renderers: 0 };
  #most = { heap: 0, renderers: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;

  static async open(profile: string): Promise<Browser> {
    const context = await launchPersistent(profile);
    const page = context.pages()[0] ?? (await context.newPage());
    return new Browser(
      context,
      new RoomPage(page),
      await context.newCDPSession(page),
      await Processes.of(profile),
    );
  }

  private constructor(
    context: BrowserContext,
    room: RoomPage,
    session: CDPSession,
    processes: Processes | null,
  ) {
    this.#context = context;
    this.room = room;
    this.#session = session;
    this.#processes = processes;
  }

  /** Takes the memory of this moment as the base of the next measurement. */
  async watch(): Promise<void> {
    this.#before = this.#most = await this.#sample();
    this.#watchOn();
  }

  #watchOn(): void {
    this.#timer = setTimeout(() => {
      void this.#note().then(() => this.#timer && this.#watchOn());
    }, SAMPLE_EVERY_MS);
  }

  async growth(): Promise<Growth> {
    this.#stop();
    await this.#note();
    const mebibytes = (of: "heap" | "renderers"): number =>
      round((this.#most[of] - this.#before[of]) / MiB, 1);
    return {
      heapMiB: mebibytes("heap"),
      renderersMiB: this.#processes ? mebibytes("renderers") : null,
    };
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#context.close();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #note(): Promise<void> {
    const now = await this.#sample();
    this.#most = {
      heap: Math.max(this.#most.heap, now.heap),
      renderers: Math.max(this.#most.renderers, now.renderers),
    };
  }

  async #sample(): Promise<{ heap: number; renderers: number }> {
    const renderers = this.#processes ? await residentBytes(await this.#processes.renderers()) : 0;
    await this.#session.send("HeapProfiler.collectGarbage");
    // The protocol's types do not know the buffers' share yet.
    const usage: { usedSize: number; backingStorageSize?: number } =
      await this.#session.send("Runtime.getHeapUsage");
    return { heap: usage.usedSize + (usage.backingStorageSize ?? 0), renderers };
  }
}

/** Bytes that nothing can compress, in little memory. @returns their SHA-256 */
const writeRandom = async (path: string, bytes: number): Promise<string> => {
  const zeros = Buffer.alloc(4 * MiB);
  const stream = createCipheriv("aes-256-ctr", randomBytes(32), Buffer.alloc(16));
  const hash = createHash("sha256");
  const file = await open(path, "w");
  for (let at = 0; at < bytes; at += zeros.length) {
    const chunk = stream.update(zeros.subarray(0, Math.min(zeros.length, bytes - at)));
    hash.update(chunk);
    await file.write(chunk);
  }
  await file.close();
  return hash.digest("hex");
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sizes = process.argv.slice(2).map(Number);
  const runs = await benchMemory(sizes.length > 0 ? sizes : undefined);
  console.table(
    runs.map(({ gibibytes, sender, receiver, mebibytesPerSecond, savedWhole }) => ({
      GiB: gibibytes,
      "sender heap +MiB": sender.heapMiB,
      "sender process +MiB": sender.renderersMiB,
      "receiver heap +MiB": receiver.heapMiB,
      "receiver process +MiB": receiver.renderersMiB,
      "MiB/s": mebibytesPerSecond,
      "saved whole": savedWhole,
    })),
  );
  console.log("aim: under 100 MiB each, and no more for a larger file");
  process.exitCode = runs.every(({ savedWhole }) => savedWhole) ? 0 : 1;
}
