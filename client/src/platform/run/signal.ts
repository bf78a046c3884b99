/** Messages of one side's WebRTC stack to the other's, as they come out of an envelope: JSON that nobody vouches for. */
import * as v from "valibot";
import type { Signal } from "@swapmeet/engine/io/io";

const Sdp = v.pipe(v.string(), v.maxLength(10_000));
const SignalFromPeer = v.union([
  v.object({ type: v.picklist(["offer", "answer"]), sdp: Sdp }),
  v.object({
    type: v.literal("candidate"),
    candidate: v.object({
      candidate: v.pipe(v.string(), v.maxLength(1_000)),
      sdpMLineIndex: v.optional(v.nullable(v.number())),
      sdpMid: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(100)))),
      usernameFragment: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(256)))),
    }),
  }),
]);

/** null: not a signal. */
export const parseSignal = (text: Signal): v.InferOutput<typeof SignalFromPeer> | null => {
  try {
    const parsed = v.safeParse(SignalFromPeer, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
};

/** Every certificate fingerprint of a description (RFC 8122), sorted, so that both sides write the same text. */
export const fingerprintOf = (sdp: string): string => {
  const found = sdp.match(/^a=fingerprint:\S+ \S+/gm) ?? [];
  return [...new Set(found.map((line) => line.slice("a=fingerprint:".length).toLowerCase()))]
    .sort()
    .join(",");
};

/** A signal of this side, as simple-peer gives it. */
export interface OwnSignal {
  readonly sdp?: string | undefined;
  readonly candidate?: { readonly candidate: string };
}

/**
 * A signal of a side that is to be reached by relay servers alone: without any other candidate, and without the address
 * behind the relay, which some browsers write beside it (RFC 8839, 5.1: raddr and rport). Null: nothing is left of it.
 * The browser gathers no other candidate then; this holds should one do so. [J17a]
 */
export const byRelayAlone = (signal: OwnSignal): OwnSignal | null => {
  const { sdp, candidate } = signal;
  if (candidate) {
    if (isOfOtherKind(candidate.candidate)) return null;
    return { ...signal, candidate: { ...candidate, candidate: withoutBase(candidate.candidate) } };
  }
  if (sdp === undefined) return signal;
  const lines = sdp.split("\r\n").filter((line) => !line.startsWith("a=candidate:") || !isOfOtherKind(line));
  return { ...signal, sdp: lines.map(withoutBase).join("\r\n") };
};

/** An empty candidate ends the list. */
const isOfOtherKind = (candidate: string): boolean => candidate !== "" && !/ typ relay( |$)/.test(candidate);

const withoutBase = (candidate: string): string =>
  candidate.replace(/ raddr \S+ rport \d+/, " raddr 0.0.0.0 rport 0");

/** The signal names a place where its sender could be reached, an ICE candidate. An empty candidate ends the list. */
export const namesPlace = (signal: OwnSignal): boolean =>
  signal.candidate ? signal.candidate.candidate !== "" : /^a=candidate:/m.test(signal.sdp ?? "");
