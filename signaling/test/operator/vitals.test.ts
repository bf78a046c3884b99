import { describe, expect, it } from "vitest";
import { createCounters } from "../../src/base/counters.ts";
import { Vitals } from "../../src/operator/vitals.ts";
import type { Size } from "../../src/rooms/directory.ts";
import { MemoryDirectory } from "../../src/rooms/memory-directory.ts";

/** The vitals of a server whose directory answers a question when the test says so. */
function examine() {
  const directory = new MemoryDirectory({ maxMembers: 8, random: () => 0 });
  const questions: { answer: (size: Size) => void; fail: (error: Error) => void }[] = [];
  directory.size = () => new Promise((resolve, reject) => questions.push({ answer: resolve, fail: reject }));
  const state = { isDraining: false };
  const vitals = new Vitals({ directory, counters: createCounters(), isDraining: () => state.isDraining });
  return { vitals, questions, state };
}

describe("vitals", () => {
  it("[J15b] are one question to the directory, however many probes come at once", async () => {
    const { vitals, questions } = examine();
    const healths = Array.from({ length: 50 }, () => vitals.health());
    const readiness = Array.from({ length: 50 }, () => vitals.readiness());
    expect(questions.length).toBe(1);
    questions[0]!.answer({ rooms: 2, members: 3 });
    for (const health of await Promise.all(healths)) expect(health).toMatchObject({ rooms: 2, members: 3 });
    expect(new Set(await Promise.all(readiness))).toEqual(new Set(["ready"]));
    void vitals.readiness();
    expect(questions.length).toBe(2);
  });

  it("[J15b] of a server that drains need no directory", async () => {
    const { vitals, questions, state } = examine();
    state.isDraining = true;
    expect(await vitals.readiness()).toBe("draining");
    expect(questions).toEqual([]);
  });

  it("[J15b] wait for the directory for a limited time, and take its failure for silence", async () => {
    const { vitals, questions } = examine();
    expect(await vitals.readiness()).toBe("no-directory");
    const failed = vitals.readiness();
    questions.at(-1)!.fail(new Error("it is away"));
    expect(await failed).toBe("no-directory");
  });
});
