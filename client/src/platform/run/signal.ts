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

/** The signal names a place where its sender could be reached, an ICE candidate. An empty candidate ends the list. */
export const namesPlace = (signal: {
  readonly sdp?: string | undefined;
  readonly candidate?: { readonly candidate: string };
}): boolean =>
  signal.candidate ? signal.candidate.candidate !== "" : /^a=candidate:/m.test(signal.sdp ?? "");
