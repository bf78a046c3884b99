/**
 * The cost of one browser's processes, as Linux counts it in /proc. Elsewhere there are no figures, and the
 * benchmarks say so.
 */
import { readdir, readFile } from "node:fs/promises";
import type { Page } from "playwright";

/** Linux tells CPU time in hundredths of a second (USER_HZ), for any clock of the kernel. */
const TICKS_PER_SECOND = 100;
const BUSY_MS = 300;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

export class Processes {
  readonly #browser: number;

  /** The processes of the browser that runs with this profile; null where /proc is missing. */
  static async of(profile: string): Promise<Processes | null> {
    const browser = (await running()).find(
      ({ command }) => command.includes(`--user-data-dir=${profile}\0`) && !command.includes("--type="),
    );
    return browser ? new Processes(browser.pid) : null;
  }

  private constructor(browser: number) {
    this.#browser = browser;
  }

  renderers(): Promise<number[]> {
    return this.#below("--type=renderer");
  }

  network(): Promise<number[]> {
    return this.#below("--utility-sub-type=network.mojom.NetworkService");
  }

  /** The process of an idle page, found by the work that it does when the page is made to work. */
  async rendererOf(page: Page): Promise<number> {
    const pids = await this.renderers();
    const before = await Promise.all(pids.map((pid) => cpuSeconds([pid])));
    await page.evaluate((ms) => {
      for (const began = performance.now(); performance.now() - began < ms;);
    }, BUSY_MS);
    const after = await Promise.all(pids.map((pid) => cpuSeconds([pid])));
    const worked = after.map((seconds, i) => seconds - before[i]!);
    return pids[worked.indexOf(Math.max(...worked))]!;
  }

  async #below(kind: string): Promise<number[]> {
    const all = await running();
    const parentOf = new Map(all.map(({ pid, parent }) => [pid, parent]));
    const isOurs = (pid: number | undefined): boolean =>
      pid !== undefined && (pid === this.#browser || isOurs(parentOf.get(pid)));
    return all.filter(({ pid, command }) => command.includes(kind) && isOurs(pid)).map(({ pid }) => pid);
  }
}

/** User and system time of these processes together, with all their threads. */
export const cpuSeconds = async (pids: readonly number[]): Promise<number> => {
  const ticks = await Promise.all(
    pids.map(async (pid) => {
      const fields = await statOf(pid);
      return Number(fields[11]) + Number(fields[12]);
    }),
  );
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
};

/** Memory that holds no files: JavaScript's heaps, buffers, the browser's own memory. */
export const residentBytes = async (pids: readonly number[]): Promise<number> => {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
    }),
  );
  return sizes.reduce((sum, each) => sum + each, 0);
};

/** The fields after the name, which may hold spaces and brackets of its own: proc(5), from the third on. */
const statOf = async (pid: number): Promise<readonly string[]> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") Z 0");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
};

const running = async (): Promise<Process[]> => {
  const entries = await readdir("/proc").catch(() => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
  return Promise.all(
    pids.map(async (pid) => ({
      pid,
      parent: Number((await statOf(pid))[1]),
      // A process may rewrite its arguments, with spaces between them.
      command: `${await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")}\0`,
    })),
  );
};
