/**
 * The SHA-256 Merkle tree of a file, as in BEP 52: a leaf is the hash of 16 KiB, an inner node the hash of its two
 * children joined, and hashes that are missing on the right are those of a subtree whose leaves are 32 zero bytes.
 * Rows of hashes are joined into one array. The host hashes the leaves; the few inner nodes are hashed here.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { HASH_BYTES, LEAF_BYTES, type Geometry } from "./file-id.ts";

const NODE_BYTES = 2 * HASH_BYTES;

export const hashAt = (hashes: Uint8Array, index: number): Uint8Array =>
  hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);

/**
 * The root of a file from its piece hashes. With one piece, its hash is the root. With none, the root is 32 zero bytes
 * here, while BEP 52 gives an empty file no root at all. [F1]
 */
export const rootOfLayer = (layer: Uint8Array, geometry: Geometry): Uint8Array => {
  const from = geometry.pieceCount > 1 ? heightFor(geometry.pieceLength / LEAF_BYTES) : 0;
  return fold(layer, from, from + heightFor(geometry.pieceCount));
};

/**
 * The hash of one piece from the hashes of its leaves. Every piece of a longer file stands at the same height; a
 * file of one piece is only as high as its own leaves need.
 */
export const pieceHashOf = (leaves: Uint8Array, geometry: Geometry, piece: number): Uint8Array => {
  if (piece >= geometry.pieceCount) throw new RangeError(`no piece ${piece}`);
  return geometry.pieceCount > 1
    ? fold(leaves, 0, heightFor(geometry.pieceLength / LEAF_BYTES))
    : foldLeaves(leaves);
};

/** The root over leaf hashes, in a tree just high enough for them. */
export const foldLeaves = (leaves: Uint8Array): Uint8Array =>
  fold(leaves, 0, heightFor(leaves.length / HASH_BYTES));

/** Levels above `count` nodes until one is left. */
const heightFor = (count: number): number => 32 - Math.clz32(Math.max(1, count) - 1);

/** The one node at height `to` above the row `hashes` of height `from`; leaves stand at height 0. */
const fold = (hashes: Uint8Array, from: number, to: number): Uint8Array => {
  let row = hashes.length === 0 ? padding(from) : hashes;
  for (let height = from; height < to; height++) row = rowAbove(row, padding(height));
  return row.slice(0, HASH_BYTES);
};

const rowAbove = (row: Uint8Array, pad: Uint8Array): Uint8Array => {
  const above = new Uint8Array(Math.ceil(row.length / NODE_BYTES) * HASH_BYTES);
  for (let at = 0; at < row.length; at += NODE_BYTES) {
    const children = row.subarray(at, at + NODE_BYTES);
    above.set(sha256(children.length === NODE_BYTES ? children : withSibling(children, pad)), at / 2);
  }
  return above;
};

const withSibling = (node: Uint8Array, sibling: Uint8Array): Uint8Array => {
  const children = new Uint8Array(NODE_BYTES);
  children.set(node);
  children.set(sibling, HASH_BYTES);
  return children;
};

const paddingByHeight: Uint8Array[] = [new Uint8Array(HASH_BYTES)];

/** The hash of a subtree of this height over zero leaves. */
const padding = (height: number): Uint8Array => {
  const known = paddingByHeight[height];
  if (known) return known;
  const below = padding(height - 1);
  return (paddingByHeight[height] = sha256(withSibling(below, below)));
};
