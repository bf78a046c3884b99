import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCbor } from "../../src/base/cbor.ts";
import { FRAME_ALLOWANCES, FrameAllowances, OFFENCES } from "../../src/links/frame-allowances.ts";
import { encodeFrame } from "../../src/wire/frame-codec.ts";
import type { Frame } from "../../src/wire/frame.ts";
import { anyFrame } from "../wire/frames.ts";

const PROTOCOL = readFileSync(new URL("../../../../shared/PROTOCOL.md", import.meta.url), "utf8");

/** The rows of the table: code, at once, a second, beyond. */
const told = new Map(
  [...PROTOCOL.matchAll(/^\| (\S+) +\| `([a-z-]+)` +\| +([\d,]+) \| +([\d,]+) \| ([a-z ]+?) +\|/gm)].map(
    ([, code, type, atOnce, perSecond, beyond]) => [
      type,
      {
        code,
        atOnce: Number(atOnce!.replace(",", "")),
        perSecond: Number(perSecond!.replace(",", "")),
        beyond,
      },
    ],
  ),
);

test("[W3a] PROTOCOL's table says what the engine does", () => {
  const done = Object.entries(FRAME_ALLOWANCES).map(([type, allowance]) => [type, allowance] as const);
  expect([...told].map(([type, { code: _, ...row }]) => [type, row]).sort()).toEqual(done.sort());
});

test("[W2] [W3a] the table's codes are those on the wire", () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const code = told.get(frame.type)?.code;
      const codeOf = (): string =>
        frame.type === "block" ? "0" : String((decodeCbor(encodeFrame(frame)) as [number])[0]);
      expect(code).toBe(codeOf());
    }),
    { numRuns: 500 },
  );
});

test.each(Object.keys(FRAME_ALLOWANCES) as Frame["type"][])(
  "[W3a] [W3c] %s: so many at once, and so many more a second",
  (type) => {
    const { atOnce, perSecond, beyond } = FRAME_ALLOWANCES[type];
    const allowances = new FrameAllowances();
    for (let at = 0; at < atOnce; at++) expect(allowances.spend(type, 0)).toBeNull();
    expect(allowances.spend(type, 0)).toBe(beyond);
    for (let at = 0; at < perSecond; at++) expect(allowances.spend(type, 1000)).toBeNull();
    expect(allowances.spend(type, 1000)).toBe(beyond);
  },
);

test("[W3b] so many own offences may be races or a later version, and one more is a flood; those of others don't count", () => {
  const allowances = new FrameAllowances();
  for (let at = 0; at < 10_000; at++) expect(allowances.offend("too-many-entries", 0)).toBe(true);
  for (let at = 0; at < OFFENCES.atOnce; at++) expect(allowances.offend("unknown-frame", 0)).toBe(true);
  expect(allowances.offend("unrequested-block", 0)).toBe(false);
});
