/**
 * The way that a connection takes, as the browser's statistics tell, and the bytes that went each way. [J16]
 * https://www.w3.org/TR/webrtc-stats/
 */
import type { Route } from "@swapmeet/engine/io/io";

/** The parts of the statistics that are read here. Names differ by `type`. */
export interface Stat {
  readonly type: string;
  readonly id: string;
  /** Of a "transport". */
  readonly selectedCandidatePairId?: string;
  /** Of a "candidate-pair"; `selected` is Firefox's. */
  readonly selected?: boolean;
  readonly nominated?: boolean;
  readonly state?: string;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  /** Of a "local-candidate" and a "remote-candidate". */
  readonly candidateType?: string;
}

/** Bytes of frames on channels, by the way that they took. */
export type Carried = Record<Route, { inBytes: number; outBytes: number }>;

export const nothingCarried = (): Carried => ({
  direct: { inBytes: 0, outBytes: 0 },
  turn: { inBytes: 0, outBytes: 0 },
});

/** null: no pair of candidates is in use. A relay server at either end makes the way go by it. */
export const routeIn = (stats: Iterable<Stat>): Route | null => {
  const statById = new Map<string, Stat>();
  for (const stat of stats) statById.set(stat.id, stat);
  const pair = pairInUse(statById);
  if (!pair) return null;
  const ends = [pair.localCandidateId, pair.remoteCandidateId].map((id) => statById.get(id ?? ""));
  return ends.some((end) => end?.candidateType === "relay") ? "turn" : "direct";
};

const pairInUse = (statById: ReadonlyMap<string, Stat>): Stat | undefined => {
  const all = [...statById.values()];
  const transport = all.find(
    ({ type, selectedCandidatePairId }) => type === "transport" && selectedCandidatePairId,
  );
  if (transport) return statById.get(transport.selectedCandidatePairId!);
  const pairs = all.filter(({ type }) => type === "candidate-pair");
  return (
    pairs.find(({ selected }) => selected) ??
    pairs.find(({ nominated, state }) => nominated && state === "succeeded")
  );
};
