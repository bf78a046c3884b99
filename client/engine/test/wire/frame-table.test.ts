/** The table of frames in PROTOCOL.md is read, and compared with the frames on the wire. */
import { readFileSync } from "node:fs";
import { encode } from "cborg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeCbor } from "../../src/base/cbor.ts";
import { FRAME_ALLOWANCES } from "../../src/links/frame-allowances.ts";
import { decodeFrame, encodeBlock, encodeFrame } from "../../src/wire/frame-codec.ts";
import { MAX_BLOCK_BYTES, type Frame } from "../../src/wire/frame.ts";
import { anyBatch, anyFrame } from "./frames.ts";

const PROTOCOL = readFileSync(new URL("../../../../shared/PROTOCOL.md", import.meta.url), "utf8");
const TABLE = PROTOCOL.split(/^#+ /m).find((section) => section.startsWith("The table of frames\n"))!;

interface Row {
  readonly type: string;
  readonly code: number;
  /** Types of the fields, as the table writes them. */
  readonly fields: readonly string[];
}

const rows: readonly Row[] = [...TABLE.matchAll(/^\| (\d+) +\| `([a-z-]+)` +\| ([^|]*) \|/gm)].map(
  ([, code, type, fields]) => ({
    type: type!,
    code: Number(code),
    fields: [...fields!.matchAll(/`\w+: ([^`]+)`/g)].map(([, field]) => field!),
  }),
);
const rowByType = new Map(rows.map((row) => [row.type, row]));

test("[W2] PROTOCOL's table of frames has every type once, and each code once", () => {
  expect(rows.map(({ type }) => type).sort()).toEqual(Object.keys(FRAME_ALLOWANCES).sort());
  expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
});

test("[W2] its codes and its numbers of fields are those on the wire", () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const { code, fields } = rowByType.get(frame.type)!;
      expect([frame.type, code, fields.length]).toEqual([frame.type, ...onWire(frame)]);
    }),
    { numRuns: 500 },
  );
});

/** A block has no array around its fields: its id and its bytes. */
function onWire(frame: Frame): [code: number, fields: number] {
  if (frame.type === "block") return [0, 2];
  const [code, ...fields] = decodeCbor(encodeFrame(frame)) as [number, ...unknown[]];
  return [code, fields.length];
}

// A batch has a layout of its own, and a block no schema.
describe.each(rows.filter(({ type }) => type !== "block" && type !== "batch"))(
  "[W2] $type",
  ({ code, fields }) => {
    const values = fields.map(valuesOf);
    const least = values.map((value) => value.least);
    const decoded = (told: readonly unknown[]) => {
      const frame = decodeFrame(encode([code, ...told]));
      return frame.ok ? "ok" : frame.problem;
    };

    test("takes the least and the most that the table says", () => {
      expect(decoded(least)).toBe("ok");
      expect(["ok", "oversize-frame"]).toContain(decoded(values.map((value) => value.most)));
    });

    test("is refused beyond that, and with a field more or less", () => {
      for (const [at, { beyond }] of values.entries())
        for (const value of beyond)
          expect(["malformed-frame", "oversize-frame"]).toContain(decoded(least.with(at, value)));
      expect(decoded([...least, 0])).toBe("malformed-frame");
      if (least.length > 0) expect(decoded(least.slice(1))).toBe("malformed-frame");
    });
  },
);

test("[W2] the largest block is as large as the table says", () => {
  expect(rowByType.get("block")!.fields[1]).toBe(`bytes(1..${MAX_BLOCK_BYTES.toLocaleString("en")})`);
  expect(decodeFrame(encodeBlock(1, new Uint8Array(MAX_BLOCK_BYTES))).ok).toBe(true);
  expect(decodeFrame(encodeBlock(1, new Uint8Array(MAX_BLOCK_BYTES + 1)))).toEqual({
    ok: false,
    problem: "oversize-frame",
  });
});

/** For one field: values at both ends of the allowed range, and some outside. */
interface Values {
  readonly least: unknown;
  readonly most: unknown;
  readonly beyond: readonly unknown[];
}

/** The values for a type of the table. */
function valuesOf(type: string): Values {
  const named = TYPES[type];
  if (named) return typeof named === "string" ? valuesOf(named) : named;

  const [, element, few, many] = /^\[(.*); (\S+)\.\.(\S+)\]$/.exec(type) ?? [];
  if (element) return listOf(valuesOf(element), numberOf(few!), numberOf(many!));
  if (type.startsWith("[")) return tupleOf(partsOf(type.slice(1, -1)).map(valuesOf));

  const [, kind, length] = /^(bytes|text)\(([^)]+)\)/.exec(type) ?? [];
  if (kind) {
    const made = (size: number) => (kind === "bytes" ? new Uint8Array(size) : "a".repeat(size));
    const [least, most] = rangeOf(length!);
    const other = / or bytes\(([^)]+)\)$/.exec(type)?.[1];
    const step = Number(/ a multiple of (\d+)$/.exec(type)?.[1] ?? 1);
    const beyond = [most + step, ...(least > 0 ? [least - step] : []), ...(step > 1 ? [least + 1] : [])];
    return {
      least: made(least),
      most: made(other ? numberOf(other) : most),
      beyond: [...beyond.map(made), kind === "bytes" ? "a".repeat(least) : new Uint8Array(least)],
    };
  }
  const meanings = type.split(", ").filter((meaning) => /^\d [a-z-]+$/.test(meaning)).length;
  const [least, most] = meanings > 0 ? [0, meanings - 1] : rangeOf(type);
  return { least, most, beyond: [least - 1, most + 1, least + 0.5, String(least)] };
}

const batch = fc.sample(anyBatch, 1)[0]!.bytes;
const TYPES: Readonly<Record<string, Values | string>> = {
  bool: { least: false, most: true, beyond: [0, 1, null] },
  u32: `0..${2 ** 32 - 1}`,
  count: `0..${Number.MAX_SAFE_INTEGER}`,
  int: { least: -Number.MAX_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER, beyond: [0.5, 2 ** 53, "0"] },
  peer: "bytes(32)",
  address: "bytes(16)",
  hash: "bytes(32)",
  file: "[hash, 0..2^40]",
  topic: "0..2",
  contact: "[peer, address]",
  hops: "0..16",
  batch: { least: batch, most: batch, beyond: [batch.subarray(1), new Uint8Array()] },
};

function listOf(element: Values, few: number, many: number): Values {
  const times = (count: number, value: unknown) => Array.from({ length: count }, () => value);
  return {
    least: times(few, element.least),
    most: times(many, element.most),
    beyond: [
      times(many + 1, element.least),
      ...(few > 0 ? [times(few - 1, element.least)] : []),
      ...element.beyond.map((value) => [value]),
    ],
  };
}

function tupleOf(parts: readonly Values[]): Values {
  const least = parts.map((part) => part.least);
  return {
    least,
    most: parts.map((part) => part.most),
    beyond: [
      ...parts.flatMap(({ beyond }, at) => beyond.map((value) => least.with(at, value))),
      [...least, 0],
      least.slice(1),
    ],
  };
}

/** "author: peer, topic" is two types; "author" is only a name. */
function partsOf(text: string): string[] {
  return text.split(/, (?=[a-z\d])/).map((part) => part.replace(/^\w+: /, ""));
}

function rangeOf(text: string): [least: number, most: number] {
  const [least, most = least] = text.split("..").map(numberOf);
  return [least!, most!];
}

function numberOf(text: string): number {
  const [, base, exponent] = /^(\d+)\^(\d+)$/.exec(text) ?? [];
  return exponent ? Number(base) ** Number(exponent) : Number(text.replaceAll(",", ""));
}
