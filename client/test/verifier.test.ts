import { ed25519 } from "@noble/curves/ed25519.js";
import { expect, test } from "vitest";
import { Verifier, type CheckAnswer, type CheckOrder } from "../src/platform/verifier.ts";
import { verify } from "../src/platform/signature.ts";

const secretKey = new Uint8Array(32).fill(1);
const by = ed25519.getPublicKey(secretKey);
const check = (byte: number, isValid = true) => {
  const bytes = Uint8Array.of(byte);
  const signature = ed25519.sign(isValid ? bytes : Uint8Array.of(byte + 1), secretKey);
  return { by, bytes, signature };
};

/** A worker that answers when it is told to. */
class FakeWorker {
  readonly orders: CheckOrder[] = [];
  isRunning = true;
  onmessage: Worker["onmessage"] = null;
  onerror: Worker["onerror"] = null;

  postMessage(order: CheckOrder): void {
    this.orders.push(order);
  }

  terminate(): void {
    this.isRunning = false;
  }

  answer(): void {
    const { job, by, bytes, signature } = this.orders.shift()!;
    const data: CheckAnswer = { job, valid: verify(by, bytes, signature) };
    this.onmessage?.call(this as never, { data } as MessageEvent);
  }

  fail(): void {
    this.onerror?.call(this as never, {} as ErrorEvent);
  }
}

const newVerifier = () => {
  const workers: FakeWorker[] = [];
  const verifier = new Verifier(() => workers[workers.push(new FakeWorker()) - 1]!);
  const answers: boolean[] = [];
  const ask = (byte: number, isValid = true, now = 0) =>
    verifier.verify(check(byte, isValid), (valid) => answers.push(valid), now);
  /** As many as are checked on the page: no worker has started for them. */
  const fill = () => {
    for (let i = 0; i < 32; i++) ask(i, i % 2 === 0);
    expect(answers.splice(0)).toEqual(Array.from({ length: 32 }, (_, i) => i % 2 === 0));
    expect(workers).toEqual([]);
  };
  return { verifier, workers, answers, ask, fill };
};

test("a few signatures are checked at once on the page, what is more in one worker", () => {
  const { workers, answers, ask, fill } = newVerifier();
  fill();
  ask(1);
  ask(2, false);
  expect(answers).toEqual([]);
  expect(workers).toHaveLength(1);
  workers[0]!.answer();
  workers[0]!.answer();
  expect(answers).toEqual([true, false]);
  ask(3, true, 1_000); // a second later there is time on the page again
  expect(answers).toEqual([true, false, true]);
});

test("the worker is sent the signature, and not the frame that it is the end of", () => {
  const { verifier, workers, fill } = newVerifier();
  fill();
  const frame = new Uint8Array(30_000);
  frame.set(check(1).signature, 1_000);
  verifier.verify({ ...check(1), signature: frame.subarray(1_000, 1_064) }, () => {}, 0);
  expect(workers[0]!.orders[0]!.signature.buffer.byteLength).toBe(64);
});

test("when the worker cannot be started, what waits for it and all that follows is checked on the page", () => {
  const { workers, answers, ask, fill } = newVerifier();
  fill();
  ask(1);
  ask(2, false);
  workers[0]!.fail();
  expect(answers).toEqual([true, false]);
  ask(3);
  expect(answers).toEqual([true, false, true]);
  expect(workers).toHaveLength(1);
});

test("closed, it answers nothing that waits, and its worker has ended", () => {
  const { verifier, workers, answers, ask, fill } = newVerifier();
  fill();
  ask(1);
  verifier.close();
  verifier.close();
  workers[0]!.answer();
  expect(answers).toEqual([]);
  expect(workers[0]!.isRunning).toBe(false);
});
