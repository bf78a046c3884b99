import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bounded, BoundedSet } from "../../src/base/bounded.ts";

describe("a bounded map", () => {
  test("forgets the oldest key beyond its limit, and returns it", () => {
    const map = new Bounded<string, number>(2);
    expect([map.set("a", 1), map.set("b", 2), map.set("c", 3)]).toEqual([null, null, "a"]);
    expect([...map]).toEqual([
      ["b", 2],
      ["c", 3],
    ]);
    expect(map.get("a")).toBeUndefined();
  });

  test("keeps a key longer when it is set again", () => {
    const map = new Bounded<string, number>(2);
    for (const [key, value] of [
      ["a", 1],
      ["b", 2],
      ["a", 3],
      ["c", 4],
    ] as const)
      map.set(key, value);
    expect([...map]).toEqual([
      ["a", 3],
      ["c", 4],
    ]);
  });

  test("never holds more than its limit, and always the latest", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(9)), (limit, keys) => {
        const map = new Bounded<number, number>(limit);
        keys.forEach((key, at) => map.set(key, at));
        const latest = [...new Set(keys.toReversed())].slice(0, limit).toReversed();
        expect([...map].map(([key]) => key)).toEqual(latest);
      }),
    );
  });
});

test("a bounded set forgets the oldest beyond its limit", () => {
  const set = new BoundedSet<string>(1);
  expect([set.add("a"), set.add("a"), set.add("b")]).toEqual([null, null, "a"]);
  expect([set.has("a"), set.has("b"), set.size]).toEqual([false, true, 1]);
  expect(set.delete("b")).toBe(true);
});
