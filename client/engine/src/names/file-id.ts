/**
 * A file's identity: (pieces root, length). The root is the BEP 52 SHA-256 Merkle root over 16 KiB leaves.
 * The root alone is not safe: BEP 52 hashes leaves and inner nodes alike, so a 64-byte file can have the root of
 * a 40,000-byte one. [F1a]
 */
import * as v from "valibot";
import { bytesToHex, hexToBytes } from "../base/bytes.ts";

declare const fileId: unique symbol;
/** `<root: 64 hex digits>-<length in bytes>`: equal when, and only when, the bytes are equal. */
export type FileId = string & { readonly [fileId]: true };

export const HASH_BYTES = 32;
export const LEAF_BYTES = 16_384; // BEP 52
/** Longer files are refused: 65,536 pieces of 16 MiB, a bitfield of 8 KiB. Guess, far above any browser's storage. */
export const MAX_FILE_BYTES = 2 ** 40;

/** Under this a piece's round trip through the worker costs more than it saves. Measured: see `npm run bench`. */
const MIN_PIECE_BYTES = 256 * 1024;
/** A piece is held in memory while it is assembled; several are in flight. Guess. */
const MAX_PIECE_BYTES = 16 * 1024 * 1024;
/** About a thousand pieces a file: a layer of 32 KiB fits one frame, and a swarm has enough pieces to trade. Guess. */
const PIECES_AIMED_AT = 1024;

const WireFile = v.pipe(
  v.strictTuple([
    v.pipe(
      v.instance(Uint8Array),
      v.check((b) => b.length === HASH_BYTES),
    ),
    v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_FILE_BYTES)),
  ]),
  v.transform(([root, length]) => fileIdOf(root, length)),
);
/** A file on the wire, `[root: 32 bytes, length]`, parsed to its id. */
export const FileIdFromWire = WireFile;

export const fileIdOf = (root: Uint8Array, length: number): FileId =>
  `${bytesToHex(root)}-${length}` as FileId;
export const rootHexOf = (file: FileId): string => file.slice(0, HASH_BYTES * 2);
export const rootOf = (file: FileId): Uint8Array => hexToBytes(rootHexOf(file));
export const lengthOf = (file: FileId): number => Number(file.slice(HASH_BYTES * 2 + 1));
/** The file id in a text that was written earlier; null when the text is none. */
export const fileIdFrom = (text: string): FileId | null => {
  const file = text as FileId;
  return /^[0-9a-f]{64}-(0|[1-9][0-9]*)$/.test(text) && lengthOf(file) <= MAX_FILE_BYTES ? file : null;
};

/** How a file is cut into pieces. It depends on the length alone, so that no two peers can disagree. [F2] */
export interface Geometry {
  readonly length: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
}

export const geometryOf = (length: number): Geometry => {
  let pieceLength = MIN_PIECE_BYTES;
  while (pieceLength < MAX_PIECE_BYTES && pieceLength * PIECES_AIMED_AT < length) pieceLength *= 2;
  return { length, pieceLength, pieceCount: Math.ceil(length / pieceLength) };
};

export const pieceBegin = (g: Geometry, piece: number): number => piece * g.pieceLength;
export const pieceBytes = (g: Geometry, piece: number): number =>
  Math.min(g.pieceLength, g.length - piece * g.pieceLength);
export const pieceAt = (g: Geometry, offset: number): number => Math.floor(offset / g.pieceLength);
