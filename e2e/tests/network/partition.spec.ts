/**
 * A network that falls into two halves and is joined again: people go on in both halves, and afterwards everybody knows
 * everything. Peers without browsers, over real WebRTC, on two computers as far as the network can tell.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BRIDGE_ADDRESS, Namespaces, whyNoNamespaces } from "../../lib/servers/namespaces.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { NodePeers, type NodePeer } from "../../lib/peers/node-peers.ts";
import { pace } from "../../lib/pace.ts";
import { expect, test } from "../../lib/test.ts";

const PEERS_PER_HALF = 3;
const CODE = "amber-otter-cedar-violet";

test("[E10] two halves cut apart and healed have the same catalog and the same board within seconds", async ({
  folder,
}) => {
  const why = await whyNoNamespaces();
  if (why !== null) console.warn(`\n!!! SKIPPED, two halves cut apart: ${why}\n`);
  test.skip(why !== null, why ?? "");
  test.setTimeout(pace.hangMs(600_000));
  const network = await Namespaces.open(folder, [null, null]);
  let server: ServerProcess | undefined;
  const processes = [0, 1].map((half) => NodePeers.start(network.within(half)));
  try {
    server = await ServerProcess.start({ within: network.middle });
    const serverUrl = server.urlAt(BRIDGE_ADDRESS);
    const halves = await Promise.all(
      processes.map((nodePeers, half) =>
        Promise.all(
          Array.from({ length: PEERS_PER_HALF }, (_, i) =>
            nodePeers.join({ serverUrl, code: CODE, name: `${half}.${i}` }),
          ),
        ),
      ),
    );
    const [near, far] = halves as [NodePeer[], NodePeer[]];
    const all = [...near, ...far];
    const share = async (peer: NodePeer, name: string) => {
      await writeFile(join(folder, name), name);
      await peer.share(join(folder, name));
    };
    await share(near[0]!, "before.bin");
    await far[0]!.post("before");
    await expect.poll(() => statesOf(all)).toEqual(sameFor(all, ["before.bin"], ["before"]));

    await network.cut(1);
    const unlinked = async () =>
      (
        await Promise.all(
          halves.flatMap((half, i) => half.map(async (peer) => ({ i, ...(await peer.state()) }))),
        )
      ).every(({ i, linked }) => linked.every((name) => name.startsWith(`${i}.`)));
    await expect.poll(unlinked, { timeout: pace.hangMs(120_000) }).toBe(true);
    await Promise.all([
      ...near.map((peer, i) => share(peer, `near ${i}.bin`)),
      ...far.map((peer, i) => share(peer, `far ${i}.bin`)),
      ...near.map((peer, i) => peer.post(`near ${i}`)),
      ...far.map((peer, i) => peer.post(`far ${i}`)),
    ]);
    const said = (who: string) => [0, 1, 2].map((i) => `${who} ${i}`);
    await expect
      .poll(async () => (await statesOf(near)).map(({ posts }) => posts))
      .toEqual(near.map(() => ["before", ...said("near")]));

    await network.heal(1);
    await expect
      .poll(() => statesOf(all), { intervals: [100], timeout: pace.hangMs(10_000) })
      .toEqual(
        sameFor(
          all,
          [
            "before.bin",
            ...said("far").map((name) => `${name}.bin`),
            ...said("near").map((name) => `${name}.bin`),
          ],
          ["before", ...said("far"), ...said("near")],
        ),
      );
    const orders = await Promise.all(all.map(async (peer) => (await peer.state()).posts));
    expect(new Set(orders.map(String)).size, "one order everywhere").toBe(1);
  } finally {
    for (const nodePeers of processes) await nodePeers.close();
    await network.close();
    await server?.kill();
  }
});

const statesOf = (peers: readonly NodePeer[]) =>
  Promise.all(
    peers.map(async (peer) => {
      const { files, posts } = await peer.state();
      return { files: files.toSorted(), posts: posts.toSorted() };
    }),
  );

const sameFor = (peers: readonly NodePeer[], files: readonly string[], posts: readonly string[]) =>
  peers.map(() => ({ files, posts }));
