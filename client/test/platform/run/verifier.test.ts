import { ed25519 } from "@noble/curves/ed25519.js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { verify } from "../../../src/platform/run/signature.ts";
import { pageVerifier } from "../../../src/platform/verify/page-verifier.ts";
import { breathe } from "../../../src/platform/workers/breath.ts";
import { stubWorkers, type Fate, type StubbedWorker } from "../workers/worker-double.ts";

/** Only a hang takes so long. */
const HANG = { timeout: 60_000 };
const secretKey = new Uint8Array(32).fill(1);
const by = ed25519.getPublicKey(secretKey);
const check = (byte: number, isValid = true) => {
  const bytes = Uint8Array.of(byte);
  const signature = ed25519.sign(isValid ? bytes : Uint8Array.of(byte + 1), secretKey);
  return { by, bytes, signature };
};

let workers: StubbedWorker[];
let fates: Fate[];
beforeEach(() => void ({ workers, fates } = stubWorkers(() => ({ verify }))));
afterEach(() => vi.unstubAllGlobals());

const newVerifier = () => {
  const verifier = pageVerifier();
  const answers: boolean[] = [];
  const ask = (byte: number, isValid = true, now = 0) =>
    verifier.verify(check(byte, isValid), (valid) => answers.push(valid), now);
  /** Asks for as many checks as the page does itself, so that no worker starts. */
  const fill = () => {
    for (let i = 0; i < 32; i++) ask(i, i % 2 === 0);
    expect(answers.splice(0)).toEqual(Array.from({ length: 32 }, (_, i) => i % 2 === 0));
    expect(workers).toEqual([]);
  };
  return { verifier, answers, ask, fill };
};

test("a few signatures are checked at once on the page, and all others in one worker", async () => {
  const { verifier, answers, ask, fill } = newVerifier();
  fill();
  ask(1);
  ask(2, false);
  expect(answers).toEqual([]);
  await vi.waitUntil(() => answers.length === 2, HANG);
  expect(answers).toEqual([true, false]);
  expect(workers).toHaveLength(1);
  ask(3, true, 1_000); // a second later there is time on the page again
  expect(answers).toEqual([true, false, true]);
  verifier.close();
});

test("the worker is sent the signature, and not the frame that it is the end of", async () => {
  const { verifier, fill } = newVerifier();
  fill();
  const frame = new Uint8Array(30_000);
  frame.set(check(1).signature, 1_000);
  verifier.verify({ ...check(1), signature: frame.subarray(1_000, 1_064) }, () => {}, 0);
  await vi.waitUntil(() => workers[0]?.calls.length, HANG);
  const { argumentList } = workers[0]!.calls[0] as { argumentList: { value: Uint8Array }[] };
  expect(argumentList[2]!.value.buffer.byteLength).toBe(64);
  verifier.close();
});

test("[K4] an error of the worker in the middle of many checks: each is answered once, in order", async () => {
  fates.push("errs");
  const { verifier, answers, ask, fill } = newVerifier();
  fill();
  for (let i = 0; i < 300; i++) ask(i % 256, i % 3 === 0);
  await vi.waitUntil(() => answers.length === 300, HANG);
  expect(answers).toEqual(Array.from({ length: 300 }, (_, i) => i % 3 === 0));
  expect(workers).toHaveLength(2);
  ask(1);
  await vi.waitUntil(() => answers.length === 301, HANG);
  expect(workers[1]!.isRunning).toBe(true);
  verifier.close();
}, 120_000);

test("[K4] without any worker all are checked on the page, which does other things in between", async () => {
  fates.push(...Array.from({ length: 100 }, () => "unloadable" as const));
  const { verifier, answers, ask, fill } = newVerifier();
  fill();
  for (let i = 0; i < 50; i++) ask(i, i % 3 === 0);
  const counts = new Set<number>(); // that others see meanwhile
  while (answers.length < 50) {
    // As a message of anybody else: Node handles up to 48 of them before it comes to timers and immediates.
    await breathe();
    counts.add(answers.length);
  }
  expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => i % 3 === 0));
  expect(counts.size).toBeGreaterThan(10);
  verifier.close();
});

test("closed, it answers nothing that waits, and its worker has ended", async () => {
  const { verifier, answers, ask, fill } = newVerifier();
  fill();
  ask(1);
  await vi.waitUntil(() => workers[0], HANG);
  verifier.close();
  verifier.close();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(answers).toEqual([]);
  expect(workers[0]!.isRunning).toBe(false);
});
