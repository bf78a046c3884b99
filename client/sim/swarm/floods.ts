/** One frame of each type as a flooder would send it: well-formed, and useless. */
import { decodeBatch, encodeBatch, NO_ENTRY, type Batch } from "@swapmeet/engine/feed/batch";
import { encodeEntry } from "@swapmeet/engine/feed/entry";
import { geometryOf, HASH_BYTES, lengthOf } from "@swapmeet/engine/names/file-id";
import type { Frame } from "@swapmeet/engine/wire/frame";
import type { LocalFile } from "@swapmeet/engine/io/io";
import type { SimPeer } from "../room/room.ts";

/** `at`: the number of the frame. `file`: one that the flooded peer fetches. `of`: the peer that floods. */
export interface Flooding {
  readonly at: number;
  readonly file: LocalFile;
  readonly of: SimPeer;
}

const MARK = "0".repeat(16);

const piecesOf = ({ file }: LocalFile): number => geometryOf(lengthOf(file)).pieceCount;

/** Bits of every second piece, or of the others: each frame says something else. */
const bitsOf = (file: LocalFile, at: number): Uint8Array => {
  const pieceCount = piecesOf(file);
  const bits = new Uint8Array(Math.ceil(pieceCount / 8)).fill(at % 2 === 0 ? 0xaa : 0x55);
  const spare = bits.length * 8 - pieceCount;
  bits[bits.length - 1]! &= 0xff << spare;
  return bits;
};

/** A profile that everybody already has from its author. */
const batchOf = (peer: SimPeer): Batch => {
  const { id, address } = peer;
  const word = encodeEntry({ type: "profile", name: "Mallory".repeat(25), address, state: "here" });
  const feed = { author: id, epoch: 1, topic: "presence" } as const;
  const bytes = encodeBatch(feed, 0, NO_ENTRY, [word], new Uint8Array(64));
  const batch = decodeBatch(bytes);
  if (!batch.ok) throw new Error(batch.problem);
  return batch.value;
};

export const FLOODS: Readonly<Record<Frame["type"], (flooding: Flooding) => Frame>> = {
  prove: ({ of }) => ({ type: "prove", peer: of.id, signature: new Uint8Array(64) }),
  heads: ({ of }) => ({
    type: "heads",
    areNews: true,
    heads: [{ author: of.id, epoch: 1, topic: "presence", base: 0, length: 1, mark: MARK }],
  }),
  wants: ({ at }) => ({ type: "wants", id: at, wants: [] }),
  answered: ({ at }) => ({ type: "answered", id: 100_000 + at, count: 0 }),
  batch: ({ of }) => ({ type: "batch", batch: batchOf(of) }),
  summary: () => ({ type: "summary", sums: new Uint8Array(64 * 8), isAnswer: true }),
  eager: ({ at }) => ({ type: "eager", eager: at % 2 === 0 }),
  fork: ({ of }) => ({ type: "fork", batches: [batchOf(of), batchOf(of)] }),
  interest: ({ at, file }) => ({ type: "interest", file: file.file, wanted: at % 2 === 0 }),
  bitfield: ({ at, file }) => ({ type: "bitfield", file: file.file, bits: bitsOf(file, at) }),
  have: ({ at, file }) => ({ type: "have", file: file.file, pieces: [at % piecesOf(file)] }),
  "layer-request": ({ file }) => ({ type: "layer-request", file: file.file, first: 0 }),
  layer: ({ file }) => ({ type: "layer", file: file.file, first: 0, hashes: new Uint8Array(HASH_BYTES) }),
  "leaves-request": ({ at, file }) => ({
    type: "leaves-request",
    file: file.file,
    piece: at % piecesOf(file),
  }),
  leaves: ({ at, file }) => ({
    type: "leaves",
    file: file.file,
    piece: at % piecesOf(file),
    hashes: new Uint8Array(HASH_BYTES),
  }),
  request: ({ at, file }) => ({ type: "request", id: at, file: file.file, begin: 0, length: 1 }),
  cancel: ({ at }) => ({ type: "cancel", id: 100_000 + at }),
  reject: ({ at }) => ({ type: "reject", id: 100_000 + at, reason: "busy" }),
  block: ({ at }) => ({ type: "block", id: 100_000 + at, bytes: new Uint8Array(1) }),
  queue: ({ at }) => ({ type: "queue", position: at }),
  "fetch-ended": ({ file }) => ({ type: "fetch-ended", file: file.file, how: "paused" }),
  withheld: ({ at, file }) => ({ type: "withheld", file: file.file, withheld: at % 2 === 0 }),
  offer: ({ at, file }) => ({ type: "offer", id: at, files: [{ file: file.file, name: "file" }] }),
  "offer-answer": ({ at }) => ({ type: "offer-answer", id: at, accepted: true }),
  neighbor: () => ({ type: "neighbor", urgent: false }),
  "neighbor-answer": () => ({ type: "neighbor-answer", accepted: true }),
  disconnect: () => ({ type: "disconnect" }),
  shuffle: () => ({ type: "shuffle", contacts: [], hops: 5 }),
  "shuffle-reply": () => ({ type: "shuffle-reply", contacts: [] }),
  suspect: ({ at, of }) => ({ type: "suspect", author: of.id, epoch: 1, seq: at }),
  introduce: ({ of }) => ({
    type: "introduce",
    from: of.address,
    to: of.address,
    hops: 1,
    bytes: new Uint8Array(100),
  }),
  relay: ({ of }) => ({ type: "relay", from: of.address, to: of.address, bytes: new Uint8Array(60) }),
  message: ({ at }) => ({ type: "message", id: at, box: new Uint8Array(60) }),
  "message-received": ({ at }) => ({ type: "message-received", id: at }),
  ping: ({ at }) => ({ type: "ping", nonce: at }),
  pong: ({ at }) => ({ type: "pong", nonce: at }),
};
