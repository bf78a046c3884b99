import { expect, test } from "vitest";
import { geometryOf } from "@swapmeet/engine/names/file-id";
import { PieceBuffers } from "../../../src/platform/store/piece-buffers.ts";

const GEOMETRY = geometryOf(600_000);

test("the buffer of a finished piece is used for the next one, cut to its length", () => {
  const buffers = new PieceBuffers(GEOMETRY);
  buffers.put(0, Uint8Array.of(1));
  const first = buffers.take(0);
  buffers.recycle(0, first);
  buffers.put(2 * GEOMETRY.pieceLength, Uint8Array.of(2));
  const last = buffers.take(2);
  expect(last.buffer).toBe(first.buffer);
  expect(last.length).toBe(600_000 - 2 * GEOMETRY.pieceLength);
});

test("a piece under check takes no block, and a block never runs over the end of its piece", () => {
  const buffers = new PieceBuffers(GEOMETRY);
  buffers.put(0, Uint8Array.of(1));
  buffers.take(0);
  expect(() => buffers.put(1, Uint8Array.of(1))).toThrow();
  expect(() => buffers.put(2 * GEOMETRY.pieceLength - 1, Uint8Array.of(1, 2))).toThrow(RangeError);
  expect(() => buffers.put(3 * GEOMETRY.pieceLength, Uint8Array.of(1))).toThrow(RangeError);
});
