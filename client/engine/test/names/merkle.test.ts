import fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bytesToHex, concatBytes } from "../../src/base/bytes.ts";
import {
  HASH_BYTES,
  LEAF_BYTES,
  fileIdOf,
  geometryOf,
  pieceBegin,
  pieceBytes,
  type Geometry,
} from "../../src/names/file-id.ts";
import { foldLeaves, pieceHashOf, rootOfLayer } from "../../src/names/merkle.ts";
import made from "../../../test/fixtures/bep52-roots.json" with { type: "json" };

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());

const pattern = (size: number) => {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 31 + (i >> 8) * 17 + (i >> 16) * 7;
  return bytes;
};

const leavesOf = (bytes: Uint8Array) => {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += LEAF_BYTES)
    leaves.push(sha256(bytes.subarray(at, at + LEAF_BYTES)));
  return concatBytes(...leaves);
};

const layerOf = (bytes: Uint8Array, g: Geometry) =>
  concatBytes(
    ...Array.from({ length: g.pieceCount }, (_, piece) => {
      const begin = pieceBegin(g, piece);
      return pieceHashOf(leavesOf(bytes.subarray(begin, begin + pieceBytes(g, piece))), g, piece);
    }),
  );

const rootOfBytes = (bytes: Uint8Array) => {
  const geometry = geometryOf(bytes.length);
  return rootOfLayer(layerOf(bytes, geometry), geometry);
};

describe("against libtorrent's roots and layers", () => {
  test.each(made.files)(
    "[F1] $size bytes have its root, piece by piece and leaf by leaf",
    ({ size, root, layer }) => {
      const bytes = pattern(size);
      const geometry = geometryOf(size);
      expect(geometry.pieceLength).toBe(made.pieceLength);
      const expected = root ?? "00".repeat(HASH_BYTES);
      expect(bytesToHex(rootOfBytes(bytes))).toBe(expected);
      expect(bytesToHex(foldLeaves(leavesOf(bytes)))).toBe(expected);
      if (geometry.pieceCount > 1) expect(bytesToHex(layerOf(bytes, geometry))).toBe(layer.join(""));
    },
  );
});

test("[F1] a root by its piece layer is the root by its leaves, for every number of leaves and piece length", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 0, max: 5 }), (leafCount, height) => {
      const leaves = concatBytes(...Array.from({ length: leafCount }, (_, i) => sha256(Uint8Array.of(i))));
      const leavesPerPiece = 2 ** height;
      const geometry = {
        length: leafCount * LEAF_BYTES,
        pieceLength: leavesPerPiece * LEAF_BYTES,
        pieceCount: Math.ceil(leafCount / leavesPerPiece),
      };
      const row = leavesPerPiece * HASH_BYTES;
      const layer = concatBytes(
        ...Array.from({ length: geometry.pieceCount }, (_, piece) =>
          pieceHashOf(leaves.subarray(piece * row, (piece + 1) * row), geometry, piece),
        ),
      );
      expect(bytesToHex(rootOfLayer(layer, geometry))).toBe(bytesToHex(foldLeaves(leaves)));
    }),
  );
});

test("[F1] one flipped bit anywhere in the layer gives another root", () => {
  const geometry = geometryOf(5 * 1024 * 1024);
  const layer = layerOf(pattern(geometry.length), geometry);
  const root = bytesToHex(rootOfLayer(layer, geometry));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: layer.length * 8 - 1 }), (bit) => {
      const bent = layer.slice();
      bent[bit >> 3]! ^= 1 << (bit & 7);
      expect(bytesToHex(rootOfLayer(bent, geometry))).not.toBe(root);
    }),
  );
});

test("[F1a] a 40,000-byte file and the 64 bytes of its two top hashes share a root and are told apart", () => {
  const long = pattern(40_000);
  const leaves = leavesOf(long);
  const left = foldLeaves(leaves.subarray(0, 2 * HASH_BYTES));
  const right = sha256(concatBytes(leaves.subarray(2 * HASH_BYTES), new Uint8Array(HASH_BYTES)));
  const short = concatBytes(left, right);

  expect(short.length).toBe(64);
  expect(rootOfBytes(short)).toEqual(rootOfBytes(long));
  expect(fileIdOf(rootOfBytes(short), short.length)).not.toBe(fileIdOf(rootOfBytes(long), long.length));
});
