import { sha256 } from "@noble/hashes/sha2.js";
import { expect, test } from "vitest";
import { Bitfield } from "../../src/base/bitfield.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { fileIdOf, geometryOf, LEAF_BYTES } from "../../src/names/file-id.ts";
import { MAX_HASHES_PER_FRAME, type RequestFrame, type SwarmFrame } from "../../src/wire/frame.ts";
import { pieceHashOf, rootOfLayer } from "../../src/names/merkle.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { Swarm, type SwarmEvent } from "../../src/swarm/swarm.ts";

const PIECES = 1280;
/** Its pieces have the largest size: no more than four may be held. */
const LENGTH = PIECES * 16 * 1024 * 1024;
const geometry = geometryOf(LENGTH);
const zeros = new Uint8Array(LEAF_BYTES);
const times = (bytes: Uint8Array, count: number): Uint8Array =>
  concatBytes(...Array.from({ length: count }, () => bytes));
const leaves = times(sha256(zeros), geometry.pieceLength / LEAF_BYTES);
const layer = times(pieceHashOf(leaves, geometry, 0), PIECES);
const file = fileIdOf(rootOfLayer(layer, geometry), LENGTH);
const peer = (letter: string): PeerId => letter.repeat(64) as PeerId;

/** A download of 20 GiB of zeros. All linked peers hold all of it, and answer requests when `answer` is called. */
const downloading = () => {
  const here = new Set<PeerId>();
  const waiting: (() => void)[] = [];
  const asked: { readonly of: PeerId; readonly frame: RequestFrame }[] = [];
  let now = 0;
  const tell = (by: PeerId, frame: SwarmFrame): void =>
    void waiting.push(() => here.has(by) && swarm.frame(by, frame, now));
  const hear = (to: PeerId, frame: SwarmFrame): void => {
    switch (frame.type) {
      case "interest":
        return tell(to, { type: "bitfield", file, bits: Bitfield.full(PIECES).toBytes() });
      case "layer-request": {
        const { first } = frame;
        const hashes = layer.subarray(first * 32, (first + MAX_HASHES_PER_FRAME) * 32);
        return tell(to, { type: "layer", file, first, hashes });
      }
      case "leaves-request":
        return tell(to, { type: "leaves", file, piece: frame.piece, hashes: leaves });
      case "request":
        asked.push({ of: to, frame });
        if (frame.length === LEAF_BYTES) tell(to, { type: "block", id: frame.id, bytes: zeros });
        return;
      default:
        return;
    }
  };
  const queue = (event: SwarmEvent): void => {
    const have = new Bitfield(PIECES).toBytes();
    if (event.type === "output" && event.output.type === "open-store")
      waiting.push(() => swarm.handle({ type: "store-opened", file, have }, now));
    if (event.type === "send") hear(event.to, event.frame);
    if (event.type === "refuse") expect.fail(`${event.peer} is refused: ${event.refusal}`);
  };
  const swarm: Swarm = new Swarm(queue, { random: () => 0.5, sourcesOf: () => [...here] });
  const pass = (ms: number): void => {
    now += ms;
    swarm.tick(now);
    for (let next = waiting.shift(); next; next = waiting.shift()) next();
  };
  const come = (...peers: PeerId[]): void => {
    for (const each of peers) {
      here.add(each);
      swarm.peerUp(each, now);
    }
    swarm.sourcesChanged(file, now);
    pass(100);
  };
  const leave = (...peers: PeerId[]): void => {
    for (const each of peers) {
      here.delete(each);
      swarm.peerDown(each, now);
    }
    swarm.sourcesChanged(file, now);
    pass(100);
  };
  return { swarm, asked, come, leave, pass };
};

const STRANGERS = ["a", "b", "c", "d"].map(peer);

test("[S9a] others are asked for pieces that strangers began before they left, however little memory is left", () => {
  const { swarm, asked, come, leave, pass } = downloading();
  swarm.download(file, "zeros", 0);
  come(...STRANGERS);
  pass(100);
  expect(new Set(asked.map(({ of }) => of))).toEqual(new Set(STRANGERS));
  leave(...STRANGERS);
  come(peer("e"));
  expect(asked.filter(({ of }) => of === peer("e"))).not.toEqual([]);
});
