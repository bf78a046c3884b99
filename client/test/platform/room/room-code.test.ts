import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newRoomCode, parseRoomCode, wordsStartingWith } from "../../../src/platform/room/room-code.ts";

const CODE = "amber-otter-cedar-violet";

describe("[R1] a new code", () => {
  test("is four words that parse back to it", async () => {
    for (let i = 0; i < 200; i++) {
      const code = await newRoomCode((bytes) => randomBytes(bytes));
      expect(code).toMatch(/^[a-z]+-[a-z]+-[a-z]+-[a-z]+$/);
      expect(await parseRoomCode(code)).toEqual({ ok: true, value: code });
    }
  });

  test("is made of the list's 7,772 unhyphenated words, each as likely as any other", async () => {
    const list = await wordsStartingWith("", Infinity);
    expect(list).toHaveLength(7772);
    expect(Math.log2(list.length ** 4)).toBeGreaterThan(51.6);
    // Every draw there is, once: four codes' words at a time. The unfair ones above 62,175 must be thrown again.
    let drawn = 0;
    const random = () => Uint8Array.of((drawn >> 8) & 255, drawn++ & 255);
    const counts = new Map<string, number>();
    while (drawn < 62_176)
      for (const word of (await newRoomCode(random)).split("-"))
        counts.set(word, (counts.get(word) ?? 0) + 1);
    expect(counts.size).toBe(7772);
    expect(new Set(counts.values())).toEqual(new Set([8]));
    drawn = 62_176;
    expect(await newRoomCode(random)).toBe(list.slice(0, 4).join("-"));
  });
});

describe("[R2] a code as people type it", () => {
  test.each([
    CODE,
    "Amber Otter Cedar Violet",
    "  amber,otter, cedar .violet\n",
    "AMBER_OTTER_CEDAR_VIOLET",
    "amber--otter – cedar — violet",
    "#amber-otter-cedar-violet",
    "http://192.168.1.7:3000/#amber-otter-cedar-violet",
    `https://swap.example/some/path?x=1#amber-otter-cedar-violet/${"a".repeat(64)}-123`,
    "ａｍｂｅｒ otter cedar violet",
  ])("%j", async (text) => {
    expect(await parseRoomCode(text)).toEqual({ ok: true, value: CODE });
  });

  test.each(["", "   ", "#", "-", "http://host/#"])("%j is empty", async (text) => {
    expect(await parseRoomCode(text)).toEqual({ ok: false, problem: { type: "empty" } });
  });

  test.each([
    ["amber", 1],
    ["amber otter cedar", 3],
    ["amber-otter-cedar-violet-zoom", 5],
  ])("%j has the wrong count of words", async (text, count) => {
    expect(await parseRoomCode(text)).toEqual({ ok: false, problem: { type: "wrong-count", count } });
  });

  test.each([
    ["amber otter ceder violet", "ceder", 2, "cedar"],
    ["ambre-otter-cedar-violet", "ambre", 0, "amber"],
    ["amber-oter-cedar-violet", "oter", 1, "otter"],
    ["amber-otter-cedar-voilets", "voilets", 3, "violet"],
    ["constructor-otter-cedar-violet", "constructor", 0, "constrict"],
  ])("in %j the word %j is not in the list", async (text, word, position, meant) => {
    const parsed = await parseRoomCode(text);
    if (parsed.ok || parsed.problem.type !== "unknown-word") throw new Error("should be an unknown word");
    expect(parsed.problem).toMatchObject({ word, position });
    expect(parsed.problem.suggestions).toContain(meant);
    expect(parsed.problem.suggestions.length).toBeLessThanOrEqual(3);
  });

  test("nothing is suggested for a text that resembles no word", async () => {
    const parsed = await parseRoomCode("amber otter cedar 日本語日本語");
    expect(parsed).toMatchObject({ ok: false, problem: { suggestions: [] } });
  });
});

test("words are completed in alphabetical order, in any case", async () => {
  expect(await wordsStartingWith("Ott", 5)).toEqual(["otter"]);
  expect(await wordsStartingWith("za", 2)).toEqual((await wordsStartingWith("za", 99)).slice(0, 2));
  expect(await wordsStartingWith("qqq", 5)).toEqual([]);
});
