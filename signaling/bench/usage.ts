/** The memory and the CPU time that this process has used, and how late its event loop is. */
import { monitorEventLoopDelay } from "node:perf_hooks";

export interface Memory {
  readonly residentBytes: number;
  readonly heapBytes: number;
}

export interface Cpu {
  /** Of all threads, user and system. */
  readonly cpuMs: number;
  readonly atMs: number;
}

const delays = monitorEventLoopDelay({ resolution: 10 });
delays.enable();

export const usageVerbs = {
  /** After a collection of garbage, where the process was started with --expose-gc. */
  memory(): Memory {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    return { residentBytes: rss, heapBytes: heapUsed };
  },
  /** As it is, garbage included. */
  resident: (): number => process.memoryUsage.rss(),
  /** The delay of the event loop since the last question, at the 99th percentile. */
  delayMs(): number {
    const p99Ms = delays.percentile(99) / 1e6;
    delays.reset();
    return p99Ms;
  },
  cpu(): Cpu {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1_000, atMs: performance.now() };
  },
};
