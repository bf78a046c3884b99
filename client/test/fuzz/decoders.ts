/** Every place where bytes or text of strangers are read, each with good examples. */
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import {
  IncomingEnvelope,
  Join,
  Joined,
  MAX_ENVELOPE_BYTES,
  OutgoingEnvelope,
  Refused,
  type Address,
  type RoomTag,
} from "@swapmeet/shared";
import { encode } from "cborg";
import fc from "fast-check";
import * as v from "valibot";
import { SeededRandom } from "../../testing/random.ts";
import { SimRoom } from "../../sim/room/room.ts";
import { hashOf, roomLinkIn } from "../../src/platform/room/room-link.ts";
import { Bitfield } from "@swapmeet/engine/base/bitfield";
import { decodeEntry, encodeEntry, type Entry } from "@swapmeet/engine/feed/entry";
import { newSession, open, seal } from "@swapmeet/engine/links/sealed/envelope";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import { decodeFrame, encodeFrame } from "@swapmeet/engine/wire/frame-codec";
import {
  safeFileName,
  safeFolder,
  safeGroup,
  safePersonName,
  safePostText,
} from "@swapmeet/engine/names/name";
import type { PostId } from "@swapmeet/engine/names/post-id";
import { parseRoomCode } from "../../src/platform/room/room-code.ts";
import { fingerprintOf, parseSignal } from "../../src/platform/run/signal.ts";
import { anyFrame } from "../../engine/test/wire/frames.ts";
import type { Decoder } from "./fuzzing.ts";
import { gossip, swarm } from "./members.ts";

const random = new SeededRandom(1);
const file = fileIdOf(random.bytes(32), 300_000);

const check = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

const frameCorpus = fc.sample(anyFrame, { numRuns: 400, seed: 1 }).map(encodeFrame);

/** [W1] [W2] */
const frame: Decoder<Uint8Array> = {
  name: "frame",
  corpus: frameCorpus,
  decode: (bytes) => {
    const decoded = decodeFrame(bytes);
    // A decoded frame can be encoded again.
    if (decoded.ok) encodeFrame(decoded.value);
  },
};

const key = random.bytes(32);
const tag = bytesToHex(random.bytes(32)) as RoomTag;
const route = {
  tag,
  from: bytesToHex(random.bytes(16)) as Address,
  to: bytesToHex(random.bytes(16)) as Address,
};
const relayOffer = [random.bytes(32), [random.bytes(16), random.bytes(16)]];
const payloads = ["initiator", "responder"].flatMap((role) =>
  ['{"type":"offer","sdp":"v=0"}', "{}", relayOffer].map((said) => encode([role, random.bytes(32), said])),
);

/** [I1] */
const envelope: Decoder<Uint8Array> = {
  name: "envelope",
  corpus: payloads.map((payload, counter) =>
    seal(key, route, { session: newSession(7, random.bytes(8)), counter, payload }, random.bytes(24)),
  ),
  decode: (bytes) => void open(key, route, bytes),
};

/** Payloads that a member of the room can send, because it has the key. [I2] [I5] */
const payload: Decoder<Uint8Array> = (() => {
  const INTRODUCTIONS_A_ROOM = 1_000;
  let introductions = 0;
  let room = new SimRoom({ seed: 1, envelopeKey: key, tag });
  let ada = room.add("Ada");
  return {
    name: "payload",
    corpus: payloads,
    decode: (bytes) => {
      if (introductions++ % INTRODUCTIONS_A_ROOM === 0) {
        room = new SimRoom({ seed: 1, envelopeKey: key, tag });
        ada = room.add("Ada");
        room.join(ada);
      }
      const from = bytesToHex(random.bytes(16)) as Address;
      const session = newSession(introductions, random.bytes(8));
      const sealed = seal(
        key,
        { tag, from, to: ada.address },
        { session, counter: 0, payload: bytes },
        random.bytes(24),
      );
      ada.feed({ type: "envelope", from, bytes: sealed });
    },
  };
})();

const entries: readonly Entry[] = [
  { type: "profile", name: "Ada", address: route.from, state: "away" },
  { type: "share", file, name: "song.mp3", folder: "Album/CD1" },
  { type: "share", file, name: "日本語.txt", folder: "" },
  { type: "unshare", share: 3 },
  {
    type: "post",
    group: "general",
    text: "Hello\nroom",
    replyTo: "aa".repeat(32) as PostId,
    after: ["bb".repeat(32) as PostId],
    writtenAt: 1_800_000_000_000,
    authorName: "Ada",
  },
];

/** [E1], and the safe names that foreign names are turned into. [N1] to [N5] */
const entry: Decoder<Uint8Array> = {
  name: "entry",
  corpus: entries.map(encodeEntry),
  decode: (bytes) => {
    const decoded = decodeEntry(bytes);
    if (decoded) encodeEntry(decoded);
  },
};

const name: Decoder<string> = {
  name: "name",
  corpus: ["song.mp3", "Album/CD1/01 – Überall.flac", "con.txt", "..\\..\\x", "👩‍👩‍👧‍👦.jpg", "a".repeat(300)],
  decode: (text) => {
    const safe = safeFileName(text);
    check(safeFileName(safe) === safe, "a safe name is safe");
    check(utf8ToBytes(safe).length <= 255 && safe !== "" && !/[/\\]/.test(safe), "a name for any disk");
    safeFolder(text);
    safePersonName(text);
    const post = safePostText(text);
    check(safePostText(post) === post && utf8ToBytes(post).length <= 8000, "a safe text is safe");
    check(/^(?!.{33})[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(safeGroup(text)), "a newsgroup's name");
  },
};

const SDP =
  "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=setup:actpass\r\n" +
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}\r\na=mid:0\r\na=sctp-port:5000\r\n`;

/** The signals that are handed to simple-peer. */
const signal: Decoder<string> = {
  name: "signal",
  corpus: [
    JSON.stringify({ type: "offer", sdp: SDP }),
    JSON.stringify({ type: "answer", sdp: SDP }),
    JSON.stringify({
      type: "candidate",
      candidate: {
        candidate: "candidate:1 1 udp 2113937151 192.168.1.7 50000 typ host generation 0 ufrag abcd",
        sdpMLineIndex: 0,
        sdpMid: "0",
        usernameFragment: "abcd",
      },
    }),
  ],
  decode: (text) => {
    const parsed = parseSignal(text);
    if (parsed && "sdp" in parsed) fingerprintOf(parsed.sdp);
  },
};

/** JSON as socket.io carries it; {"bytes": n} stands where n bytes come beside it. */
const socketArguments = (text: string): unknown => {
  try {
    return JSON.parse(text, (_, value: unknown) =>
      typeof value === "object" && value !== null && "beside" in value && typeof value.beside === "number"
        ? new Uint8Array(Math.min(Math.max(0, Math.trunc(value.beside)), 2 * MAX_ENVELOPE_BYTES))
        : value,
    );
  } catch {
    return undefined;
  }
};
const socketDecoder = (
  name: string,
  schemas: readonly v.GenericSchema[],
  corpus: unknown[],
): Decoder<string> => ({
  name,
  corpus: corpus.map((message) => JSON.stringify(message)),
  decode: (text) => {
    const message = socketArguments(text);
    for (const schema of schemas) v.safeParse(schema, message, { abortEarly: true });
  },
});
const secret = bytesToHex(random.bytes(16));
const members = [route.from, route.to];

/** Said to the server. [J1] [J5] */
const toServer = socketDecoder(
  "to-server",
  [v.strictTuple([Join]), v.strictTuple([OutgoingEnvelope])],
  [
    [{ secret, room: { kind: "private", tag } }],
    [{ secret, room: { kind: "open" } }],
    [{ to: route.to, bytes: { beside: 400 } }],
    [{ to: route.to, bytes: { beside: MAX_ENVELOPE_BYTES } }],
  ],
);

/** Said by a server that may be anybody's. [J3] [J5] [J6] */
const fromServer = socketDecoder(
  "from-server",
  [Joined, IncomingEnvelope, Refused],
  [
    { ok: true, tag, address: route.from, members },
    {
      ok: true,
      tag,
      address: route.from,
      members,
      iceServers: [
        { urls: ["stun:stun.example.org:3478", "stun:[2001:db8::1]"] },
        { urls: ["turns:turn.example.org?transport=tcp"], username: "1700000000:a", credential: "c2VjcmV0" },
      ],
    },
    { ok: false, reason: "room-full" },
    { from: route.from, bytes: { beside: 400 } },
    { event: "join", reason: "too-fast" },
  ],
);

/** [R2] */
const roomCode: Decoder<string> = {
  name: "room-code",
  corpus: [
    "amber-otter-cedar-violet",
    "Amber Otter Cedar Violet",
    "http://192.168.1.7:3000/#amber-otter-cedar-violet",
    `https://swap.example/#amber-otter-cedar-violet/${file}`,
  ],
  decode: async (text) => {
    const parsed = await parseRoomCode(text);
    if (!parsed.ok) return;
    const again = await parseRoomCode(parsed.value);
    check(again.ok && again.value === parsed.value, "a code is its own code");
  },
};

/** `location.hash`. */
const roomLink: Decoder<string> = {
  name: "room-link",
  corpus: [
    "",
    "#",
    "#amber-otter-cedar-violet",
    `#amber-otter-cedar-violet/${file}`,
    `#/${file}`,
    "#%61mber",
  ],
  decode: (text) => {
    const link = roomLinkIn(text);
    check(link.file === null || /^[0-9a-f]{64}-\d{1,16}$/.test(link.file), "a file's id or none");
    hashOf(link);
  },
};

/** The first two bytes are the number of pieces. [S2] */
const bitfield: Decoder<Uint8Array> = {
  name: "bitfield",
  corpus: [0, 1, 7, 8, 9, 31, 32, 33, 64, 1_000, 4_096].map((pieces) =>
    Uint8Array.of(pieces >> 8, pieces & 255, ...Bitfield.full(pieces).toBytes()),
  ),
  decode: (bytes) => {
    const pieces = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
    const bits = Bitfield.parse(bytes.subarray(2), pieces);
    if (bits === null) return;
    let count = 0;
    for (const piece of bits) {
      check(piece < pieces && bits.has(piece), "a piece that is there");
      count++;
    }
    check(count === bits.count && bits.isFull === (count === pieces), "as many as counted");
  },
};

export const DECODERS = [
  frame,
  envelope,
  payload,
  entry,
  name,
  signal,
  toServer,
  fromServer,
  roomCode,
  roomLink,
  bitfield,
  swarm,
  gossip,
] as unknown as readonly Decoder[];
