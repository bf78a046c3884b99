/**
 * Frames of a proven member of a room, during a download and an upload: they reach the swarm and the feeds. Every input
 * begins anew, so that each of them replays alone.
 */
import { decodeBatch, encodeBatch, NO_ENTRY, type Batch, type FeedName } from "@swapmeet/engine/feed/batch";
import { encodeEntry } from "@swapmeet/engine/feed/entry";
import type { GossipEvent } from "@swapmeet/engine/gossip/events";
import { Gossip } from "@swapmeet/engine/gossip/gossip";
import { geometryOf, lengthOf, LEAF_BYTES, pieceBytes } from "@swapmeet/engine/names/file-id";
import {
  SUMMARY_BUCKET_BYTES,
  SUMMARY_BUCKETS,
  type Frame,
  type GossipFrame,
} from "@swapmeet/engine/wire/frame";
import { decodeFrame, encodeFrame } from "@swapmeet/engine/wire/frame-codec";
import type { SwarmOutput } from "@swapmeet/engine/io/io";
import { peerIdOf, SIGNATURE_BYTES } from "@swapmeet/engine/names/peer-id";
import { Swarm, type SwarmEvent } from "@swapmeet/engine/swarm/swarm";
import { Bitfield } from "@swapmeet/engine/base/bitfield";
import { hashFile } from "../../sim/swarm/disk.ts";
import { SeededRandom } from "../../testing/random.ts";
import type { Decoder } from "./fuzzing.ts";

const random = new SeededRandom(2);
const [ada, ben] = [peerIdOf(random.bytes(32)), peerIdOf(random.bytes(32))];
const shared = hashFile(random.bytes(700_000), "shared");
const wanted = hashFile(random.bytes(900_000), "wanted");
const geometry = geometryOf(lengthOf(wanted.file));

/** Said before and after the input, which stands at a place that follows from its length. */
const withInput = (told: readonly Frame[], input: Uint8Array): Frame[] => {
  const decoded = decodeFrame(input);
  return decoded.ok ? told.toSpliced(input.length % (told.length + 1), 0, decoded.value) : [];
};

const TOLD_TO_SWARM: readonly Frame[] = [
  { type: "interest", file: shared.file, wanted: true },
  { type: "bitfield", file: wanted.file, bits: Bitfield.full(geometry.pieceCount).toBytes() },
  { type: "layer", file: wanted.file, first: 0, hashes: wanted.layer },
  { type: "request", id: 7, file: shared.file, begin: 0, length: 65_536 },
  { type: "have", file: wanted.file, pieces: [0, 1] },
];

/** [S1] to [S17] */
export const swarm: Decoder<Uint8Array> = {
  name: "swarm",
  corpus: [
    ...TOLD_TO_SWARM,
    { type: "interest", file: wanted.file, wanted: false } as const,
    { type: "bitfield", file: wanted.file, bits: new Uint8Array(0) } as const,
    { type: "have", file: wanted.file, pieces: [geometry.pieceCount - 1] } as const,
    { type: "layer-request", file: shared.file, first: 0 } as const,
    { type: "leaves-request", file: shared.file, piece: 0 } as const,
    { type: "leaves", file: wanted.file, piece: 0, hashes: random.bytes(32 * leavesIn(0)) } as const,
    { type: "request", id: 8, file: shared.file, begin: 700_000 - 1, length: 1 } as const,
    { type: "request", id: 7, file: wanted.file, begin: 0, length: 65_536 } as const,
    { type: "cancel", id: 7 } as const,
    ...[0, 1, 2].map((id) => ({ type: "reject", id, reason: "busy" }) as const),
    ...[0, 1, 2].map((id) => ({ type: "block", id, bytes: random.bytes(20_000) }) as const),
    { type: "queue", position: 3 } as const,
  ].map(encodeFrame),
  decode: (input) => {
    const outputs: SwarmOutput[] = [];
    const queue = (event: SwarmEvent): void => {
      if (event.type === "output") outputs.push(event.output);
      if (event.type === "send") encodeFrame(event.frame);
    };
    const swarm = new Swarm(queue, {
      random: () => 0.5,
      sourcesOf: (file) => (file === wanted.file ? [ben] : []),
    });
    const settle = (now: number): void => {
      for (let output = outputs.shift(); output; output = outputs.shift()) answer(swarm, output, now);
    };
    swarm.peerUp(ben, 0);
    swarm.share(shared);
    swarm.download(wanted.file, "wanted", 0);
    settle(0);
    for (const [at, frame] of withInput(TOLD_TO_SWARM, input).entries()) {
      if (!isForSwarm(frame)) continue;
      swarm.frame(ben, frame, at);
      settle(at);
    }
    for (const now of [1_000, 60_000]) {
      swarm.tick(now);
      settle(now);
    }
    swarm.downloads(60_000);
    swarm.uploads(60_000);
    swarm.peerDown(ben, 60_000);
  },
};

function leavesIn(piece: number): number {
  return Math.ceil(pieceBytes(geometry, piece) / LEAF_BYTES);
}

type SwarmFrame = Parameters<Swarm["frame"]>[1];
const FOR_SWARM: ReadonlySet<Frame["type"]> = new Set<SwarmFrame["type"]>([
  "interest",
  "bitfield",
  "have",
  "layer-request",
  "layer",
  "leaves-request",
  "leaves",
  "request",
  "cancel",
  "reject",
  "queue",
  "block",
]);
const isForSwarm = (frame: Frame): frame is SwarmFrame => FOR_SWARM.has(frame.type);

/** A host whose disk works, but the hashes of received bytes are never right. */
const answer = (swarm: Swarm, output: SwarmOutput, now: number): void => {
  switch (output.type) {
    case "open-store":
      return swarm.handle({ type: "store-opened", file: output.file, have: new Uint8Array(0) }, now);
    case "check-piece": {
      const leaves = new Uint8Array(32 * leavesIn(output.piece));
      return swarm.handle({ type: "piece-corrupt", file: output.file, piece: output.piece, leaves }, now);
    }
    case "send-blocks": {
      const { peer, id, length } = output;
      return swarm.handle({ type: "bytes-sent", peer, id, bytes: length }, now);
    }
    default:
      return;
  }
};

const feed: FeedName = { author: ben, epoch: 1, topic: "library" };
const entries = [
  encodeEntry({ type: "share", file: shared.file, name: "song.mp3", folder: "" }),
  encodeEntry({ type: "unshare", share: 0 }),
];
const signature = new Uint8Array(SIGNATURE_BYTES);
const BATCH = encodeBatch(feed, 0, NO_ENTRY, entries, signature);
const FORKED = encodeBatch(feed, 0, NO_ENTRY, entries.slice(0, 1), signature);
const MARK = "0123456789abcdef";
const frameOf = (bytes: Uint8Array): Frame => {
  const frame = decodeFrame(bytes);
  if (!frame.ok) throw new Error(frame.problem);
  return frame.value;
};
const batchOf = (bytes: Uint8Array): Batch => {
  const batch = decodeBatch(bytes);
  if (!batch.ok) throw new Error(batch.problem);
  return batch.value;
};
const TOLD_TO_GOSSIP: readonly Frame[] = [
  { type: "heads", areNews: true, heads: [{ ...feed, base: 0, length: 2, mark: MARK }] },
  frameOf(BATCH),
  { type: "wants", id: 1, wants: [{ ...feed, from: 0, batches: 4 }] },
  { type: "summary", sums: new Uint8Array(SUMMARY_BUCKETS * SUMMARY_BUCKET_BYTES), isAnswer: false },
];

const GOSSIP_FRAMES = ["heads", "wants", "answered", "batch", "summary", "eager", "fork"];
const isGossipFrame = (frame: Frame): frame is GossipFrame => GOSSIP_FRAMES.includes(frame.type);

/** [E1] to [E14], from one whose signatures are all valid. */
export const gossip: Decoder<Uint8Array> = {
  name: "gossip",
  corpus: [
    ...TOLD_TO_GOSSIP,
    frameOf(encodeBatch(feed, 2, batchOf(BATCH).head, entries, signature)),
    frameOf(encodeBatch({ ...feed, epoch: 2 }, 0, NO_ENTRY, entries.slice(0, 1), signature)),
    frameOf(encodeBatch({ ...feed, topic: "board" }, 7, batchOf(BATCH).head, entries.slice(0, 1), signature)),
    { type: "fork", batches: [batchOf(BATCH), batchOf(FORKED)] } as const,
    { type: "eager", eager: true } as const,
    { type: "answered", id: 0, count: 1 } as const,
    {
      type: "heads",
      areNews: false,
      heads: [{ ...feed, epoch: 2, base: 0, length: 1, mark: MARK }],
    } as const,
  ].map(encodeFrame),
  decode: (input) => {
    const events: GossipEvent[] = [];
    const gossip = new Gossip({
      me: ada,
      epoch: 1,
      queue: (event) => void events.push(event),
      random: () => 0.5,
    });
    const settle = (now: number): void => {
      for (let event = events.shift(); event; event = events.shift()) {
        if (event.type === "send" && !(event.frame instanceof Uint8Array)) encodeFrame(event.frame);
        if (event.type === "sign") event.then(signature, now);
        if (event.type === "verify") event.then(true, now);
      }
    };
    gossip.append("library", [{ type: "share", file: shared.file, name: "mine", folder: "" }]);
    gossip.neighborUp(ben, 0);
    settle(0);
    for (const [at, frame] of withInput(TOLD_TO_GOSSIP, input).entries()) {
      if (isGossipFrame(frame)) gossip.frame(ben, frame, at);
      settle(at);
    }
    gossip.restore([input], 1_000);
    settle(1_000);
    gossip.tick(60_000);
    gossip.neighborDown(ben, 60_000);
    settle(60_000);
  },
};
