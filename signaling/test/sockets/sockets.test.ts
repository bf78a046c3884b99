import { Buffer } from "node:buffer";
import { once } from "node:events";
import { MAX_ENVELOPE_BYTES, MAX_SAMPLE_MEMBERS, MAX_SOCKET_MESSAGE_BYTES } from "@swapmeet/shared";
import { describe, expect, it } from "vitest";
import { parseCidr } from "../../src/base/network.ts";
import { MemoryDirectory } from "../../src/rooms/memory-directory.ts";
import { expectJunkRefused } from "./junk.ts";
import {
  connect,
  expectNobodyHeard,
  openly,
  OTHER_TAG,
  privately,
  startRoom,
  startServer,
  TAG,
} from "../harness.ts";

const bytes = (...values: number[]) => Buffer.from(values);
const loopback = (() => {
  const cidr = parseCidr("127.0.0.1");
  if (!cidr.ok) throw new Error(cidr.problem);
  return [cidr.value];
})();

describe("joining", () => {
  it("[J1] [J3] a member that joins hears of those already there, under addresses the server computed", async () => {
    const { clients, addresses } = await startRoom(2);
    expect(await clients[0]!.ask("sample")).toEqual({
      ok: true,
      tag: TAG,
      address: addresses[0],
      members: [addresses[1]],
    });
    expect(await clients[1]!.ask("sample")).toEqual({
      ok: true,
      tag: TAG,
      address: addresses[1],
      members: [addresses[0]],
    });
  });

  it("[J1] works over polling as well as over WebSocket", async () => {
    const { url, addresses, clients } = await startRoom(1);
    const polling = await connect(url, {}, ["polling"]);
    expect((await polling.join(privately(7))).members).toEqual(addresses);
    polling.socket.emit("envelope", { to: addresses[0], bytes: bytes(1, 2, 3) });
    await polling.settle();
    await clients[0]!.settle();
    expect(clients[0]!.envelopes.map((envelope) => [...envelope.bytes])).toEqual([[1, 2, 3]]);
  });

  it("[J1] works over WebSocket alone where the operator wants no polling", async () => {
    const { url, addresses } = await startRoom(1, { transports: ["websocket"] });
    await expect(connect(url, {}, ["polling"])).rejects.toThrow();
    expect((await (await connect(url)).join(privately(7))).members).toEqual(addresses);
  });

  it("[J4] a sample of a large room is bounded", async () => {
    const { clients, addresses } = await startRoom(MAX_SAMPLE_MEMBERS + 6);
    const sample = await clients[0]!.ask("sample");
    expect(sample.ok && new Set(sample.members).size).toBe(MAX_SAMPLE_MEMBERS);
    expect(sample.ok && sample.members).not.toContain(addresses[0]);
  });

  it("[J7] joining elsewhere moves the socket: its old room no longer knows it", async () => {
    const { clients, addresses, server } = await startRoom(2);
    await clients[1]!.join(privately(1, OTHER_TAG));
    expect(await clients[0]!.ask("sample")).toMatchObject({ members: [] });
    clients[0]!.socket.emit("envelope", { to: addresses[1], bytes: bytes(1) });
    await clients[0]!.settle();
    await clients[1]!.settle();
    expectNobodyHeard(clients[1]!);
    expect(await server.health()).toMatchObject({ rooms: 2, members: 2, relayed: { messages: 0, bytes: 0 } });
  });

  it("[J7] presenting the secret again takes the address over from the stale socket", async () => {
    const { url, clients, addresses } = await startRoom(2);
    const fresh = await connect(url);
    expect((await fresh.join(privately(1))).address).toBe(addresses[1]);
    clients[0]!.socket.emit("envelope", { to: addresses[1], bytes: bytes(9) });
    await clients[0]!.settle();
    await fresh.settle();
    expect(fresh.envelopes.length).toBe(1);
    expectNobodyHeard(clients[1]!);
    expect(await clients[1]!.ask("sample")).toEqual({ ok: false, reason: "bad-request" });
  });

  it("[J7] a member that disconnects is gone, and the room with its last member", async () => {
    const { clients, server } = await startRoom(2);
    clients[1]!.socket.disconnect();
    await expect.poll(async () => (await server.health()).members).toBe(1);
    expect(await clients[0]!.ask("sample")).toMatchObject({ members: [] });
    clients[0]!.socket.disconnect();
    await expect.poll(async () => (await server.health()).rooms).toBe(0);
  });

  it("[J10a] a full room refuses by name, and the socket stays where it was", async () => {
    const { url, clients } = await startRoom(2, {
      directory: new MemoryDirectory({ maxMembers: 2, random: () => 0 }),
    });
    const third = await connect(url);
    await third.join(privately(3, OTHER_TAG));
    expect(await third.ask("join", privately(3))).toEqual({ ok: false, reason: "room-full" });
    expect(await third.ask("sample")).toMatchObject({ ok: true, tag: OTHER_TAG });
    expect(await clients[0]!.ask("join", privately(0))).toMatchObject({ ok: true });
  });
});

describe("open rooms", () => {
  it("[J8b] two clients at local addresses meet, for any undeclared header", async () => {
    const { url } = await startServer();
    const one = await connect(url);
    const two = await connect(url, { "X-Forwarded-For": "8.8.8.8" });
    const joined = await one.join(openly(1));
    expect((await two.join(openly(2))).members).toEqual([joined.address]);
  });

  it("[J8b] behind a declared proxy, clients of one network meet and others do not", async () => {
    const { url } = await startServer({ trustedProxies: loopback });
    const via = async (ip: string, n: number) =>
      (await connect(url, { "X-Forwarded-For": ip })).join(openly(n));
    const first = await via("8.8.8.8", 1);
    expect((await via("8.8.4.4", 2)).members).toEqual([]);
    expect((await via("1.2.3.4, 8.8.8.8", 3)).members).toEqual([first.address]);
    const sixth = await via("2a00:1:2:3::1", 4);
    expect((await via("2a00:1:2:3:ffff::2", 5)).members).toEqual([sixth.address]);
  });

  it("[J8a] the open room's tag, presented as a private one, is another room", async () => {
    const { url } = await startServer();
    const open = await (await connect(url)).join(openly(1));
    const sneak = await (await connect(url)).join(privately(2, open.tag));
    expect(sneak).toMatchObject({ tag: open.tag, members: [] });
  });
});

describe("envelopes", () => {
  it("[J5] reach their recipient alone, unchanged, with the sender's address, and are counted", async () => {
    const { clients, addresses, server } = await startRoom(3);
    const payload = Buffer.alloc(MAX_ENVELOPE_BYTES, 0xa5);
    clients[0]!.socket.emit("envelope", { to: addresses[1], bytes: payload });
    await clients[0]!.settle();
    await Promise.all([clients[1]!.settle(), clients[2]!.settle()]);
    expect(clients[1]!.envelopes.map((envelope) => envelope.from)).toEqual([addresses[0]]);
    expect(payload.equals(clients[1]!.envelopes[0]!.bytes)).toBe(true);
    expectNobodyHeard(clients[0]!, clients[2]!);
    expect(server.counters.relayed).toEqual({ messages: 1, bytes: MAX_ENVELOPE_BYTES });
  });

  it("[J5] never cross rooms", async () => {
    const { url, clients, addresses, server } = await startRoom(1);
    const outsider = await connect(url);
    await outsider.join(privately(9, OTHER_TAG));
    outsider.socket.emit("envelope", { to: addresses[0], bytes: bytes(1) });
    await outsider.settle();
    await clients[0]!.settle();
    expectNobodyHeard(clients[0]!);
    expect(server.counters.relayed.messages).toBe(0);
  });

  it("[J5] a sender cannot be spoofed: an envelope that names one is refused", async () => {
    const { clients, addresses } = await startRoom(3);
    clients[0]!.socket.emit("envelope", { to: addresses[1], from: addresses[2], bytes: bytes(1) });
    await clients[0]!.settle();
    await clients[1]!.settle();
    expectNobodyHeard(clients[1]!);
    expect(clients[0]!.refusals).toEqual([{ event: "envelope", reason: "bad-request" }]);
  });

  it("[J5a] an unknown recipient, a member of another room and an empty room all answer with silence", async () => {
    const { url, clients } = await startRoom(1);
    const other = await connect(url);
    const elsewhere = await other.join(privately(5, OTHER_TAG));
    clients[0]!.socket.emit("envelope", { to: elsewhere.address, bytes: bytes(1) });
    clients[0]!.socket.emit("envelope", { to: "f".repeat(32), bytes: bytes(1) });
    await clients[0]!.settle();
    expect(clients[0]!.refusals).toEqual([]);
    const nobodyThere = await (await connect(url)).join(privately(6, "c".repeat(64)));
    expect(nobodyThere).toMatchObject({ ok: true, members: [] });
  });

  it("[J10a] for a member that does not read are dropped and counted, not hoarded", async () => {
    const { url, clients, server } = await startRoom(1, { limits: { maxWaitingFrames: 4 } });
    const reader = await connect(url, {}, ["polling"]);
    const { address } = await reader.join(privately(8));
    // All within one tick of the reader's poll: it takes the first, and the rest waits for its next one.
    for (let i = 0; i < 40; i++) clients[0]!.socket.emit("envelope", { to: address, bytes: bytes(i) });
    await clients[0]!.settle();
    const { relayed, refused } = server.counters;
    expect(refused["slow-reader"]).toBeGreaterThan(0);
    expect(relayed.messages + refused["slow-reader"]).toBe(40);
    expect(clients[0]!.refusals).toEqual([]);
  });
});

describe("hostile input", () => {
  it("[J10a] a client that keeps asking without reading the answers is disconnected", async () => {
    const { url, server } = await startServer({ limits: { maxWaitingFrames: 4 } });
    const reader = await connect(url, {}, ["polling"]);
    await reader.join(privately(1));
    const closed = once(reader.socket as never, "disconnect");
    // All within one tick of its poll, which takes the first answer.
    for (let i = 0; i < 20; i++) reader.socket.emit(i % 2 === 0 ? "sample" : "nonsense", () => {});
    await closed;
    await expect.poll(async () => (await server.health()).members).toBe(0);
    expect(server.counters.refused["slow-reader"]).toBe(1);
  });

  const hostilePayloads: [string, unknown[]][] = [
    ["nothing", []],
    ["null", [null]],
    ["an array", [[1, 2, 3]]],
    ["a huge array", [Array.from({ length: 10_000 }, () => 0)]],
    ["one argument too many", [privately(1), 1]],
    ["a short secret", [{ ...privately(1), secret: "00" }]],
    ["upper-case hex", [{ ...privately(1), secret: "A".repeat(32) }]],
    ["an unknown kind of room", [{ ...privately(1), room: { kind: "secret", tag: TAG } }]],
    ["a further key", [{ ...privately(1), admin: true }]],
    [
      "__proto__ as a key",
      [JSON.parse(`{"__proto__":{"ok":1},"secret":"${"0".repeat(32)}","room":{"kind":"open"}}`)],
    ],
    ["binary", [bytes(1, 2, 3)]],
  ];
  for (const [what, args] of hostilePayloads)
    it(`[J6] a join with ${what} is refused by name and has no effect`, async () => {
      const { url, server } = await startServer();
      const client = await connect(url);
      expect(await client.ask("join", ...args)).toEqual({ ok: false, reason: "bad-request" });
      expect(await server.health()).toMatchObject({ rooms: 0, members: 0, refused: { "bad-request": 1 } });
    });

  it("[J6] a join without acknowledgement, or with something else in its place, is refused", async () => {
    const { url, server } = await startServer();
    const client = await connect(url);
    client.socket.emit("join", privately(1));
    client.socket.emit("join", privately(1), "not a function");
    client.socket.emit("sample");
    await client.ask("sample");
    expect(client.refusals.map((refusal) => refusal.event)).toEqual(["join", "join", "sample"]);
    expect((await server.health()).members).toBe(0);
  });

  it("[J6] envelopes that are empty, too long, not binary or sent outside a room are refused", async () => {
    const { url, clients, addresses } = await startRoom(1);
    const to = addresses[0];
    for (const wrong of [bytes(), Buffer.alloc(MAX_ENVELOPE_BYTES + 1), "text", [1, 2], { length: 3 }, null])
      clients[0]!.socket.emit("envelope", { to, bytes: wrong });
    await clients[0]!.settle();
    expect(clients[0]!.refusals.length).toBe(6);
    const outsider = await connect(url);
    outsider.socket.emit("envelope", { to, bytes: bytes(1) });
    await outsider.ask("sample");
    expect(outsider.refusals).toEqual([{ event: "envelope", reason: "bad-request" }]);
    expectNobodyHeard(clients[0]!);
  });

  it("[J6] any junk under any event name is refused, named, and hurts nobody", async () => {
    const { url, clients, server } = await startRoom(2);
    await expectJunkRefused(url);
    expect(await clients[0]!.ask("sample")).toMatchObject({ ok: true });
    expect(server.counters.refused.internal).toBe(0);
  });

  it("[J10] a frame over the socket's limit closes the connection, unread and counted", async () => {
    const { clients, addresses, server } = await startRoom(2);
    clients[0]!.socket.emit("envelope", {
      to: addresses[1],
      bytes: Buffer.alloc(MAX_SOCKET_MESSAGE_BYTES + 1),
    });
    await once(clients[0]!.socket as never, "disconnect");
    await expect.poll(async () => (await server.health()).members).toBe(1);
    expect(server.counters.refused.oversize).toBe(1);
    await clients[1]!.settle();
    expectNobodyHeard(clients[1]!);
  });

  it("[J6b] a handler that fails is one refused message, without its cause in the log", async () => {
    const random = () => {
      throw new Error("a secret in a message");
    };
    const { clients, url, lines, server } = await startRoom(1, {
      directory: new MemoryDirectory({ maxMembers: 2, random }),
    });
    const second = await connect(url);
    second.socket.emit("join", privately(2), () => {});
    await expect.poll(() => second.refusals.length).toBe(1);
    expect(second.refusals).toEqual([{ event: "join", reason: "internal" }]);
    expect(server.counters.refused.internal).toBe(1);
    expect(lines.some((line) => line.includes('"failed"'))).toBe(true);
    expect(lines.join()).not.toContain("a secret");
    clients[0]!.socket.emit("nonsense");
    await expect.poll(() => clients[0]!.refusals.length).toBe(1);
  });
});

describe("rates", () => {
  it("[J9] a socket that floods is limited by name, and its neighbours are not", async () => {
    const { clients, addresses, server } = await startRoom(2, {
      limits: { socketMessages: { burst: 10, perSecond: 0 } },
    });
    for (let i = 0; i < 20; i++) clients[0]!.socket.emit("envelope", { to: addresses[1], bytes: bytes(i) });
    expect(await clients[0]!.ask("sample")).toEqual({ ok: false, reason: "too-fast" });
    expect(clients[0]!.refusals.length).toBe(11);
    expect(clients[0]!.refusals[0]).toEqual({ event: "envelope", reason: "too-fast" });
    expect(server.counters.relayed.messages).toBe(9);
    expect(server.counters.refused["too-fast"]).toBe(12);
    expect(await clients[1]!.ask("sample")).toMatchObject({ ok: true });
  });

  it("[J9] many sockets of one address share its bucket", async () => {
    const { clients } = await startRoom(2, { limits: { addressMessages: { burst: 4, perSecond: 0 } } });
    await clients[0]!.ask("sample");
    await clients[0]!.ask("sample");
    expect(await clients[1]!.ask("sample")).toEqual({ ok: false, reason: "too-fast" });
  });

  it("[J9a] a socket that goes on flooding is closed", async () => {
    const { clients, server } = await startRoom(1, { limits: { socketFrames: { burst: 20, perSecond: 0 } } });
    for (let i = 0; i < 30; i++) clients[0]!.socket.emit("nonsense");
    await once(clients[0]!.socket as never, "disconnect");
    expect(server.counters.refused.flood).toBeGreaterThan(0);
  });

  it("[J9] a class of 32 behind one address joins at once and meshes fully", async () => {
    const { url, server } = await startServer();
    const clients = await Promise.all(Array.from({ length: 32 }, () => connect(url)));
    const joined = await Promise.all(clients.map((client, n) => client.join(privately(n))));
    const rounds = 6;
    for (let round = 0; round < rounds; round++)
      for (const [n, client] of clients.entries())
        for (const { address } of joined)
          if (address !== joined[n]!.address)
            client.socket.emit("envelope", { to: address, bytes: bytes(round) });
    await Promise.all(clients.map((client) => client.settle()));
    expect(server.counters.relayed.messages).toBe(32 * 31 * rounds);
    expect(server.counters.refused["too-fast"]).toBe(0);
  });
});

describe("the door", () => {
  const turnedAway = async (url: string, headers?: Record<string, string>) =>
    expect(connect(url, headers)).rejects.toThrow();

  it("[J10a] connections are capped per address, and a closed one makes room", async () => {
    const { clients, url, server } = await startRoom(2, { limits: { maxConnectionsPerAddress: 2 } });
    await turnedAway(url);
    expect(server.counters.refused["too-many-connections"]).toBe(1);
    clients[0]!.socket.disconnect();
    await expect.poll(async () => (await server.health()).members).toBe(1);
    await connect(url);
  });

  it("[J10a] connections are capped in all, and new ones come at a bounded rate", async () => {
    const capped = await startRoom(1, { limits: { maxConnections: 1 } });
    await turnedAway(capped.url);
    const slow = await startRoom(2, { limits: { addressConnects: { burst: 2, perSecond: 0 } } });
    await turnedAway(slow.url);
    expect(slow.server.counters.refused["too-fast"]).toBe(1);
  });

  it("[J10b] a page of another origin gets no socket; a proxy may name the public host", async () => {
    const { url, server } = await startServer({ trustedProxies: loopback });
    await turnedAway(url, { Origin: "https://elsewhere.example" });
    await turnedAway(url, { Origin: "null" });
    expect(server.counters.refused["foreign-origin"]).toBe(2);
    await connect(url, { Origin: url });
    await connect(url, { Origin: "https://meet.example", "X-Forwarded-Host": "meet.example" });
  });
});
