/** Workers that fail: every caller is answered, by another worker or with a reason, and the next worker may start. */
import { ed25519 } from "@noble/curves/ed25519.js";
import * as Comlink from "comlink";
import { ok } from "@swapmeet/shared";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import { Hasher } from "../../../src/platform/bytes/hasher.ts";
import { LastingWorker } from "../../../src/platform/workers/lasting-worker.ts";
import type { RoomCode } from "../../../src/platform/room/room-code.ts";
import { roomKeys } from "../../../src/platform/room/room-keys.ts";
import { SharedFiles } from "../../../src/platform/files/shared-files.ts";
import { pageReading } from "../../../src/platform/bytes/page-reading.ts";
import { verify } from "../../../src/platform/run/signature.ts";
import { DeviceStorage } from "../../../src/platform/store/storage.ts";
import { pageVerifier } from "../../../src/platform/verify/page-verifier.ts";
import { stubWorkers, type Fate, type StubbedWorker } from "./worker-double.ts";

const FILE = fileIdOf(new Uint8Array(32).fill(1), 3);
const BYTES = Uint8Array.of(1, 2, 3);

/** The desk in all workers. */
const desk = {
  verify,
  hash: () => [ok("hashed")],
  leaves: () => BYTES,
  hold: () => {},
  drop: () => {},
  read: () => ok(BYTES),
  stretch: () => new Uint8Array(32),
  desk: (kind: string) =>
    kind === "memory"
      ? Comlink.proxy({ open: () => ok({ have: new Uint8Array(1), layer: new Uint8Array() }) })
      : null,
};

let workers: StubbedWorker[];
let fates: Fate[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  ({ workers, fates } = stubWorkers(() => desk));
  vi.stubGlobal("reportError", () => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Lets time pass until the promise is settled; messages through ports need no time. */
const soon = async <Value>(promise: Promise<Value>): Promise<Value> => {
  let isThere = false;
  const there = promise.finally(() => (isThere = true));
  there.catch(() => {});
  for (let second = 0; second < 600 && !isThere; second++) {
    for (let turn = 0; turn < 20 && !isThere; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (!isThere) await vi.advanceTimersByTimeAsync(1_000);
  }
  if (!isThere) throw new Error("it is never answered");
  return there;
};

interface User {
  /** Its answer, as text. */
  ask(): Promise<string>;
  close(): void;
}

const secretKey = new Uint8Array(32).fill(1);
const check = (isValid: boolean) => ({
  by: ed25519.getPublicKey(secretKey),
  bytes: BYTES,
  signature: ed25519.sign(isValid ? BYTES : Uint8Array.of(4), secretKey),
});

const users: Readonly<Record<string, { readonly answer: string; make(): User }>> = {
  "the verifier": {
    answer: "true,false,true",
    make() {
      const verifier = pageVerifier();
      for (let i = 0; i < 32; i++) verifier.verify(check(true), () => {}, 0); // on the page
      const verified = (isValid: boolean): Promise<boolean> =>
        new Promise((resolve) => verifier.verify(check(isValid), resolve, 0));
      return {
        ask: async () => String(await Promise.all([verified(true), verified(false), verified(true)])),
        close: () => verifier.close(),
      };
    },
  },
  "the hasher, of files": {
    answer: '[{"ok":true,"value":"hashed"}]',
    make() {
      const hasher = new Hasher(2);
      const { signal } = new AbortController();
      return {
        ask: async () => JSON.stringify(await hasher.hash([new Blob(["a"])], () => {}, signal)),
        close: () => hasher.close(),
      };
    },
  },
  "the hasher, of leaves": {
    answer: "1,2,3",
    make() {
      const hasher = new Hasher(2);
      return { ask: async () => String(await hasher.leaves(BYTES)), close: () => hasher.close() };
    },
  },
  "the reader of shared files": {
    answer: '{"ok":true,"value":{"0":1,"1":2,"2":3}}',
    make() {
      const shared = new SharedFiles(pageReading);
      return {
        async ask() {
          shared.remove(FILE);
          shared.add(FILE, new Blob(["abc"]), new Uint8Array());
          return JSON.stringify(await shared.read(FILE, 0, 3));
        },
        close: () => shared.close(),
      };
    },
  },
  "the keys of a room": {
    answer: "true",
    make: () => ({
      ask: async () => String((await roomKeys("amber-otter-cedar-violet" as RoomCode)).tag.length > 0),
      close: () => {},
    }),
  },
  "the storage": {
    answer: "true",
    make() {
      const storage = new DeviceStorage();
      return {
        ask: async () => String((await (await storage.stores()).open(FILE, "name", new Uint8Array())).ok),
        close: () => void storage.close(),
      };
    },
  },
};

describe.each(Object.entries(users))("[K4] %s", (_, { answer, make }) => {
  test.each(["unloadable", "dies", "errs", "hangs", "late"] as const)(
    "is served by another worker when one %s, and its unanswered jobs are done again",
    async (fate) => {
      fates.push(fate);
      const user = make();
      expect(await soon(user.ask())).toBe(answer);
      for (const worker of workers) for (const held of worker.held) worker.answer(held); // much too late
      expect(await soon(user.ask())).toBe(answer);
      expect(workers.length).toBeGreaterThan(1);
      expect(workers[0]!.isRunning).toBe(false);
      user.close();
    },
  );

  test("is answered when no worker can be started, and served again when one can", async () => {
    fates.push(...Array.from({ length: 3 }, () => "unloadable" as const));
    const user = make();
    await soon(user.ask().catch(() => "a reason"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await soon(user.ask())).toBe(answer);
    expect(workers.at(-1)!.fate).toBe("works");
    user.close();
  });
});

describe("a worker that lasts", () => {
  const ask = (worker: LastingWorker<typeof desk>) => worker.do((each) => each.leaves());

  test("[K4] is started anew after a longer rest each time, and nobody waits for a long one", async () => {
    fates.push(...Array.from({ length: 100 }, () => "unloadable" as const));
    const worker = new LastingWorker<typeof desk>("worker.js");
    const beganAt = performance.now();
    while (performance.now() < beganAt + 300_000) {
      const askedAt = performance.now();
      await expect(soon(ask(worker))).rejects.toThrow("could not be loaded");
      expect(performance.now() - askedAt).toBeLessThanOrEqual(3_000);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(workers.length).toBeLessThan(16);
    expect(workers.length).toBeGreaterThan(8);
  });

  test("[K4] does a job that three workers died of no more, and others all the same", async () => {
    fates.push("dies", "dies", "dies");
    const worker = new LastingWorker<typeof desk>("worker.js");
    await expect(soon(ask(worker))).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await soon(ask(worker))).toEqual(BYTES);
  });

  test("that is closed starts no other", async () => {
    const worker = new LastingWorker<typeof desk>("worker.js");
    expect(await soon(ask(worker))).toEqual(BYTES);
    worker.terminate();
    worker.terminate();
    await expect(soon(ask(worker))).rejects.toThrow();
    expect(workers).toHaveLength(1);
  });

  test("[K3] that hangs in a freeze is not taken for dead before the page was awake for as long", async () => {
    fates.push("late");
    const worker = new LastingWorker<typeof desk>("worker.js");
    const answer = ask(worker);
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() + 300_000);
    for (let second = 0; second < 20; second++) await vi.advanceTimersByTimeAsync(1_000);
    for (const held of workers[0]!.held) workers[0]!.answer(held);
    expect(await soon(answer)).toEqual(BYTES);
    expect(workers).toHaveLength(1);
    vi.mocked(performance.now).mockRestore();
  });
});
