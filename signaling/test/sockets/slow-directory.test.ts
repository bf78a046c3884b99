/** The socket's rules hold although the directory answers late, in another order than it was asked, or not at all. */
import { Buffer } from "node:buffer";
import type { OutgoingEnvelope } from "@swapmeet/shared";
import { describe, expect, it } from "vitest";
import type { Client, Directory, Seat } from "../../src/rooms/directory.ts";
import { MemoryDirectory } from "../../src/rooms/memory-directory.ts";
import type { SignalingOptions } from "../../src/server.ts";
import { connect, OTHER_TAG, privately, startServer, TAG } from "../harness.ts";

type Verb = "join" | "sample" | "deliver" | "leave" | "size" | "close";
type Wait = (verb: Verb) => Promise<void>;

/** Its calls wait on the way there and on the way back. */
class SlowDirectory implements Directory {
  readonly #memory = new MemoryDirectory({ maxMembers: 8, random: () => 0 });
  /** The calls that are done, in order. */
  readonly done: Verb[] = [];
  there: Wait = async () => {};
  back: Wait = async () => {};

  join = (client: Client, seat: Seat) => this.#do("join", () => this.#memory.join(client, seat));
  sample = (client: Client) => this.#do("sample", () => this.#memory.sample(client));
  deliver = (client: Client, envelope: OutgoingEnvelope) =>
    this.#do("deliver", () => this.#memory.deliver(client, envelope));
  leave = (client: Client) => this.#do("leave", () => this.#memory.leave(client));
  size = () => this.#do("size", () => this.#memory.size());
  close = () => this.#do("close", () => this.#memory.close());

  async #do<Answer>(verb: Verb, work: () => Promise<Answer>): Promise<Answer> {
    await this.there(verb);
    const answer = await work();
    await this.back(verb);
    this.done.push(verb);
    return answer;
  }
}

/** The newest of the calls that wait at one time goes on first. */
function newestFirst(): Wait {
  const waiting: (() => void)[] = [];
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      setImmediate(() => waiting.pop()!());
    });
}

/** Calls of this verb wait until it opens. */
function gate(verb: Verb) {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  return {
    wait: (async (asked) => {
      if (asked === verb && !isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
    }) as Wait,
    /** Resolves when a call waits. */
    reached: () => expect.poll(() => waiting.length).toBe(1),
    open(): void {
      isOpen = true;
      for (const go of waiting.splice(0)) go();
    },
  };
}

async function startSlow(options?: SignalingOptions) {
  const directory = new SlowDirectory();
  return { directory, ...(await startServer({ directory, ...options })) };
}

const bytes = (...values: number[]) => Buffer.from(values);

describe.each(["there", "back"] as const)("a directory that is slow on the way %s", (way) => {
  it("[J7] a socket that disconnects while it joins leaves no member behind", async () => {
    const { directory, url } = await startSlow({ limits: { maxConnectionsPerAddress: 1 } });
    const client = await connect(url);
    const join = gate("join");
    directory[way] = join.wait;
    client.socket.emit("join", privately(1), () => {});
    client.socket.emit("join", privately(1, OTHER_TAG), () => {});
    await join.reached();
    client.socket.disconnect();
    // The server knows that it is gone, once there is room for another.
    await expect.poll(() => connect(url).then(Boolean, () => false)).toBe(true);
    join.open();
    await expect.poll(() => directory.done).toEqual(["join", "leave"]);
    expect(await directory.size()).toEqual({ rooms: 0, members: 0 });
  });

  it("[J7] joins in quick succession end in the last one, and are answered in order", async () => {
    const { directory, url } = await startSlow();
    const client = await connect(url);
    directory[way] = newestFirst();
    const answered: string[] = [];
    for (const tag of [TAG, OTHER_TAG, "c".repeat(64)])
      client.socket.emit("join", privately(1, tag), (joined: { tag: string }) => answered.push(joined.tag));
    expect(await client.ask("sample")).toMatchObject({ ok: true, tag: "c".repeat(64) });
    expect(answered).toEqual([TAG, OTHER_TAG, "c".repeat(64)]);
    expect(await directory.size()).toEqual({ rooms: 1, members: 1 });
  });

  it("[J5] envelopes arrive in the order in which they were sent, also those sent before join was answered", async () => {
    const { directory, url } = await startSlow();
    const [sender, reader] = [await connect(url), await connect(url)];
    const { address } = await reader.join(privately(1));
    directory[way] = newestFirst();
    sender.socket.emit("join", privately(2), () => {});
    for (let n = 0; n < 50; n++) sender.socket.emit("envelope", { to: address, bytes: bytes(n) });
    await sender.settle();
    await reader.settle();
    expect(reader.envelopes.map((envelope) => [...envelope.bytes])).toEqual(
      Array.from({ length: 50 }, (_, n) => [n]),
    );
    expect(sender.refusals).toEqual([]);
  });

  it("[J7] a leave that comes after a new socket took the address over leaves it there", async () => {
    const { directory, url } = await startSlow();
    const [stale, other] = [await connect(url), await connect(url)];
    const { address } = await stale.join(privately(1));
    await other.join(privately(2));
    const leave = gate("leave");
    directory[way] = leave.wait;
    stale.socket.disconnect();
    await leave.reached();
    const fresh = await connect(url);
    await fresh.join(privately(1));
    leave.open();
    await expect.poll(() => directory.done).toContain("leave");
    other.socket.emit("envelope", { to: address, bytes: bytes(7) });
    await other.settle();
    await fresh.settle();
    expect(fresh.envelopes.length).toBe(1);
    expect(await directory.size()).toEqual({ rooms: 1, members: 2 });
  });
});

describe("a directory that does not answer", () => {
  it("[J9] has as many messages of a socket waiting as may come at once, and further ones are refused", async () => {
    const { directory, url, server } = await startSlow({
      // Tokens come back at once: the bucket alone would let messages wait without bound.
      limits: { socketMessages: { burst: 4, perSecond: 1e12 } },
    });
    const client = await connect(url);
    await client.join(privately(1));
    const sample = gate("sample");
    directory.there = sample.wait;
    const answers = Array.from({ length: 10 }, () => client.ask("sample"));
    await expect.poll(() => server.counters.refused["too-fast"]).toBe(6);
    sample.open();
    const reasons = (await Promise.all(answers)).map((joined) => (joined.ok ? "ok" : joined.reason));
    expect(reasons).toEqual([
      ...Array.from({ length: 4 }, () => "ok"),
      ...Array.from({ length: 6 }, () => "too-fast"),
    ]);
    await client.settle();
  });

  const outOfOrder: Wait = () => Promise.reject(new Error("a secret in a message"));

  it("[J6] is one refused message, and the socket goes on", async () => {
    const { directory, url, server, lines } = await startSlow();
    const client = await connect(url);
    directory.there = outOfOrder;
    client.socket.emit("join", privately(1), () => {});
    await expect.poll(() => client.refusals).toEqual([{ event: "join", reason: "internal" }]);
    expect(server.counters.refused.internal).toBe(1);
    expect(lines.join()).toContain('"handling":"join"');
    expect(lines.join()).not.toContain("a secret");
    directory.there = async () => {};
    expect(await client.join(privately(1))).toMatchObject({ tag: TAG });
  });

  it("when a member leaves is a line in the log, and the server goes on", async () => {
    const { directory, url, lines } = await startSlow();
    const client = await connect(url);
    await client.join(privately(1));
    directory.there = outOfOrder;
    client.socket.disconnect();
    await expect.poll(() => lines.join()).toContain('"handling":"socket"');
    directory.there = async () => {};
    await (await connect(url)).join(privately(2));
  });

  it("when health is asked for is a failed request", async () => {
    const { directory, url, lines } = await startSlow();
    directory.there = outOfOrder;
    const response = await fetch(`${url}/healthz`);
    expect([response.status, await response.text()]).toEqual([
      500,
      "The server failed at this request. Reload the page.\n",
    ]);
    expect(lines.join()).toContain('"handling":"http"');
    directory.there = async () => {};
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});
