import { expect, test } from "vitest";
import { safePersonName } from "../../src/names/name.ts";
import { personNameOf } from "../../src/names/person-name.ts";
import { hueOf, tagOf, type PeerId } from "../../src/names/peer-id.ts";

const peerOf = (i: number) => `0123456789ab${i.toString(16).padStart(8, "0")}${"0".repeat(44)}` as PeerId;

test("a newcomer's name is two safe words and depends on the key alone", () => {
  const names = Array.from({ length: 4096 }, (_, i) => personNameOf(peerOf((i >> 6) * 65_536 + (i & 63))));
  for (const name of names) {
    expect(name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
    expect(safePersonName(name)).toBe(name);
  }
  expect(personNameOf(peerOf(7))).toBe(personNameOf(peerOf(7)));
  expect(new Set(names).size).toBe(4096);
});

test("the name depends on other digits than the colour and the tag", () => {
  const [a, b] = [peerOf(0), peerOf(1)];
  expect([hueOf(a), tagOf(a)]).toEqual([hueOf(b), tagOf(b)]);
  expect(personNameOf(a)).not.toBe(personNameOf(b));
});
