/**
 * A room without its server, which only ever introduced peers: pages of six real browsers go on finding, fetching and
 * posting, also with peers that they had no link to. When the server is back, all works again, for newcomers too.
 */
import { join } from "node:path";
import { liftUplink, slowUplink } from "../../lib/peers/channels.ts";
import { connectionsBetween, cutBetween, watchConnections } from "../../lib/peers/connections.ts";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { expect, SERVER_GONE, test } from "../../lib/test.ts";

const PEERS = 6;
const LONG = 16 * MiB;
const MEETING_MS = pace.hangMs(120_000);

test("[I9] six peers lose their server: search, the board, a running transfer and one between two unconnected peers go on; it returns, and a seventh sees everything", async ({
  soak,
  folder,
  open,
  complaints,
}) => {
  const deadMs = soak ? 120_000 : 20_000;
  test.setTimeout(pace.hangMs(600_000) + 2 * deadMs);
  complaints.expect(SERVER_GONE);
  const server = await ServerProcess.start();
  try {
    const file = (name: string, seed: number, length: number) => randomFile(join(folder, name), seed, length);
    const long = await file("long.bin", 40, LONG);
    const late = await file("late.bin", 41, 100_000);
    const between = await file("between.bin", 42, MiB);

    const ada = await open("/", {
      at: server,
      before: (page) => Promise.all([watchConnections(page), slowUplink(LONG / pace.seconds(60))(page)]),
    });
    const code = await ada.newPrivateRoom();
    const others = await Promise.all(
      Array.from({ length: PEERS - 1 }, () => open(`/#${code}`, { at: server, before: watchConnections })),
    );
    const rooms = [ada, ...others];
    for (const room of rooms) await expect(room.people).toHaveCount(PEERS - 1, { timeout: MEETING_MS });
    const [bela, chen, dora, emil, fay] = others as [RoomPage, RoomPage, RoomPage, RoomPage, RoomPage];

    await expect.poll(() => connectionsBetween(emil, fay), { timeout: MEETING_MS }).toHaveLength(1);
    await ada.addFiles(long);
    await bela.download("long.bin");
    await expect(bela.transfer("long.bin")).toContainText("Downloading");

    await server.kill();
    const diedAt = Date.now();
    for (const room of rooms) await expect(room.server).toContainText("offline");
    await expect(bela.transfer("long.bin"), "it was not over by then").toContainText("Downloading");
    await liftUplink(ada);

    const cut = await cutBetween(emil, fay);
    expect(await connectionsBetween(emil, fay)).toEqual([]);
    await fay.addFiles(between);
    await emil.download("between.bin");
    expect(await sha256((await emil.saved(1))[0]!.path)).toBe(await sha256(between));
    const again = await connectionsBetween(emil, fay);
    expect(again, "introduced by the others").toHaveLength(1);
    expect(cut).not.toContain(again[0]);

    await dora.addFiles(late);
    for (const room of [ada, bela, chen, emil, fay]) await room.find("late.bin");

    for (const room of rooms) await room.openBoard();
    const posts: string[] = [];
    do {
      const text = `number ${posts.length}, while the server is away`;
      await rooms[posts.length % rooms.length]!.post(text);
      posts.push(text);
      for (const room of rooms) await room.expectPosts(...posts);
    } while (Date.now() - diedAt < deadMs || posts.length < rooms.length);

    await bela.waitComplete("long.bin");
    expect(await sha256((await bela.saved(1))[0]!.path)).toBe(await sha256(long));
    for (const room of rooms) await expect(room.server).toContainText("offline");

    await server.restart();
    for (const room of rooms) await room.expectOnline();
    const gus = await open(`/#${code}`, { at: server });
    await expect(gus.people).toHaveCount(PEERS, { timeout: MEETING_MS });
    for (const name of ["long.bin", "late.bin", "between.bin"]) await gus.find(name);
    await gus.openBoard();
    await gus.expectPosts(...posts);
  } finally {
    await server.kill();
  }
});
