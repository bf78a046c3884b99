/** Blocks that wait on a link: one that is read slowly or never, or is no longer wanted, does not hold up others. */
import { describe, expect, it } from "vitest";
import { MAX_BLOCK_BYTES } from "@swapmeet/engine/wire/frame";
import { BlockQueue } from "../../../src/platform/run/block-queue.ts";

const never = new Promise<never>(() => {});
const read = (length: number, fill = 0): Promise<Uint8Array> =>
  Promise.resolve(new Uint8Array(length).fill(fill));
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

class TestQueue extends BlockQueue {
  sentBytes = 0;

  ask(id: number, bytes: Promise<Uint8Array | null>): void {
    this.add(id, bytes, (sent) => (this.sentBytes += sent)).catch(() => {});
  }

  /** Ids and first bytes of the blocks that go out. */
  async drained(): Promise<[id: number, firstByte: number | undefined][]> {
    await turn();
    const out: [number, number | undefined][] = [];
    while (this.send((id, block) => Boolean(out.push([id, block[0]]))));
    return out;
  }
}

describe("blocks that wait on a link", () => {
  it("[S2] leave in the order of the requests, and those of one request in order", async () => {
    const queue = new TestQueue();
    queue.ask(1, read(10, 1));
    queue.ask(2, read(10, 3));
    queue.ask(1, read(10, 2));
    expect(await queue.drained()).toEqual([
      [1, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(queue.sentBytes).toBe(30);
  });

  it("[W1] are even, and none is larger than a frame takes", async () => {
    const queue = new TestQueue();
    queue.ask(1, read(256 * 1024));
    await turn();
    const lengths: number[] = [];
    while (queue.send((_, block) => Boolean(lengths.push(block.length))));
    expect(lengths).toHaveLength(5);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_BLOCK_BYTES);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThan(5);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(256 * 1024);
  });

  it("stay when the channel does not take them", async () => {
    const queue = new TestQueue();
    queue.ask(1, read(10));
    await turn();
    expect(queue.send(() => false)).toBe(false);
    expect(queue.sentBytes).toBe(0);
    expect(await queue.drained()).toHaveLength(1);
  });

  it("are not held up by a request whose bytes never come", async () => {
    const queue = new TestQueue();
    queue.ask(1, never);
    queue.ask(1, read(10));
    queue.ask(2, read(10));
    expect(await queue.drained()).toEqual([[2, 0]]);
  });

  it.each([
    ["can't be read", () => Promise.resolve(null)],
    ["fails", () => Promise.reject(new Error("a bug"))],
  ])("end with their request when one of them %s, and the others go on", async (_, failed) => {
    const queue = new TestQueue();
    queue.ask(1, read(10));
    queue.ask(1, failed());
    queue.ask(2, read(10));
    expect(await queue.drained()).toEqual([[2, 0]]);
  });

  it("[S2a] are all dropped when their request is stopped, the read and the unread, also half-way", async () => {
    const queue = new TestQueue();
    let answer = (_: Uint8Array): void => {};
    queue.ask(1, read(256 * 1024));
    queue.ask(1, new Promise((resolve) => (answer = resolve)));
    queue.ask(2, read(10));
    await turn();
    expect(queue.send(() => true)).toBe(true);
    queue.stop(1);
    answer(new Uint8Array(10));
    expect(await queue.drained()).toEqual([[2, 0]]);
  });

  it("may be stopped and asked for while one is being sent", async () => {
    const queue = new TestQueue();
    void queue.add(1, read(200 * 1024), () => queue.stop(1));
    queue.ask(2, read(10));
    expect(await queue.drained()).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });
});
