import { expect, test } from "vitest";
import { geometryOf } from "@swapmeet/engine/names/file-id";
import { Assembly } from "../../../src/platform/store/piece-buffers.ts";

const GEOMETRY = geometryOf(600_000);

test("the buffer of a finished piece is used for the next one, cut to its length", () => {
  const assembly = new Assembly(GEOMETRY);
  assembly.put(0, Uint8Array.of(1));
  const first = assembly.take(0);
  assembly.recycle(0, first);
  assembly.put(2 * GEOMETRY.pieceLength, Uint8Array.of(2));
  const last = assembly.take(2);
  expect(last.buffer).toBe(first.buffer);
  expect(last.length).toBe(600_000 - 2 * GEOMETRY.pieceLength);
});

test("a piece under check takes no block, and a block never runs over the end of its piece", () => {
  const assembly = new Assembly(GEOMETRY);
  assembly.put(0, Uint8Array.of(1));
  assembly.take(0);
  expect(() => assembly.put(1, Uint8Array.of(1))).toThrow();
  expect(() => assembly.put(2 * GEOMETRY.pieceLength - 1, Uint8Array.of(1, 2))).toThrow(RangeError);
  expect(() => assembly.put(3 * GEOMETRY.pieceLength, Uint8Array.of(1))).toThrow(RangeError);
});
