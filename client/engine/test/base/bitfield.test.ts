import fc from "fast-check";
import { expect, test } from "vitest";
import { Bitfield } from "../../src/base/bitfield.ts";

const sets = fc.integer({ min: 0, max: 200 }).chain((length) =>
  fc.record({
    length: fc.constant(length),
    pieces: fc.uniqueArray(fc.nat({ max: Math.max(0, length - 1) }), { maxLength: length }),
    others: fc.uniqueArray(fc.nat({ max: Math.max(0, length - 1) }), { maxLength: length }),
    start: fc.nat({ max: Math.max(0, length - 1) }),
  }),
);

const bitfieldOf = (length: number, pieces: readonly number[]): Bitfield => {
  const bits = new Bitfield(length);
  for (const piece of pieces) bits.set(piece);
  return bits;
};

test("a bitfield is the set of the pieces put into it", () => {
  fc.assert(
    fc.property(sets, ({ length, pieces, others }) => {
      const bits = bitfieldOf(length, pieces);
      for (const piece of others) bits.clear(piece);
      const left = pieces.filter((piece) => !others.includes(piece)).sort((a, b) => a - b);
      expect([...bits]).toEqual(left);
      expect(bits.count).toBe(left.length);
      for (let piece = 0; piece < length; piece++) expect(bits.has(piece)).toBe(left.includes(piece));
    }),
  );
});

test("[S3b] a bitfield becomes bytes and back, and an empty one is no bytes", () => {
  fc.assert(
    fc.property(sets, ({ length, pieces }) => {
      const bytes = bitfieldOf(length, pieces).toBytes();
      expect(bytes.length).toBe(pieces.length === 0 ? 0 : Math.ceil(length / 8));
      const parsed = Bitfield.parse(bytes, length);
      expect([...(parsed ?? [])]).toEqual(pieces.sort((a, b) => a - b));
      expect(parsed?.count).toBe(pieces.length);
    }),
  );
});

test("[S3b] piece 0 is the most significant bit of the first byte, as in BEP 3", () => {
  expect(bitfieldOf(10, [0, 7, 8]).toBytes()).toEqual(Uint8Array.of(0b1000_0001, 0b1000_0000));
});

test("[S3b] bytes of the wrong length, or with a bit beyond the last piece, are no bitfield", () => {
  expect(Bitfield.parse(Uint8Array.of(0xff), 10)).toBeNull();
  expect(Bitfield.parse(Uint8Array.of(0xff, 0xc0, 0), 10)).toBeNull();
  expect(Bitfield.parse(Uint8Array.of(0xff, 0xe0), 10)).toBeNull();
  expect(Bitfield.parse(Uint8Array.of(0xff, 0xc0), 10)?.isFull).toBe(true);
});

test("a full bitfield holds every piece and no other", () => {
  for (const length of [0, 1, 31, 32, 33, 64, 65]) {
    const full = Bitfield.full(length);
    expect([...full]).toEqual(Array.from({ length }, (_, piece) => piece));
    expect(full.isFull).toBe(true);
    expect(full.has(length)).toBe(false);
    expect(Bitfield.parse(full.toBytes(), length)?.isFull).toBe(true);
  }
});

test("the first shared piece is the next one at or after the start, then on from piece 0", () => {
  fc.assert(
    fc.property(sets, ({ length, pieces, others, start }) => {
      const shared = pieces.filter((piece) => others.includes(piece)).sort((a, b) => a - b);
      const expected = shared.find((piece) => piece >= start) ?? shared[0] ?? null;
      expect(bitfieldOf(length, pieces).firstShared(bitfieldOf(length, others), start)).toBe(expected);
    }),
  );
});
