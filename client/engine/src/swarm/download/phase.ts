/**
 * The phases of a download, and how the page is told of them. PROTOCOL.md, rules S10 and S12.
 *
 * It does not know how one phase follows another (download.ts).
 */
import type { StoreProblem } from "../../io/io.ts";
import type { LayerFetch } from "./layer-fetch.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { TransferFailure, TransferState } from "../../io/view.ts";

export type Phase =
  /** Not begun, or without a source, or behind other downloads. */
  | { readonly type: "waiting" }
  | { readonly type: "layer"; readonly fetch: LayerFetch }
  | { readonly type: "opening" }
  | { readonly type: "fetching" }
  /** A tab of this browser handed over the file itself, and the host hashes it. */
  | { readonly type: "checking"; readonly from: PeerId; hashedBytes: number }
  | { readonly type: "saving" }
  | { readonly type: "complete" }
  | { readonly type: "paused"; readonly because: "person" | StoreProblem }
  | { readonly type: "failed"; readonly reason: TransferFailure };

/**
 * `sources`: how many are in sight. `places`: our place in the queue of each peer that is asked, 0 while it serves us.
 * `isChecking`: nothing is left to ask for. `awaited`: the peers for which it waits, while nothing comes. [S4a]
 */
export const transferState = (
  phase: Phase,
  sources: number,
  places: readonly number[],
  isChecking: boolean,
  awaited: readonly PeerId[],
): TransferState => {
  const state = stateOf(phase, sources, places, isChecking);
  return state.type === "downloading" && awaited.length > 0 ? { type: "waiting", for: awaited } : state;
};

const stateOf = (
  phase: Phase,
  sources: number,
  places: readonly number[],
  isChecking: boolean,
): TransferState => {
  switch (phase.type) {
    case "waiting":
      return { type: "queued", position: null, sources };
    case "layer":
    case "opening":
      return downloadingFrom(sources);
    case "fetching": {
      const position = places.length > 0 ? Math.min(...places) : 0;
      if (position > 0) return { type: "queued", position, sources };
      return isChecking ? { type: "verifying" } : downloadingFrom(sources);
    }
    case "checking":
      return { type: "verifying" };
    case "saving":
      return { type: "saving" };
    case "complete":
      return { type: "complete", saved: true };
    case "paused":
      return { type: "paused", because: phase.because };
    case "failed":
      return { type: "failed", reason: phase.reason };
  }
};

const downloadingFrom = (sources: number): TransferState =>
  sources > 0 ? { type: "downloading" } : { type: "queued", position: null, sources };
