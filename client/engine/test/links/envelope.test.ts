import { bytesToHex } from "@noble/hashes/utils.js";
import type { Address, RoomTag } from "@swapmeet/shared";
import fc from "fast-check";
import { expect, test } from "vitest";
import { attemptOf, newSession, open, seal } from "../../src/links/sealed/envelope.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const address = bytes(16).map((b) => bytesToHex(b) as Address);
const sealed = fc.record({
  key: bytes(32),
  route: fc.record({ tag: bytes(32).map((b) => bytesToHex(b) as RoomTag), from: address, to: address }),
  envelope: fc.record({
    session: bytes(12).map(bytesToHex),
    counter: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.uint8Array({ minLength: 1, maxLength: 400 }),
  }),
  nonce: bytes(24),
});

test("[I1] an envelope opens for its recipient", () => {
  fc.assert(
    fc.property(sealed, ({ key, route, envelope, nonce }) => {
      expect(open(key, route, seal(key, route, envelope, nonce))).toEqual({ ok: true, value: envelope });
    }),
    { numRuns: 300 },
  );
});

test("[I1a] an envelope with one changed bit does not open", () => {
  fc.assert(
    fc.property(sealed, fc.nat(), fc.nat(7), ({ key, route, envelope, nonce }, at, bit) => {
      const altered = seal(key, route, envelope, nonce);
      altered[at % altered.length]! ^= 1 << bit;
      expect(open(key, route, altered).ok).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test("[I1a] an envelope does not open for another room, sender, recipient or key", () => {
  fc.assert(
    fc.property(sealed, sealed, ({ key, route, envelope, nonce }, other) => {
      const letter = seal(key, route, envelope, nonce);
      for (const field of ["tag", "from", "to"] as const) {
        fc.pre(other.route[field] !== route[field]);
        expect(open(key, { ...route, [field]: other.route[field] }, letter).ok).toBe(false);
      }
      fc.pre(bytesToHex(other.key) !== bytesToHex(key));
      expect(open(other.key, route, letter).ok).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test("[I1a] junk of any length is refused, and never throws", () => {
  const junk = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(sealed, junk, ({ key, route }, bytes) => {
      expect(open(key, route, bytes).ok).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test("[I4] a session carries the number of its attempt", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), bytes(8), (attempt, random) => {
      expect(attemptOf(newSession(attempt, random))).toBe(attempt);
    }),
  );
});
