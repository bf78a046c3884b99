/** A server process that is replaced: its pages move to another one behind the same balancer, and lose nothing. */
import { join } from "node:path";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import { liftUplink, slowUplink } from "../../lib/peers/channels.ts";
import { Balancer } from "../../lib/servers/balancer.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { expect, SERVER_GONE, test } from "../../lib/test.ts";

const LENGTH = 8 * MiB;

test("[J11] [J11a] SIGTERM: pages go to the other process in the middle of a transfer, which completes, and a newcomer meets them", async ({
  folder,
  open,
  openPair,
  complaints,
}) => {
  complaints.expect(SERVER_GONE);
  const [leaving, staying] = [await ServerProcess.start(), await ServerProcess.start()];
  const balancer = await Balancer.start([leaving, staying]);
  const membersOf = async (server: ServerProcess): Promise<number> => {
    const health = await fetch(`${server.urlAt("127.0.0.1")}/healthz`);
    return ((await health.json()) as { members: number }).members;
  };
  try {
    const file = await randomFile(join(folder, "long.bin"), 50, LENGTH);
    const [ada, bela] = await openPair({ at: balancer, before: slowUplink(LENGTH / pace.seconds(60)) });
    expect(await membersOf(leaving)).toBe(2);
    await ada.addFiles(file);
    await bela.download("long.bin");
    await expect(bela.transfer("long.bin")).toContainText("Downloading");

    expect(await leaving.terminate(), "its exit code").toBe(0);
    await expect.poll(() => membersOf(staying), { timeout: pace.hangMs(60_000) }).toBe(2);
    for (const room of [ada, bela]) await room.expectOnline();
    await expect(bela.transfer("long.bin"), "it was not over by then").toContainText("Downloading");

    await liftUplink(ada);
    await bela.waitComplete("long.bin");
    expect(await sha256((await bela.saved(1))[0]!.path)).toBe(await sha256(file));
    const newcomer = await open(`/#${ada.code}`, { at: balancer });
    await newcomer.expectPeers(2);
  } finally {
    await balancer.close();
    await leaving.kill();
    await staying.kill();
  }
});
