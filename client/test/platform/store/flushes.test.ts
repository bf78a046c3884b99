import { expect, test } from "vitest";
import { Flushes } from "../../../src/platform/store/flushes.ts";

test("[F5] all writes of one turn share a flush, and no writer goes on before it", async () => {
  const order: string[] = [];
  const flushes = new Flushes(() => order.push("flush"));
  const write = async (piece: number): Promise<void> => {
    order.push(`write ${piece}`);
    await flushes.soon();
    order.push(`claim ${piece}`);
  };
  await Promise.all([write(1), write(2), write(3)]);
  expect(order).toEqual(["write 1", "write 2", "write 3", "flush", "claim 1", "claim 2", "claim 3"]);
});

test("[F5] bytes that are written after a flush wait for the next", async () => {
  let flushed = 0;
  const flushes = new Flushes(() => flushed++);
  await flushes.soon();
  expect(flushed).toBe(1);
  await flushes.soon();
  expect(flushed).toBe(2);
});

test("[F12] a flush that fails fails for all that waited for it, and the next is tried anew", async () => {
  let isFull = true;
  const flushes = new Flushes(() => {
    if (isFull) throw new DOMException("full", "QuotaExceededError");
  });
  const both = await Promise.allSettled([flushes.soon(), flushes.soon()]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  isFull = false;
  await flushes.soon();
});

test("[F5] a flush that takes a while is waited for, and bytes written meanwhile wait for another flush", async () => {
  const done: (() => void)[] = [];
  const order: string[] = [];
  const flushes = new Flushes(() => new Promise<void>((flushed) => done.push(flushed)));
  const write = async (piece: number): Promise<void> => {
    await flushes.soon();
    order.push(`claim ${piece}`);
  };
  const begun = async (count: number) => {
    while (done.length < count) await new Promise((later) => setImmediate(later));
  };
  const first = write(1);
  await begun(1);
  const second = write(2);
  await begun(2);
  expect(order).toEqual([]);
  done[1]!();
  await second;
  expect(order).toEqual(["claim 2"]);
  done[0]!();
  await first;
  expect(order).toEqual(["claim 2", "claim 1"]);
});
