/** Closes all connections in small groups over a time: the processes that they go to next meet no crowd. [J11a] */
import { setTimeout as wait } from "node:timers/promises";
import { DRAIN_STEP_MS } from "../base/limits.ts";
import type { Sockets } from "./sockets.ts";

/** Resolves when none is open, after `overMs` at most. With few connections it takes one step for each. */
export async function drain(sockets: Pick<Sockets, "open" | "drop">, overMs: number): Promise<void> {
  for (let steps = Math.ceil(overMs / DRAIN_STEP_MS); steps > 0 && sockets.open > 0; steps--) {
    sockets.drop(Math.ceil(sockets.open / steps));
    await wait(DRAIN_STEP_MS);
  }
}
