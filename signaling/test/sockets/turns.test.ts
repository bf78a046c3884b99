import { describe, expect, it } from "vitest";
import { Turns } from "../../src/sockets/turns.ts";

describe("turns", () => {
  it("begin one piece of work after the other, in order, and count those that are not done", async () => {
    const turns = new Turns((error) => expect.unreachable(String(error)));
    const begun: number[] = [];
    const finish: (() => void)[] = [];
    for (const n of [0, 1, 2])
      void turns.add(() => {
        begun.push(n);
        return new Promise((resolve) => finish.push(resolve));
      });
    for (const n of [0, 1, 2]) {
      await expect.poll(() => begun).toEqual([0, 1, 2].slice(0, n + 1));
      expect(turns.waiting).toBe(3 - n);
      finish[n]!();
    }
    await expect.poll(() => turns.waiting).toBe(0);
  });

  it("go on after work that fails, which is reported", async () => {
    const failures: unknown[] = [];
    const turns = new Turns((error) => failures.push(error));
    void turns.add(() => Promise.reject(new Error("rejects")));
    void turns.add(() => {
      throw new Error("throws");
    });
    await turns.add(async () => {});
    expect(failures).toEqual([new Error("rejects"), new Error("throws")]);
    await expect.poll(() => turns.waiting).toBe(0);
  });
});
