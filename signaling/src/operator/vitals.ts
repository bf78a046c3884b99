/** The state of the server in numbers and words, as probes ask for it. Neither addresses nor rooms are in it. [J15] */
import type { Counters } from "../base/counters.ts";
import { DIRECTORY_PATIENCE_MS } from "../base/limits.ts";
import { within } from "../base/within.ts";
import { json, type Report } from "../http/report.ts";
import type { Directory, Size } from "../rooms/directory.ts";

export interface Health {
  readonly status: "ok";
  readonly uptimeSeconds: number;
  /** Null while the directory does not answer: that is no reason to end this process. */
  readonly rooms: number | null;
  readonly members: number | null;
  readonly relayed: Counters["relayed"];
  readonly refused: Counters["refused"];
  readonly proxies: Counters["proxies"];
  readonly stun: Counters["stun"];
}

/** Whether new members are welcome here, or why not. */
export type Readiness = "ready" | "draining" | "no-directory";

export interface VitalsOptions {
  readonly directory: Directory;
  readonly counters: Counters;
  readonly isDraining: () => boolean;
}

export class Vitals {
  readonly #options: VitalsOptions;
  readonly #startedAtMs = performance.now();
  #asked: Promise<Size | undefined> | undefined;

  constructor(options: VitalsOptions) {
    this.#options = options;
  }

  /** Undefined where the directory does not say. Any number of askers at once are one question to it. */
  size(): Promise<Size | undefined> {
    this.#asked ??= within(DIRECTORY_PATIENCE_MS, this.#options.directory.size()).finally(
      () => (this.#asked = undefined),
    );
    return this.#asked;
  }

  async health(): Promise<Health> {
    const size = await this.size();
    return {
      status: "ok",
      uptimeSeconds: Math.floor((performance.now() - this.#startedAtMs) / 1_000),
      rooms: size?.rooms ?? null,
      members: size?.members ?? null,
      ...this.#options.counters,
    };
  }

  async readiness(): Promise<Readiness> {
    if (this.#options.isDraining()) return "draining";
    return (await this.size()) ? "ready" : "no-directory";
  }

  readonly healthReport: Report = async () => json(await this.health());

  readonly readinessReport: Report = async () => {
    const status = await this.readiness();
    return json({ status }, status === "ready" ? 200 : 503);
  };
}
