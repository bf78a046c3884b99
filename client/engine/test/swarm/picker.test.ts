import fc from "fast-check";
import { expect, test } from "vitest";
import { Bitfield } from "../../src/base/bitfield.ts";
import { Picker } from "../../src/swarm/pieces/picker.ts";
import { SeededRandom } from "../../../testing/random.ts";

const MEBIBYTE = 2 ** 20;

const pickerOf = (pieceCount: number, seed = 1, pieceLength = 16 * MEBIBYTE): Picker => {
  const random = new SeededRandom(seed);
  const picker = new Picker({ length: pieceCount * pieceLength, pieceLength, pieceCount }, () =>
    random.next(),
  );
  for (let piece = 0; piece < pieceCount; piece++) picker.open(piece);
  return picker;
};

const bitfieldOf = (length: number, pieces: readonly number[]): Bitfield => {
  const bits = new Bitfield(length);
  for (const piece of pieces) bits.set(piece);
  return bits;
};

test("[S6] the rarest open piece that a peer holds is picked", () => {
  const peers = fc.array(fc.uniqueArray(fc.nat({ max: 99 })), { minLength: 1, maxLength: 12 });
  const closed = fc.uniqueArray(fc.nat({ max: 99 }));
  fc.assert(
    fc.property(peers, closed, fc.array(fc.nat({ max: 11 })), fc.nat(), (held, closedPieces, gone, seed) => {
      const picker = pickerOf(100, seed);
      const left = held.filter((_, at) => !gone.includes(at));
      for (const pieces of held) for (const piece of pieces) picker.gained(piece);
      for (const piece of closedPieces) picker.close(piece);
      for (const pieces of held.filter((_, at) => gone.includes(at)))
        for (const piece of pieces) picker.lost(piece);
      const holders = (piece: number): number => left.filter((pieces) => pieces.includes(piece)).length;
      for (const pieces of left) {
        const open = pieces.filter((piece) => !closedPieces.includes(piece));
        const picked = picker.pick(bitfieldOf(100, pieces));
        if (open.length === 0) expect(picked).toBeNull();
        else {
          expect(open).toContain(picked);
          expect(holders(picked!)).toBe(Math.min(...open.map(holders)));
        }
      }
    }),
  );
});

test("[S6] among equally rare pieces the pick is random, the first one too", () => {
  const first = new Set<number | null>();
  for (let seed = 0; seed < 200; seed++) first.add(pickerOf(64, seed).pick(Bitfield.full(64)));
  expect(first.size).toBeGreaterThan(50);
});

test("[S6] a lone source is asked in order, to the end of 16 MiB", () => {
  for (let seed = 0; seed < 50; seed++) {
    const picker = pickerOf(64, seed, 4 * MEBIBYTE);
    let last: number | null = null;
    let inOrder = 0;
    for (let i = 0; i < 64; i++) {
      const piece: number = picker.pick(Bitfield.full(64), last)!;
      if (last !== null && piece === last + 1) inOrder++;
      picker.close(piece);
      last = piece;
    }
    expect(inOrder).toBeGreaterThanOrEqual(32);
    expect(inOrder).toBeLessThan(63);
  }
});

test("[S6] in sequence the first open piece is picked, however common", () => {
  const picker = pickerOf(100);
  picker.order = "sequential";
  for (let piece = 0; piece < 50; piece++) picker.gained(piece);
  picker.close(0);
  expect(picker.pick(Bitfield.full(100))).toBe(1);
  picker.open(0);
  expect(picker.pick(Bitfield.full(100))).toBe(0);
});

test("[S6] a piece is common at some point, and becomes rare again when its holders leave", () => {
  const picker = pickerOf(2);
  for (let peer = 0; peer < 100; peer++) picker.gained(0);
  for (let peer = 0; peer < 50; peer++) picker.gained(1);
  for (let peer = 0; peer < 100; peer++) picker.lost(0);
  expect(picker.pick(Bitfield.full(2))).toBe(0);
});
