/** Clients that join as fast as they can. */
import { describe, expect, it } from "vitest";
import { connect, privately, startServer } from "../harness.ts";

const tagOf = (n: number) => n.toString(16).padStart(64, "0");

describe("join storms", () => {
  it("[J7] [J9] a member that joins one room after another is in one of them, and is slowed down by name", async () => {
    const { url, server } = await startServer();
    const stormer = await connect(url);
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => stormer.ask("join", privately(1, tagOf(n)))),
    );
    const refused = answers.filter((joined) => !joined.ok);
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused.map((joined) => !joined.ok && joined.reason))).toEqual(new Set(["too-fast"]));
    expect(server.counters.refused["too-fast"]).toBe(refused.length);
    expect(await server.health()).toMatchObject({ rooms: 1, members: 1 });
    expect(await (await connect(url)).join(privately(2))).toMatchObject({ ok: true });
  });

  it("[J9a] a member that goes on joining all the same is disconnected, and leaves no room behind", async () => {
    const { url, server } = await startServer();
    const stormer = await connect(url);
    for (let n = 0; n < 3_000; n++) stormer.socket.emit("join", privately(1, tagOf(n)), () => {});
    await expect.poll(() => stormer.socket.connected).toBe(false);
    expect(server.counters.refused.flood).toBeGreaterThan(0);
    await expect.poll(() => server.health()).toMatchObject({ rooms: 0, members: 0 });
  });

  it("[J9] many sockets of one address that storm together share its bucket, and leave no room behind", async () => {
    const { url, server } = await startServer({ limits: { addressMessages: { burst: 500, perSecond: 0 } } });
    const stormers = await Promise.all(Array.from({ length: 50 }, () => connect(url)));
    const answers = await Promise.all(
      stormers.flatMap((stormer, i) =>
        Array.from({ length: 40 }, (_, n) => stormer.ask("join", privately(i, tagOf(100 * i + n)))),
      ),
    );
    expect(answers.filter(({ ok }) => ok).length).toBe(500);
    const { rooms, members } = await server.health();
    expect([rooms, members]).toEqual([members, rooms]);
    expect(members).toBeLessThanOrEqual(50);
    for (const { socket } of stormers) socket.disconnect();
    await expect.poll(() => server.health()).toMatchObject({ rooms: 0, members: 0 });
  });

  it("[J7] sockets that join and vanish at once leave no member behind", async () => {
    const { url, server } = await startServer();
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(url)));
    for (const [n, { socket }] of clients.entries()) {
      socket.emit("join", privately(n, tagOf(n)), () => {});
      socket.disconnect();
    }
    // A later one is answered after all of them.
    const last = await connect(url);
    await last.join(privately(999));
    await expect.poll(() => server.health()).toMatchObject({ rooms: 1, members: 1 });
  });
});
