/**
 * Where a download stands, and what the page is told of it. PROTOCOL.md, rules S10 and S12.
 *
 * It does not know how one phase follows another (download.ts).
 */
import type { Assembly } from "./assembly.ts";
import type { StoreProblem } from "../../io/io.ts";
import type { LayerFetch } from "./layer-fetch.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Picker } from "./picker.ts";
import type { TransferFailure, TransferState } from "../../io/view.ts";

export type Phase =
  /** Not begun, or nobody to fetch from, or others first. */
  | { readonly type: "waiting" }
  | { readonly type: "layer"; readonly fetch: LayerFetch }
  | { readonly type: "opening" }
  | { readonly type: "fetching"; readonly picker: Picker }
  /** A tab of this browser handed over the file itself, and the host hashes it. */
  | { readonly type: "checking"; readonly from: PeerId; hashedBytes: number }
  | { readonly type: "saving" }
  | { readonly type: "complete" }
  | { readonly type: "paused"; readonly because: "person" | StoreProblem }
  | { readonly type: "failed"; readonly reason: TransferFailure };

/**
 * `sources`: how many are in sight. `places`: ours in the queue of each peer that is asked, 0 while it serves us.
 * `awaited`: those that owe something, while nothing comes from anybody. [S4a]
 */
export const transferState = (
  phase: Phase,
  sources: number,
  assemblies: Iterable<Assembly>,
  places: readonly number[],
  awaited: readonly PeerId[],
): TransferState => {
  const state = stateOf(phase, sources, assemblies, places);
  return state.type === "downloading" && awaited.length > 0 ? { type: "waiting", for: awaited } : state;
};

const stateOf = (
  phase: Phase,
  sources: number,
  assemblies: Iterable<Assembly>,
  places: readonly number[],
): TransferState => {
  switch (phase.type) {
    case "waiting":
      return { type: "queued", position: null, sources };
    case "layer":
    case "opening":
      return sources > 0 ? { type: "downloading" } : { type: "queued", position: null, sources };
    case "fetching":
      return fetchingState(phase.picker, sources, [...assemblies], places);
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

const fetchingState = (
  picker: Picker,
  sources: number,
  assemblies: readonly Assembly[],
  places: readonly number[],
): TransferState => {
  const position = places.length > 0 ? Math.min(...places) : 0;
  if (position > 0) return { type: "queued", position, sources };
  if (picker.openCount === 0 && assemblies.every(({ complete }) => complete)) return { type: "verifying" };
  return sources > 0 ? { type: "downloading" } : { type: "queued", position: null, sources };
};
