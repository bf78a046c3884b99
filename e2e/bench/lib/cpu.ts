/** CPU time that a transfer between two pages of one browser costs on either side, and in the network service of both. */
import type { Page } from "playwright";
import { cpuSeconds, Processes } from "./processes.ts";
import { median, round } from "./statistics.ts";

/** Seconds. */
export interface CpuCost {
  readonly sender: number;
  readonly receiver: number;
  /** One process for both sides here. */
  readonly network: number;
}

export class CpuMeter {
  readonly #processes: Processes;
  readonly #rendererByPage = new Map<Page, number>();

  /** null, and said aloud, where processes can't be looked at. Call it while the pages are idle. */
  static async of(profile: string, pages: readonly Page[]): Promise<CpuMeter | null> {
    const processes = await Processes.of(profile);
    if (!processes) {
      console.error("!!! SKIPPED: CPU seconds per GiB need Linux's /proc");
      return null;
    }
    const meter = new CpuMeter(processes);
    for (const page of pages) meter.#rendererByPage.set(page, await processes.rendererOf(page));
    return meter;
  }

  private constructor(processes: Processes) {
    this.#processes = processes;
  }

  /** @returns a function that tells the CPU time spent since */
  async start(from: Page, to: Page): Promise<() => Promise<CpuCost>> {
    const before = await this.#read(from, to);
    return async () => {
      const after = await this.#read(from, to);
      return {
        sender: after.sender - before.sender,
        receiver: after.receiver - before.receiver,
        network: after.network - before.network,
      };
    };
  }

  async #read(from: Page, to: Page): Promise<CpuCost> {
    const [sender, receiver, network] = await Promise.all([
      cpuSeconds([this.#rendererByPage.get(from)!]),
      cpuSeconds([this.#rendererByPage.get(to)!]),
      cpuSeconds(await this.#processes.network()),
    ]);
    return { sender, receiver, network };
  }
}

/** Medians, each for itself. */
export const perGiB = (costs: readonly CpuCost[], bytes: number): CpuCost => {
  const of = (key: keyof CpuCost): number =>
    round((median(costs.map((cost) => cost[key])) * 2 ** 30) / bytes, 1);
  return { sender: of("sender"), receiver: of("receiver"), network: of("network") };
};
