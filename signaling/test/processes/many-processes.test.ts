/** Three processes of the server, one Redis, and what can happen to them. */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Limits } from "../../src/base/limits.ts";
import { LEASE_MS, LIMIT_MS, RENEW_MS, type RedisOptions } from "../../src/redis/redis-process.ts";
import { connect, OTHER_TAG, privately, startServer, type TestClient } from "../harness.ts";
import { findRedis, RedisServer } from "../redis/redis-server.ts";
import { expectJunkRefused } from "../sockets/junk.ts";
import { ServerProcess } from "./server-process.ts";

const program = findRedis();
const bytes = (...values: number[]) => Buffer.from(values);

/** Short, so that a test need not wait for half a minute; longer than a busy machine keeps a process waiting. */
const SOON = { leaseMs: 6_000, renewMs: 1_000 };

describe.skipIf(!program)("many processes", () => {
  let redis: RedisServer;
  const processes: ServerProcess[] = [];
  beforeAll(async () => void (redis = await RedisServer.start(program!)));
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((process) => process.end("SIGKILL")));
    redis.goOn();
  });
  afterAll(() => redis.stop());

  async function start(count: number, limits: Partial<Limits> = {}, timing: Partial<RedisOptions> = SOON) {
    const options = { redis: { url: redis.url, space: randomUUID(), ...timing }, limits };
    const started = await Promise.all(Array.from({ length: count }, () => ServerProcess.start(options)));
    processes.push(...started);
    return started;
  }

  /** One member at each process, all in one room. */
  async function meet(servers: readonly ServerProcess[]) {
    const clients = await Promise.all(servers.map(({ url }) => connect(url)));
    const addresses: string[] = [];
    for (const [n, client] of clients.entries()) addresses.push((await client.join(privately(n))).address);
    return { clients, addresses };
  }

  const membersSeenBy = async (client: TestClient): Promise<Set<string> | string> => {
    const sample = await client.ask("sample");
    return sample.ok ? new Set(sample.members) : sample.reason;
  };

  /** Each member reaches each other one. */
  async function expectMeshed(clients: readonly TestClient[], addresses: readonly string[]) {
    for (const client of clients) client.envelopes.length = 0;
    for (const [n, client] of clients.entries())
      for (const to of addresses)
        if (to !== addresses[n]) client.socket.emit("envelope", { to, bytes: bytes(n) });
    for (const [n, client] of clients.entries())
      await expect
        .poll(() => new Set(client.envelopes.map(({ from }) => from)))
        .toEqual(new Set(addresses.filter((_, other) => other !== n)));
  }

  it("[J3] [J5a] members at different processes meet, and their envelopes arrive in order both ways", async () => {
    const { clients, addresses } = await meet(await start(3));
    for (const [n, client] of clients.entries())
      expect(await membersSeenBy(client)).toEqual(new Set(addresses.filter((_, other) => other !== n)));
    for (let n = 0; n < 100; n++)
      for (const [me, client] of clients.entries())
        client.socket.emit("envelope", { to: addresses[(me + 1) % 3], bytes: bytes(n) });
    for (const [me, client] of clients.entries()) {
      await expect.poll(() => client.envelopes.length).toBe(100);
      expect(client.envelopes.map((envelope) => [envelope.from, envelope.bytes[0]])).toEqual(
        Array.from({ length: 100 }, (_, n) => [addresses[(me + 2) % 3], n]),
      );
    }
  });

  it("[J7] a member that comes to another process takes its address over at once", async () => {
    const servers = await start(2);
    const { clients, addresses } = await meet(servers);
    const fresh = await connect(servers[0]!.url);
    expect((await fresh.join(privately(1))).address).toBe(addresses[1]);
    expect(await membersSeenBy(clients[1]!)).toBe("bad-request");
    await expectMeshed([clients[0]!, fresh], addresses);
    expect(await servers[0]!.size()).toEqual({ rooms: 1, members: 2 });
  });

  it("[J19] members of a killed process are gone after its lease, and those who come elsewhere are back", async () => {
    const servers = await start(3);
    const { clients, addresses } = await meet(servers);
    const beside = await connect(servers[2]!.url);
    await beside.join(privately(9, OTHER_TAG));
    await servers[2]!.end("SIGKILL");
    const back = await connect(servers[0]!.url);
    expect((await back.join(privately(2))).address).toBe(addresses[2]);
    await expectMeshed([clients[0]!, clients[1]!, back], addresses);
    await expect.poll(() => servers[1]!.size()).toEqual({ rooms: 1, members: 3 });
    await back.socket.disconnect();
    await expect.poll(() => membersSeenBy(clients[0]!)).toEqual(new Set([addresses[1]]));
  });

  it("a process that ends leaves no member behind", async () => {
    const servers = await start(2, {}, {});
    const { clients } = await meet(servers);
    expect(await servers[1]!.end("SIGTERM")).toBe(0);
    expect(await membersSeenBy(clients[0]!)).toEqual(new Set());
    expect(await servers[0]!.size()).toEqual({ rooms: 1, members: 1 });
  });

  it("[J19a] all members are members again when Redis is restarted empty, and nobody else is", async () => {
    const servers = await start(3);
    const { clients, addresses } = await meet(servers);
    const stale = clients[1]!;
    const fresh = await connect(servers[0]!.url);
    await fresh.join(privately(1)); // the stale one is not told
    const members = [clients[0]!, fresh, clients[2]!];
    await redis.restart();
    for (const [n, member] of members.entries())
      await expect
        .poll(() => membersSeenBy(member))
        .toEqual(new Set(addresses.filter((_, other) => other !== n)));
    await expectMeshed(members, addresses);
    expect(await membersSeenBy(stale)).toBe("bad-request");
    expect(await servers[0]!.size()).toEqual({ rooms: 1, members: 3 });
    for (const member of members) expect(member.socket.connected).toBe(true);
  });

  it("[J6c] [J19a] while Redis is stopped joins are refused as unavailable, and a server may start", async () => {
    const servers = await start(1);
    const { clients } = await meet(servers);
    await redis.stop();
    await expect.poll(() => membersSeenBy(clients[0]!)).toBe("unavailable");
    const late = await connect(servers[0]!.url);
    expect(await late.ask("join", privately(5))).toEqual({ ok: false, reason: "unavailable" });
    const space = randomUUID();
    const [second] = await start(1, {}, { ...SOON, space });
    const early = await connect(second!.url);
    expect(await early.ask("join", privately(6))).toEqual({ ok: false, reason: "unavailable" });
    expect(second!.lines.join()).toContain('"redis-away"');
    await redis.restart();
    await expect.poll(async () => (await late.ask("join", privately(5))).ok).toBe(true);
    await expect.poll(async () => (await early.ask("join", privately(6))).ok).toBe(true);
    expect(((await membersSeenBy(clients[0]!)) as Set<string>).size).toBe(1);
    expect(second!.lines.filter((line) => line.includes("redis-there")).length).toBe(1);
  });

  it("[J6c] [J19a] a paused Redis costs no connection, and brings back neither those who left nor late joins", async () => {
    const servers = await start(3);
    const { clients, addresses } = await meet(servers);
    const [one, two, three] = clients as [TestClient, TestClient, TestClient];
    const late = await connect(servers[0]!.url);
    redis.pause();
    const refused = late.ask("join", privately(7));
    three.socket.disconnect();
    expect(await refused).toEqual({ ok: false, reason: "unavailable" });
    expect(await membersSeenBy(two)).toBe("unavailable");
    // Longer than a lease: the lease of every process has run out when Redis goes on.
    await new Promise((resolve) => setTimeout(resolve, SOON.leaseMs + SOON.renewMs));
    redis.goOn();
    await expect.poll(() => membersSeenBy(one)).toEqual(new Set([addresses[1]]));
    await expect.poll(() => membersSeenBy(two)).toEqual(new Set([addresses[0]]));
    await expectMeshed([one, two], addresses.slice(0, 2));
    expect(await servers[1]!.size()).toEqual({ rooms: 1, members: 2 });
    expect((await late.join(privately(7))).members.length).toBe(2);
    for (const client of [one, two, late]) expect(client.socket.connected).toBe(true);
  });

  describe("limits of one address", () => {
    const isTurnedAway = (server: ServerProcess) =>
      connect(server.url).then(
        () => false,
        () => true,
      );

    it("[J9c] connections are capped over all processes, and a closed one makes room at another", async () => {
      const servers = await start(3, { maxConnectionsPerAddress: 3 });
      const { clients } = await meet(servers);
      for (const server of servers) expect(await isTurnedAway(server)).toBe(true);
      clients[0]!.socket.disconnect();
      await expect.poll(() => isTurnedAway(servers[1]!)).toBe(false);
      expect(await isTurnedAway(servers[2]!)).toBe(true);
      await servers[1]!.end("SIGKILL");
      await expect.poll(() => isTurnedAway(servers[2]!)).toBe(false);
    });

    it("[J9c] many that connect at once, at all processes, are as many as may connect", async () => {
      const servers = await start(3, { maxConnectionsPerAddress: 5 });
      const turnedAway = await Promise.all(
        Array.from({ length: 30 }, (_, n) => isTurnedAway(servers[n % 3]!)),
      );
      expect(turnedAway.filter((away) => !away).length).toBe(5);
    });

    it("[J9c] new connections come at one rate over all processes", async () => {
      const servers = await start(3, { addressConnects: { burst: 4, perSecond: 0 } });
      const turnedAway = await Promise.all(
        Array.from({ length: 12 }, (_, n) => isTurnedAway(servers[n % 3]!)),
      );
      expect(turnedAway.filter((away) => !away).length).toBe(4);
    });

    it("[J9b] messages have one rate over all processes, but for 256 a process", async () => {
      const free = { burst: 1_000_000, perSecond: 0 };
      const burst = 600;
      const servers = await start(3, {
        addressMessages: { burst, perSecond: 0 },
        socketMessages: free,
        socketFrames: free,
      });
      const { clients } = await meet(servers);
      let answered = 0;
      const askUntilRefused = async (client: TestClient) => {
        for (let n = 0; n < burst; n++) {
          if (!(await client.ask("sample")).ok) return;
          answered++;
        }
      };
      await Promise.all(clients.map(askUntilRefused));
      expect(answered).toBeLessThanOrEqual(burst + 3 * 256);
      for (const client of clients) expect(await membersSeenBy(client)).toBe("too-fast");
    });

    it("[J9c] while Redis is stopped, each process has its own limits", async () => {
      const servers = await start(2, { maxConnectionsPerAddress: 2 });
      const { clients } = await meet(servers);
      await redis.stop();
      await expect.poll(() => membersSeenBy(clients[0]!)).toBe("unavailable");
      for (const away of [false, true]) expect(await isTurnedAway(servers[0]!)).toBe(away);
      await redis.restart();
      await expect.poll(async () => (await servers[0]!.size()).members).toBe(2);
      expect(await isTurnedAway(servers[1]!)).toBe(true);
    });
  });

  it("[J5a] [J10a] a slow reader's bound holds for envelopes that come from another process", async () => {
    const options = { redis: { url: redis.url, space: randomUUID() }, limits: { maxWaitingFrames: 8 } };
    const [near, far] = [await startServer(options), await startServer(options)];
    const sender = await connect(near.url);
    await sender.join(privately(0));
    const reader = await connect(far.url, {}, ["polling"]);
    const { address } = await reader.join(privately(1));
    // The poll that is under way takes the first, and no other follows.
    const { transport } = reader.socket.io.engine as unknown as {
      transport: { pause(paused: () => void): void };
    };
    transport.pause(() => {});
    for (let n = 0; n < 40; n++) sender.socket.emit("envelope", { to: address, bytes: bytes(n) });
    const { relayed, refused } = far.server.counters;
    await expect.poll(() => relayed.messages + refused["slow-reader"]).toBe(40);
    expect(refused["slow-reader"]).toBeGreaterThan(0);
    expect(near.server.counters.relayed.messages).toBe(0);
    expect(sender.refusals).toEqual([]);
  });

  it("[J6] any junk under any event name is refused, named, and hurts nobody", async () => {
    const space = randomUUID();
    const { url, server } = await startServer({ redis: { url: redis.url, space } });
    const member = await connect(url);
    await member.join(privately(1));
    await expectJunkRefused(url);
    expect(await member.ask("sample")).toMatchObject({ ok: true });
    expect(server.counters.refused.internal).toBe(0);
    expect((await redis.keys()).filter((key) => key.startsWith(`${space}:room:`)).length).toBe(1);
  });
});

describe("the times of production", () => {
  it("[J19] leave no ghost after 60 s, and pages an answer within their 10 s", () => {
    // A process dies right after a renewal; another one must renew once to notice, and once more where it was late.
    expect(LEASE_MS + 2 * RENEW_MS).toBeLessThanOrEqual(60_000);
    // One lost renewal kills nobody.
    expect(LEASE_MS).toBeGreaterThan(2 * RENEW_MS);
    // A question that finds Redis empty waits twice.
    expect(2 * LIMIT_MS).toBeLessThan(10_000);
  });
});
