/**
 * Hostile peers: whole engines that lie in one way each. A lie turns an output of the engine into others, in the tap of
 * the peer's host; otherwise such a peer behaves like an honest one, so that it is believed until then. The simulator
 * runs them on its virtual clock, client/node over real WebRTC.
 */
import { concatBytes } from "@swapmeet/engine/base/bytes";
import { encodeBatch, entriesOf, NO_ENTRY, signatureOf } from "@swapmeet/engine/feed/batch";
import { encodeEntry } from "@swapmeet/engine/feed/entry";
import { geometryOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import { MAX_BLOCK_BYTES, MAX_FRAME_BYTES } from "@swapmeet/engine/wire/frame";
import { decodeFrame, encodeFrame } from "@swapmeet/engine/wire/frame-codec";
import type { Frame } from "@swapmeet/engine/wire/frame";
import type { LinkId, Output } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";

/** The peer that tells a lie, as far as the lie uses it. */
export interface Liar {
  readonly id: PeerId;
  linkOf(peer: PeerId): LinkId | null;
  /** Bytes of a file that it shares. */
  read(file: FileId, begin: number, length: number): Uint8Array;
}

export type Lie = (output: Output, liar: Liar) => readonly Output[];

type SendBlocks = Output & { readonly type: "send-blocks" };

/** More than the allowance of any type that is dropped beyond it, and the allowed refusals after that. */
const FLOOD_FRAMES = 10_000;

const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === 10 ? byte ^ 1 : byte));

/** Sends other frames instead of each frame of this type. */
const inFrame =
  <Type extends Frame["type"]>(type: Type, lie: (frame: Frame & { type: Type }) => readonly Frame[]): Lie =>
  (output) => {
    if (output.type !== "send") return [output];
    const frame = decodeFrame(output.bytes);
    if (!frame.ok || frame.value.type !== type) return [output];
    return lie(frame.value as Frame & { type: Type }).map((told) => ({
      ...output,
      bytes: encodeFrame(told),
    }));
  };

/** Answers each request for bytes of a file with these bytes, whatever they are, and with nothing else. */
const insteadOfBlocks =
  (lie: (asked: SendBlocks, liar: Liar) => readonly Uint8Array[]): Lie =>
  (output, liar) => {
    if (output.type !== "send-blocks") return [output];
    const link = liar.linkOf(output.peer);
    return link === null ? [] : lie(output, liar).map((bytes) => ({ type: "send", link, bytes }));
  };

const blocksOf = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / MAX_BLOCK_BYTES) }, (_, i) =>
    bytes.subarray(i * MAX_BLOCK_BYTES, (i + 1) * MAX_BLOCK_BYTES),
  );

export const LIES = {
  "wrong blocks": insteadOfBlocks(({ id, file, begin, length }, liar) =>
    blocksOf(flipped(liar.read(file, begin, length))).map((block) =>
      encodeFrame({ type: "block", id, bytes: block }),
    ),
  ),
  "a block longer than asked": insteadOfBlocks(({ id, file, begin, length }, liar) =>
    blocksOf(concatBytes(liar.read(file, begin, length), Uint8Array.of(0))).map((bytes) =>
      encodeFrame({ type: "block", id, bytes }),
    ),
  ),
  garbage: insteadOfBlocks(() => [Uint8Array.of(0xff, 0x13, 0x37)]),
  /** The types forbid it, a data channel does not. A receiver that takes the text for a length runs out of memory. */
  "a text of digits": insteadOfBlocks(() => ["99999999999" as unknown as Uint8Array]),
  "an oversize frame": insteadOfBlocks(() => [new Uint8Array(MAX_FRAME_BYTES + 1)]),
  "a second proof": insteadOfBlocks((_, liar) => [
    encodeFrame({ type: "prove", peer: liar.id, signature: new Uint8Array(64) }),
  ]),
  "a false feed entry": insteadOfBlocks(({ file }, liar) => [
    encodeBatch(
      { author: liar.id, epoch: 2 ** 40, topic: "library" },
      0,
      NO_ENTRY,
      [encodeEntry({ type: "share", file, name: "false.txt", folder: "" })],
      new Uint8Array(64),
    ),
  ]),
  "a wrong piece layer": inFrame("layer", (frame) => [{ ...frame, hashes: flipped(frame.hashes) }]),
  "a bitfield of the wrong length": inFrame("bitfield", (frame) => [{ ...frame, bits: new Uint8Array(100) }]),
  "a false proof": inFrame("prove", (frame) => [{ ...frame, signature: flipped(frame.signature) }]),
  "a frame before its proof": inFrame("prove", (frame) => [{ type: "ping", nonce: 1 }, frame]),
  /** Each differs from the one before, and so has to be looked at. [W3a] */
  "a flood of bitfields": insteadOfBlocks(({ file }) =>
    Array.from({ length: FLOOD_FRAMES }, (_, at) => {
      const bits = new Uint8Array(Math.ceil(geometryOf(lengthOf(file)).pieceCount / 8));
      bits[0] = at % 2 === 0 ? 0x80 : 0;
      return encodeFrame({ type: "bitfield", file, bits });
    }),
  ),
  /** Not hostile by itself: a cancel and a block can cross. Here every answer comes with one more. */
  "unrequested blocks": (output, liar) => {
    const link = output.type === "send-blocks" ? liar.linkOf(output.peer) : null;
    if (output.type !== "send-blocks" || link === null) return [output];
    const bytes = encodeFrame({
      type: "block",
      id: 0xffff_ffff,
      bytes: liar.read(output.file, output.begin, 1000),
    });
    return [{ type: "send", link, bytes }, output];
  },
} satisfies Record<string, Lie>;

export type LieName = keyof typeof LIES;

/** Lies about the words of others, told by a peer that forwards them. */
export const FORWARDING_LIES = {
  "altered posts": inFrame("batch", (frame) => {
    const { batch } = frame;
    if (batch.topic !== "board") return [frame];
    const entries = entriesOf(batch).map((entry) => entry.with(15, entry[15]! ^ 1));
    const bytes = encodeBatch(batch, batch.first, batch.previous, entries, signatureOf(batch));
    return [{ type: "batch", batch: { ...batch, bytes } }];
  }),
} satisfies Record<string, Lie>;

/** A tap that applies `make` to each output. */
export const eachOutput =
  (make: (output: Output) => readonly Output[]) =>
  (outputs: readonly Output[]): readonly Output[] =>
    outputs.flatMap(make);
