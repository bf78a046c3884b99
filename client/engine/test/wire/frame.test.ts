import { encode } from "cborg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_BLOCK_BYTES, MAX_FRAME_BYTES, MAX_HAVE_PIECES, type Frame } from "../../src/wire/frame.ts";
import { decodeFrame, encodeFrame, writeBlock } from "../../src/wire/frame-codec.ts";
import { fileIdOf } from "../../src/names/file-id.ts";
import { anyFrame } from "./frames.ts";

const file = fileIdOf(new Uint8Array(32).fill(7), 300_000);
const problemOf = (bytes: Uint8Array) => {
  const decoded = decodeFrame(bytes);
  return decoded.ok ? null : decoded.problem;
};

describe("[W2] a frame", () => {
  test("comes out as it went in", () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual({ ok: true, value: frame });
      }),
      { numRuns: 2_000 },
    );
  });

  test("made of random bytes is refused by name or read, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const decoded = decodeFrame(bytes);
        if (!decoded.ok) expect(["malformed-frame", "unknown-frame"]).toContain(decoded.problem);
      }),
      { numRuns: 10_000 },
    );
  });

  test("with a few bytes changed, cut or added never throws", () => {
    const change = fc.record({
      at: fc.nat(500),
      to: fc.nat(255),
      cut: fc.nat(3),
      add: fc.uint8Array({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(anyFrame, change, (frame, { at, to, cut, add }) => {
        const good = encodeFrame(frame);
        const bad = Uint8Array.of(...good.subarray(0, good.length - cut), ...add);
        if (bad.length > 0) bad[at % bad.length] = to;
        decodeFrame(bad);
      }),
      { numRuns: 10_000 },
    );
  });

  test("with a block is a view on the bytes that came, not a copy", () => {
    const bytes = encodeFrame({ type: "block", id: 3, bytes: new Uint8Array(100) });
    const decoded = decodeFrame(bytes);
    expect(decoded.ok && decoded.value.type === "block" && decoded.value.bytes.buffer).toBe(bytes.buffer);
  });
});

test("[W1] a frame of 65,536 bytes passes, one more is refused", () => {
  const full = encodeFrame({ type: "block", id: 1, bytes: new Uint8Array(MAX_BLOCK_BYTES) });
  expect(full.length).toBe(MAX_FRAME_BYTES);
  expect(problemOf(full)).toBe(null);
  expect(problemOf(new Uint8Array(MAX_FRAME_BYTES + 1))).toBe("oversize-frame");
  expect(() => encodeFrame({ type: "block", id: 1, bytes: new Uint8Array(MAX_BLOCK_BYTES + 1) })).toThrow(
    RangeError,
  );
});

test.each<[string, unknown]>([
  ["nothing", []],
  ["no code", [null]],
  ["a code that is text", ["17"]],
  ["a map", new Map([["__proto__", 1]])],
  ["too few fields", [17, 1]],
  ["too many fields", [40, 1, 2]],
  ["a negative id", [18, -1]],
  ["a fraction", [18, 1.5]],
  ["an id over 32 bits", [18, 2 ** 32]],
  ["a request for no bytes", [17, 1, [new Uint8Array(32), 10], 0, 0]],
  ["a root of 31 bytes", [10, [new Uint8Array(31), 10], true]],
  ["a file longer than any", [10, [new Uint8Array(32), 2 ** 41], true]],
  ["a negative length", [10, [new Uint8Array(32), -1], true]],
  ["half a hash", [14, [new Uint8Array(32), 10], 0, new Uint8Array(33)]],
  ["too many pieces", [12, [new Uint8Array(32), 10], Array.from({ length: MAX_HAVE_PIECES + 1 }, () => 1)]],
  ["an offer of nothing", [30, 1, []]],
  ["a reason not in the list", [19, 1, 9]],
])("[W2] %s is malformed", (_, value) => {
  expect(problemOf(encode(value))).toBe("malformed-frame");
});

test.each([
  ["an empty frame", []],
  ["a block without bytes", [0, 0, 0, 0, 1]],
  ["an array of indefinite length", [0x9f, 0x12, 0x01, 0xff]],
  ["a big number that is not in its shortest form", [0x82, 0x12, 0x1b, 0, 0, 0, 0, 0, 0, 0, 1]],
  ["an array that claims four billion items", [0x9a, 0xff, 0xff, 0xff, 0xff]],
  ["bytes that claim to be longer than the frame", [0x82, 0x12, 0x5a, 0x7f, 0xff, 0xff, 0xff]],
  ["arrays nested a thousand deep", Array.from({ length: 1000 }, () => 0x81)],
  ["something after the end", [...encodeFrame({ type: "ping", nonce: 1 }), 0]],
])("[W2] %s is malformed", (_, bytes) => {
  expect(problemOf(Uint8Array.from(bytes))).toBe("malformed-frame");
});

test("[W2] a code from a later version is unknown, not malformed", () => {
  expect(problemOf(encode([99, "news"]))).toBe("unknown-frame");
  expect(problemOf(encode([1e9]))).toBe("unknown-frame");
});

test("the codes on the wire never change", () => {
  const samples: Frame[] = [
    { type: "interest", file, wanted: true },
    { type: "request", id: 1, file, begin: 0, length: 5 },
    { type: "ping", nonce: 1 },
  ];
  expect(samples.map((frame) => encodeFrame(frame)[1])).toEqual([10, 17, 0x18]);
});

test("[W2] a block's frame is written where `into` begins, which need not be where its buffer does", () => {
  const all = new Uint8Array(1000).fill(9);
  const frame = writeBlock(all.subarray(100, 900), 0x01020304, Uint8Array.of(5, 6));
  expect(decodeFrame(frame)).toEqual({
    ok: true,
    value: { type: "block", id: 0x01020304, bytes: Uint8Array.of(5, 6) },
  });
  expect(all.subarray(0, 100)).toEqual(new Uint8Array(100).fill(9));
  expect(all.subarray(107)).toEqual(new Uint8Array(893).fill(9));
});
