import { randomInt } from "node:crypto";
import { MAX_SAMPLE_MEMBERS, type Address, type JoinSecret, type RoomTag } from "@swapmeet/shared";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressOf } from "../../src/rooms/directory.ts";
import { MemoryDirectory } from "../../src/rooms/memory-directory.ts";
import { describeDirectory } from "./directory-contract.ts";

describeDirectory("a directory in memory", async (maxMembers) => [
  new MemoryDirectory({ maxMembers, random: (bound) => randomInt(bound) }),
]);

describe("a sample", () => {
  it("[J4] is distinct others, at most MAX_SAMPLE_MEMBERS, for any random numbers", async () => {
    const tag = "a".repeat(64) as RoomTag;
    const addressAt = (n: number) => n.toString(16).padStart(32, "0") as Address;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 90 }),
        fc.infiniteStream(fc.nat()),
        async (size, numbers) => {
          const random = (bound: number) => numbers.next().value! % bound;
          const directory = new MemoryDirectory({ maxMembers: 1_000, random });
          for (let n = 0; n < size; n++)
            await directory.join(
              { id: `${n}`, receive: () => {} },
              { kind: "private", tag, address: addressAt(n) },
            );
          const sampled = await directory.sample({ id: "0", receive: () => {} });
          if (!sampled.ok) throw new Error(sampled.problem);
          const { others } = sampled.value;
          expect(others.length).toBe(Math.min(size - 1, MAX_SAMPLE_MEMBERS));
          expect(new Set(others).size).toBe(others.length);
          expect(others).not.toContain(addressAt(0));
        },
      ),
    );
  });
});

describe("addresses", () => {
  it("[J2] an address is the first 16 bytes of SHA-256 of the secret's bytes", () => {
    // SHA-256 of sixteen zero bytes begins with these.
    expect(addressOf("0".repeat(32) as JoinSecret)).toBe("374708fff7719dd5979ec875d56cd228");
  });
});
