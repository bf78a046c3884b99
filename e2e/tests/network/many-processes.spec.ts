/** Several processes of the server share their rooms through Redis, and one of them dies. */
import { join } from "node:path";
import { findRedis, RedisServer } from "../../../signaling/test/redis/redis-server.ts";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { liftUplink, slowUplink } from "../../lib/peers/channels.ts";
import { Balancer } from "../../lib/servers/balancer.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { expect, SERVER_GONE, test } from "../../lib/test.ts";

const NAME = "lecture.bin";
const LENGTH = 24 * MiB;
/** Slow enough to kill a server midway; lifted then. */
const RATE = LENGTH / pace.seconds(30);

/** Envelopes that this process passed to its own clients. */
const relayedBy = async (server: ServerProcess): Promise<number> => {
  const health = (await (await fetch(`${server.urlAt()}/healthz`)).json()) as {
    relayed: { messages: number };
  };
  return health.relayed.messages;
};

test("[J19] pages at three processes meet and transfer, and one process that is killed costs nobody anything", async ({
  folder,
  open,
  complaints,
}) => {
  const program = findRedis();
  test.skip(program === undefined, "there is no redis-server");
  test.setTimeout(pace.hangMs(300_000));
  complaints.expect(SERVER_GONE);
  const redis = await RedisServer.start(program!);
  const servers: ServerProcess[] = [];
  const balancers: Balancer[] = [];
  try {
    const env = { REDIS_URL: redis.url, TRANSPORTS: "websocket" };
    for (let n = 0; n < 3; n++) servers.push(await ServerProcess.start({ env }));
    // Each page prefers another process.
    for (let n = 0; n < 3; n++)
      balancers.push(await Balancer.start([...servers.slice(n), ...servers.slice(0, n)]));

    const rooms: RoomPage[] = [];
    for (const at of balancers) {
      const room = await open(rooms.length === 0 ? "/" : `/#${rooms[0]!.code}`, {
        at,
        before: slowUplink(RATE),
      });
      if (rooms.length === 0) await room.newPrivateRoom();
      rooms.push(room);
    }
    const [source, receiver, third] = rooms as [RoomPage, RoomPage, RoomPage];
    for (const room of rooms) await room.expectPeers(2);
    for (const server of servers) expect(await relayedBy(server)).toBeGreaterThan(0);

    const path = await randomFile(join(folder, NAME), 33, LENGTH);
    await source.addFiles(path);
    await receiver.download(NAME);
    const percent = async () => Number(await receiver.progress(NAME).getAttribute("aria-valuenow"));
    await expect.poll(percent, { timeout: pace.hangMs(120_000) }).toBeGreaterThanOrEqual(20);
    const before = await relayedBy(servers[2]!);
    await servers[1]!.kill();
    await receiver.expectOnline();
    expect(await percent(), "it was not over by then").toBeLessThan(100);
    await liftUplink(source);
    await receiver.waitComplete(NAME);
    const [saved] = await receiver.saved(1);
    expect(await sha256(saved!.path)).toBe(await sha256(path));

    // The receiver is at the third process now: a newcomer at the first finds it there.
    const newcomer = await open(`/#${source.code}`, { at: balancers[0]! });
    for (const room of [...rooms, newcomer]) await room.expectPeers(3);
    expect(await relayedBy(servers[2]!)).toBeGreaterThan(before);
    for (const room of [source, receiver, third]) await room.expectOnline();
  } finally {
    for (const balancer of balancers) await balancer.close();
    for (const server of servers) await server.kill();
    await redis.stop();
  }
});
