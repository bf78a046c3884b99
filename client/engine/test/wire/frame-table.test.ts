import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCbor } from "../../src/base/cbor.ts";
import { FRAME_ALLOWANCES } from "../../src/links/frame-allowances.ts";
import { encodeFrame } from "../../src/wire/frame-codec.ts";
import type { Frame } from "../../src/wire/frame.ts";
import { anyFrame } from "./frames.ts";

const PROTOCOL = readFileSync(new URL("../../../../shared/PROTOCOL.md", import.meta.url), "utf8");

/** The rows of the table of frames: the code, and how many fields stand behind it. */
const told = new Map(
  [...section("The table of frames").matchAll(/^\| (\d+) +\| `([a-z-]+)` +\| ([^|]*) \|/gm)].map(
    ([, code, type, fields]) => [
      type!,
      { code: Number(code), fields: [...fields!.matchAll(/`\w+: /g)].length },
    ],
  ),
);

test("[W2] PROTOCOL's table of frames has every type once", () => {
  expect([...told.keys()].sort()).toEqual(Object.keys(FRAME_ALLOWANCES).sort());
  expect(new Set([...told.values()].map(({ code }) => code)).size).toBe(told.size);
});

test("[W2] its codes and its numbers of fields are those on the wire", () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      expect({ type: frame.type, ...told.get(frame.type) }).toEqual({ type: frame.type, ...onWire(frame) });
    }),
    { numRuns: 500 },
  );
});

function section(title: string): string {
  return PROTOCOL.split(/^#+ /m).find((text) => text.startsWith(`${title}\n`))!;
}

/** A block has no array around its fields: its id and its bytes. */
function onWire(frame: Frame): { code: number; fields: number } {
  if (frame.type === "block") return { code: 0, fields: 2 };
  const [code, ...fields] = decodeCbor(encodeFrame(frame)) as [number, ...unknown[]];
  return { code, fields: fields.length };
}
