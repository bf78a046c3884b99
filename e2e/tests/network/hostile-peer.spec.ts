/**
 * Peers that lie, over real WebRTC. For every kind of lie, the file arrives whole from the honest source beside the
 * liar, and the liar is named and dropped. How each refusal is counted: client/engine/test/links/hostile-peer.test.ts.
 */
import { join } from "node:path";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { NodePeers, type NodePeer } from "../../lib/peers/node-peers.ts";
import { pace } from "../../lib/pace.ts";
import { expect, test as base } from "../../lib/test.ts";

const test = base.extend<{ nodePeers: NodePeers }>({
  // eslint-disable-next-line no-empty-pattern
  nodePeers: async ({}, use) => {
    const peers = NodePeers.start();
    await use(peers);
    await peers.close();
  },
});

test("a peer in Node and a page fetch from each other", async ({ server, folder, nodePeers, open }) => {
  const page = await open("/");
  const code = await page.newPrivateRoom();
  const peer = await nodePeers.join({ serverUrl: server.urlAt(), code, name: "Nora" });
  await page.expectPeers(1);
  await expect(page.person("Nora")).toBeVisible();

  const [hers, mine] = [
    await randomFile(join(folder, "from Nora.bin"), 1, 3 * MiB),
    await randomFile(join(folder, "from the page.bin"), 2, 3 * MiB),
  ];
  await peer.share(hers);
  await page.download("from Nora.bin");
  const [saved] = await page.saved(1);
  expect(await sha256(saved!.path)).toBe(await sha256(hers));

  await page.addFiles(mine);
  expect(await peer.fetch("from the page.bin")).toBe(await sha256(mine));
});

const NOT_THE_FILE = "sent data that is not the file";
const FAR_MORE = "sent far more than anybody asked for";
const NO_SENSE = "sent messages that make no sense";

/** Lies of a peer that is a member, and the words of the page about the liar. */
const LIES_OF_A_MEMBER: [lie: string, says: string][] = [
  ["wrong blocks", NOT_THE_FILE],
  ["a block longer than asked", NOT_THE_FILE],
  ["a bitfield of the wrong length", NOT_THE_FILE],
  ["a wrong piece layer", NOT_THE_FILE],
  ["a flood of bitfields", FAR_MORE],
  ["garbage", NO_SENSE],
  ["a text of digits", NO_SENSE],
  ["an oversize frame", NO_SENSE],
  ["a second proof", "could not prove who they are"],
  ["a false feed entry", "published a list that does not check out"],
];
/** Lies of peers that are never linked, so that no page shows them. */
const LIES_BEFORE_THE_PROOF = ["a false proof", "a frame before its proof"];

test("a file arrives whole beside a liar of each kind, and the liar is let go", async ({
  server,
  folder,
  nodePeers,
  openPair,
}) => {
  test.setTimeout(pace.hangMs(900_000));
  const [honest, page] = await openPair();
  await honest.rename("Hannah");
  await page.rename("Paula");
  let files = 0;
  let dialsWhileBelieved = 0;

  /** A liar joins, both offer the same file, the page downloads it; then it has come whole. */
  const downloadBeside = async (lie: string, duringDownload: (liar: NodePeer) => Promise<void>) => {
    const name = `file ${++files}.bin`;
    const path = await randomFile(join(folder, name), files, 4 * MiB + files);
    const liar = await nodePeers.join({ serverUrl: server.urlAt(), code: page.code, name: lie, lie });
    const isMember = !LIES_BEFORE_THE_PROOF.includes(lie);
    if (isMember) await expect.poll(async () => (await liar.state()).linked).toContain("Paula");
    await liar.share(path);
    // The layer is asked of one source only: there the liar is the first.
    const layerFirst = lie === "a wrong piece layer";
    if (!layerFirst) await honest.addFiles(path);
    const row = await page.find(name);
    if (isMember && !layerFirst) await expect(row).toContainText(/2\s*sources/);
    dialsWhileBelieved = (await liar.state()).dials;
    await row.getByRole("button", { name: /^Download / }).click();
    await duringDownload(liar);
    if (layerFirst) await honest.addFiles(path);
    const saved = (await page.saved(files)).at(-1)!;
    expect(saved.name).toBe(name);
    expect(await sha256(saved.path)).toBe(await sha256(path));
    return liar;
  };

  for (const [lie, says] of LIES_OF_A_MEMBER)
    await test.step(lie, async () => {
      const liar = await downloadBeside(lie, async (liar) => {
        await expect(page.page.getByText(`${lie} was dropped: ${says}.`)).toBeVisible();
        await expect.poll(async () => (await liar.state()).linked).not.toContain("Paula");
      });
      // It chose Paula, and calls again: in vain. [O6a] [W4]
      await expect.poll(async () => (await liar.state()).dials).toBeGreaterThan(dialsWhileBelieved);
      expect((await liar.state()).linked).not.toContain("Paula");
      // In a larger room not everybody would be linked to Paula.
      await liar.close();
    });

  for (const lie of LIES_BEFORE_THE_PROOF)
    await test.step(lie, async () => {
      const liar = await downloadBeside(lie, async () => {});
      await expect.poll(async () => (await liar.state()).dials).toBeGreaterThan(2);
      await expect(page.person(lie)).toHaveCount(0);
      await liar.close();
    });

  await test.step("unrequested blocks are no reason to part", async () => {
    const liar = await downloadBeside("unrequested blocks", async () => {});
    expect((await liar.state()).linked).toContain("Paula");
    await liar.close();
  });

  await page.expectPeers(1);
});
