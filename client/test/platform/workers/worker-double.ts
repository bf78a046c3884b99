/** Workers for tests, which choose the desk in them and the fate of each. */
import * as Comlink from "comlink";
import { vi } from "vitest";

/**
 * `works`; `unloadable`: its script can't be loaded; `dies` with the first call, which is never answered; `errs` so that
 * the page hears of it, beside its calls; `hangs`: it takes calls and is never heard of; `late`: its answers come when it
 * has been given up.
 */
export type Fate = "works" | "unloadable" | "dies" | "errs" | "hangs" | "late";

export interface StubbedWorker {
  readonly fate: Fate;
  readonly isRunning: boolean;
  /** Messages to it. */
  readonly calls: readonly unknown[];
  /** Its answers that were held back. */
  readonly held: readonly unknown[];
  answer(data: unknown): void;
}

/** `fates`: those of the next workers; later workers work. `deskOf`: gives the desk in a worker, by its script. */
export const stubWorkers = (
  deskOf: (url: string) => object,
): { readonly workers: StubbedWorker[]; readonly fates: Fate[] } => {
  const workers: StubbedWorker[] = [];
  const fates: Fate[] = [];

  class FakeWorker extends EventTarget implements StubbedWorker {
    isRunning = true;
    readonly held: unknown[] = [];
    readonly fate: Fate = fates.shift() ?? "works";
    readonly calls: unknown[] = [];
    readonly #port: MessagePort;

    constructor(url: string) {
      super();
      workers.push(this);
      const { port1, port2 } = new MessageChannel();
      this.#port = port1;
      if (this.fate === "unloadable") queueMicrotask(() => this.dispatchEvent(new Event("error")));
      else Comlink.expose(deskOf(url), port2);
      port1.onmessage = ({ data }) => {
        if (this.fate === "late") this.held.push(data);
        else this.answer(data);
      };
    }

    answer(data: unknown): void {
      this.dispatchEvent(new MessageEvent("message", { data }));
    }

    postMessage(message: { readonly type?: string }, transfer: Transferable[]): void {
      this.calls.push(message);
      const isCall = message.type === "APPLY";
      if (this.fate === "unloadable" || this.fate === "hangs" || (this.fate === "dies" && isCall)) {
        if (this.fate === "dies") queueMicrotask(() => this.dispatchEvent(new Event("error")));
        return;
      }
      this.#port.postMessage(message, transfer);
      if (this.fate === "errs" && isCall) queueMicrotask(() => this.dispatchEvent(new Event("error")));
    }

    terminate(): void {
      this.isRunning = false;
      if (this.fate !== "late") this.#port.close();
    }
  }

  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("location", { href: "http://test/", origin: "http://test" });
  return { workers, fates };
};
