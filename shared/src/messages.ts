/**
 * All messages of the socket: three that a client sends, and two that it receives. Rule numbers: PROTOCOL.md.
 * The server relays envelopes and never decodes them; the frames of peers are defined in the client.
 */
import * as v from "valibot";
import { Address, JoinSecret, RoomTag } from "./ids.ts";
import {
  MAX_ENVELOPE_BYTES,
  MAX_ICE_LETTERS,
  MAX_ICE_SECONDS,
  MAX_ICE_SERVERS,
  MAX_ICE_URLS,
  MAX_SAMPLE_MEMBERS,
  MIN_ICE_SECONDS,
} from "./limits.ts";

const bytes = (max: number) =>
  v.pipe(
    v.instance(Uint8Array),
    v.check((b) => b.length > 0, "empty"),
    v.check((b) => b.length <= max, `over ${max} bytes`),
  );

/** With a URL that it does not take, a browser refuses to connect to anybody at all. */
function iceUrl(shape: RegExp) {
  return v.pipe(
    v.string(),
    v.maxLength(MAX_ICE_LETTERS),
    v.check((url) => {
      const { host = "", port = "1" } = shape.exec(url)?.groups ?? {};
      const isAddress = host.startsWith("[") ? v.is(Ipv6, host.slice(1, -1)) : host !== "";
      return isAddress && Number(port) > 0 && Number(port) <= 65_535;
    }, "not an ICE server"),
  );
}
const Ipv6 = v.pipe(v.string(), v.ipv6());

/** client -> server "join": a private room by its tag, or the open room of this network. [J1] */
export const Join = v.strictObject({
  secret: JoinSecret,
  room: v.variant("kind", [
    v.strictObject({ kind: v.literal("private"), tag: RoomTag }),
    v.strictObject({ kind: v.literal("open") }),
  ]),
});
export type Join = v.InferOutput<typeof Join>;

/** RFC 7064, with host and port alone, so that every browser takes it. */
export const StunUrl = iceUrl(/^stun:(?<host>\[[\da-f:.]+\]|[\w.-]+)(?::(?<port>\d{1,5}))?$/i);
/** RFC 7065, in the same way. */
export const TurnUrl = iceUrl(
  /^turns?:(?<host>\[[\da-f:.]+\]|[\w.-]+)(?::(?<port>\d{1,5}))?(?:\?transport=(?:udp|tcp))?$/i,
);
const iceWord = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_ICE_LETTERS));
const iceUrls = <Url extends typeof StunUrl>(url: Url) =>
  v.pipe(v.array(url), v.minLength(1), v.maxLength(MAX_ICE_URLS));

/** Servers that tell a browser its address, or relay for it; in the shape of WebRTC's RTCIceServer. [J14] */
export const IceServers = v.pipe(
  v.array(
    v.union([
      v.strictObject({ urls: iceUrls(StunUrl) }),
      v.strictObject({ urls: iceUrls(TurnUrl), username: iceWord, credential: iceWord }),
    ]),
  ),
  v.maxLength(MAX_ICE_SERVERS),
);
export type IceServers = v.InferOutput<typeof IceServers>;

/** Whom an open room holds when the server can't tell networks apart: everyone who uses it, or this client alone. */
export const Nearby = v.picklist(["everyone", "alone"]);
export type Nearby = v.InferOutput<typeof Nearby>;

/** The answer to "join" (socket.io acknowledgement). `members` is a random sample without the joiner. [J3] */
export const Joined = v.variant("ok", [
  v.strictObject({
    ok: v.literal(true),
    tag: RoomTag,
    address: Address,
    members: v.pipe(v.array(Address), v.maxLength(MAX_SAMPLE_MEMBERS)),
    /** For a client that speaks version 2. [J14] */
    iceServers: v.optional(IceServers),
    /** For a client that speaks version 3: how long the credentials in `iceServers` are good, if there are any. [J14c] */
    iceSeconds: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(MIN_ICE_SECONDS), v.maxValue(MAX_ICE_SECONDS)),
    ),
    /** For a client that speaks version 3, in an open room that isn't the one of its network. [J14f] */
    nearby: v.optional(Nearby),
  }),
  v.strictObject({
    ok: v.literal(false),
    reason: v.picklist(["bad-request", "room-full", "too-fast", "unavailable"]),
  }),
]);
export type Joined = v.InferOutput<typeof Joined>;
/** Why a join was refused. A client of a version before `unavailable` takes that for no answer. [J6c] */
export type JoinRefusal = Extract<Joined, { ok: false }>["reason"];

/** The body of a refused handshake, in polling. Other reasons than these say nothing to a person. [J10e] */
export const RefusedHandshake = v.object({ message: v.picklist(["unknown-host", "foreign-origin"]) });

/** client -> server "sample": asks for another random sample; the answer is as for "join". [J4] No payload. */

/** client -> server "envelope": sealed bytes for one member of the same room. No answer. [J5] */
export const OutgoingEnvelope = v.strictObject({ to: Address, bytes: bytes(MAX_ENVELOPE_BYTES) });
export type OutgoingEnvelope = v.InferOutput<typeof OutgoingEnvelope>;

/** server -> client "envelope": the same, with the sender's address as the server knows it. [J5] */
export const IncomingEnvelope = v.strictObject({ from: Address, bytes: bytes(MAX_ENVELOPE_BYTES) });
export type IncomingEnvelope = v.InferOutput<typeof IncomingEnvelope>;

/** server -> client "refused": why the last message was dropped; only for the console and tests. [J6] */
export const Refused = v.strictObject({ event: v.string(), reason: v.string() });
export type Refused = v.InferOutput<typeof Refused>;
