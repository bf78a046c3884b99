/**
 * The socket's whole vocabulary: three things a client says, two it hears. Rule numbers: PROTOCOL.md.
 * The server relays envelopes and never decodes them; what peers say to each other lives in the client.
 */
import * as v from "valibot";
import { Address, JoinSecret, RoomTag } from "./ids.ts";
import { MAX_ENVELOPE_BYTES, MAX_SAMPLE_MEMBERS } from "./limits.ts";

const bytes = (max: number) =>
  v.pipe(
    v.instance(Uint8Array),
    v.check((b) => b.length > 0, "empty"),
    v.check((b) => b.length <= max, `over ${max} bytes`),
  );

/** client -> server "join": a private room by its tag, or the open room of this network. [J1] */
export const Join = v.strictObject({
  secret: JoinSecret,
  room: v.variant("kind", [
    v.strictObject({ kind: v.literal("private"), tag: RoomTag }),
    v.strictObject({ kind: v.literal("open") }),
  ]),
});
export type Join = v.InferOutput<typeof Join>;

/** The answer to "join" (socket.io acknowledgement). `members` is a random sample without the joiner. [J3] */
export const Joined = v.variant("ok", [
  v.strictObject({
    ok: v.literal(true),
    tag: RoomTag,
    address: Address,
    members: v.pipe(v.array(Address), v.maxLength(MAX_SAMPLE_MEMBERS)),
  }),
  v.strictObject({ ok: v.literal(false), reason: v.picklist(["bad-request", "room-full", "too-fast"]) }),
]);
export type Joined = v.InferOutput<typeof Joined>;

/** client -> server "sample": asks for another random sample; the answer is as for "join". [J4] No payload. */

/** client -> server "envelope": sealed bytes for one member of the same room. No answer. [J5] */
export const OutgoingEnvelope = v.strictObject({ to: Address, bytes: bytes(MAX_ENVELOPE_BYTES) });
export type OutgoingEnvelope = v.InferOutput<typeof OutgoingEnvelope>;

/** server -> client "envelope": the same, with the sender's address as the server knows it. [J5] */
export const IncomingEnvelope = v.strictObject({ from: Address, bytes: bytes(MAX_ENVELOPE_BYTES) });
export type IncomingEnvelope = v.InferOutput<typeof IncomingEnvelope>;

/** server -> client "refused": why the last message was dropped; for the console and tests, never needed to go on. [J6] */
export const Refused = v.strictObject({ event: v.string(), reason: v.string() });
export type Refused = v.InferOutput<typeof Refused>;
