/**
 * Measures the cost of a block for the engine alone, without codec, disk and network: `npm run bench:engine`. A
 * receiver fetches a file of 65,536 pieces, from 1 source and from 8, and then 10,000 small files; every answer comes
 * as soon as it is asked for. All bytes are zero, so the hashes are true.
 */
import { createHash } from "node:crypto";
import {
  HASH_BYTES,
  LEAF_BYTES,
  fileIdOf,
  geometryOf,
  lengthOf,
  type FileId,
} from "@swapmeet/engine/names/file-id";
import {
  MAX_BLOCK_BYTES,
  MAX_HASHES_PER_FRAME,
  type RequestFrame,
  type SwarmFrame,
} from "@swapmeet/engine/wire/frame";
import type { SwarmInput, SwarmOutput } from "@swapmeet/engine/io/io";
import { pieceHashOf, rootOfLayer } from "@swapmeet/engine/names/merkle";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { Swarm, type SwarmEvent } from "@swapmeet/engine/swarm/swarm";
import { SeededRandom } from "../../testing/random.ts";

const LARGE_BYTES = 2 ** 40;
const BLOCKS = 300_000;
const SMALL_FILES = 10_000;
const MS_PER_BLOCK = 0.1;

const zeros = new Uint8Array(MAX_BLOCK_BYTES);
const zeroLeaf = createHash("sha256").update(new Uint8Array(LEAF_BYTES)).digest();
const repeated = (hash: Uint8Array, times: number): Uint8Array => {
  const hashes = new Uint8Array(times * HASH_BYTES);
  for (let at = 0; at < times; at++) hashes.set(hash, at * HASH_BYTES);
  return hashes;
};
const leaves = repeated(zeroLeaf, geometryOf(LARGE_BYTES).pieceLength / LEAF_BYTES);
const { pieceCount } = geometryOf(LARGE_BYTES);
const layer = repeated(pieceHashOf(leaves, geometryOf(LARGE_BYTES), 0), pieceCount);
const large = fileIdOf(rootOfLayer(layer, geometryOf(LARGE_BYTES)), LARGE_BYTES);
const small = Array.from({ length: SMALL_FILES }, (_, at) =>
  fileIdOf(createHash("sha256").update(String(at)).digest(), 1 + at),
);

/** A swarm whose host and sources answer at once. */
class Fed {
  readonly #answers: (() => void)[] = [];
  readonly #requests = new Map<number, { readonly from: PeerId; readonly frame: RequestFrame }>();
  readonly #random = new SeededRandom(1);
  readonly swarm: Swarm;
  now = 0;

  constructor(sources: number) {
    const peers = Array.from({ length: sources }, (_, at) => at.toString(16).padStart(64, "0") as PeerId);
    this.swarm = new Swarm((event) => this.#event(event), {
      random: () => this.#random.next(),
      sourcesOf: () => peers,
    });
    for (const peer of peers) this.swarm.peerUp(peer, 0);
  }

  /** @returns microseconds for each block, until so many have come or nothing is asked for. */
  run(files: readonly FileId[], mostBlocks: number): number {
    for (const file of files) this.swarm.download(file, "file", this.now);
    const beganAt = performance.now();
    let blocks = 0;
    while (blocks < mostBlocks) {
      for (const answer of this.#answers.splice(0)) answer();
      const [next] = this.#requests.values();
      if (!next && this.#answers.length === 0) break;
      if (!next) continue;
      const { from, frame } = next;
      this.#requests.delete(frame.id);
      for (let at = 0; at < frame.length; at += MAX_BLOCK_BYTES, blocks++) {
        this.now += MS_PER_BLOCK;
        const bytes = zeros.subarray(0, Math.min(MAX_BLOCK_BYTES, frame.length - at));
        this.swarm.frame(from, { type: "block", id: frame.id, bytes }, this.now);
      }
    }
    return ((performance.now() - beganAt) * 1000) / blocks;
  }

  #event(event: SwarmEvent): void {
    switch (event.type) {
      case "output":
        return this.#perform(event.output);
      case "send":
        return this.#answer(event.to, event.frame);
      case "refuse":
        throw new Error(event.refusal);
      case "source-unreadable":
        throw new Error(event.reason);
    }
  }

  #hear(from: PeerId, frame: SwarmFrame): void {
    this.#answers.push(() => this.swarm.frame(from, frame, this.now));
  }

  #tell(input: SwarmInput): void {
    this.#answers.push(() => this.swarm.handle(input, this.now));
  }

  #answer(to: PeerId, frame: SwarmFrame): void {
    if (frame.type === "request") this.#requests.set(frame.id, { from: to, frame });
    if (frame.type === "cancel" && this.#requests.delete(frame.id))
      this.#hear(to, { type: "reject", id: frame.id, reason: "cancelled" });
    if (frame.type === "leaves-request")
      this.#hear(to, { type: "leaves", file: frame.file, piece: frame.piece, hashes: leaves });
    if (frame.type === "layer-request") {
      const begin = frame.first * HASH_BYTES;
      const hashes = layer.subarray(begin, begin + MAX_HASHES_PER_FRAME * HASH_BYTES);
      this.#hear(to, { type: "layer", file: frame.file, first: frame.first, hashes });
    }
    if (frame.type === "interest" && frame.wanted) {
      const bits = new Uint8Array(Math.ceil(geometryOf(lengthOf(frame.file)).pieceCount / 8)).fill(0xff);
      this.#hear(to, { type: "bitfield", file: frame.file, bits });
    }
  }

  #perform(output: SwarmOutput): void {
    if (output.type === "open-store")
      this.#tell({ type: "store-opened", file: output.file, have: new Uint8Array(0) });
    if (output.type === "check-piece")
      this.#tell({ type: "piece-stored", file: output.file, piece: output.piece });
    if (output.type === "save-file") this.#tell({ type: "file-saved", file: output.file });
  }
}

const report = (what: string, microseconds: number): void =>
  console.log(`${what}: ${microseconds.toFixed(2)} µs a block`);

report("65,536 pieces, 1 source", new Fed(1).run([large], BLOCKS));
report("65,536 pieces, 8 sources", new Fed(8).run([large], BLOCKS));
report("10,000 small files, 1 source", new Fed(1).run(small, Infinity));
