/**
 * Relay servers (TURN): two people whose networks keep them apart, or one who hides the own address, meet by coturn. As
 * far as the network can tell, they are real computers behind real routers: lib/servers/namespaces.ts.
 */
import { join } from "node:path";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import { liftUplink, slowUplink } from "../../lib/peers/channels.ts";
import { connectionsBetween, cutBetween } from "../../lib/peers/connections.ts";
import {
  askRelayAsAtFirst,
  candidatesHeard,
  connectionStats,
  forgetCandidates,
  watchIce,
} from "../../lib/peers/ice.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { Coturn, whyNoCoturn } from "../../lib/servers/coturn.ts";
import { BRIDGE_ADDRESS, Namespaces, whyNoNats, type Nat } from "../../lib/servers/namespaces.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { expect, test, type Complaints } from "../../lib/test.ts";

interface Pair {
  readonly ann: RoomPage;
  readonly ben: RoomPage;
}

interface Situation {
  readonly nat: Nat;
  readonly dropsUdp?: boolean;
  /** null: the operator has no relay server. */
  readonly ttlSeconds?: number | null;
  readonly uplinkBytesPerSecond?: number;
}

/** Ann and Ben in one room, each in a browser and behind a router of their own, and nobody else. */
const inSituation = async (
  { nat, dropsUdp = false, ttlSeconds = 3600, uplinkBytesPerSecond }: Situation,
  { folder, complaints }: { readonly folder: string; readonly complaints: Complaints },
  act: (pair: Pair) => Promise<void>,
): Promise<void> => {
  const why = (await whyNoNats()) ?? whyNoCoturn();
  if (why !== null) console.warn(`\n!!! SKIPPED, relay servers: ${why}\n`);
  test.skip(why !== null, why ?? "");
  test.setTimeout(pace.hangMs(300_000));
  const network = await Namespaces.openBehindNats(folder, [nat, nat]);
  let coturn: Coturn | undefined;
  let server: ServerProcess | undefined;
  try {
    const within = network.middle;
    if (dropsUdp) for (const peer of [0, 1]) await network.dropUdp(peer);
    coturn = await Coturn.start(join(folder, "coturn"), within, BRIDGE_ADDRESS);
    server = await ServerProcess.start({
      within,
      env: ttlSeconds === null ? {} : coturn.settings(ttlSeconds),
    });
    const url = server.urlAt(BRIDGE_ADDRESS);
    const pages = await Promise.all((await network.launch([url])).map((context) => context.newPage()));
    for (const page of pages) {
      complaints.watch(page.context());
      await watchIce(page);
      if (uplinkBytesPerSecond !== undefined) await slowUplink(uplinkBytesPerSecond)(page);
    }
    const [ann, ben] = pages.map((page) => new RoomPage(page)) as [RoomPage, RoomPage];
    await ann.page.goto(url);
    await ben.page.goto(`${url}/#${await ann.newPrivateRoom()}`);
    await ann.rename("Ann");
    await ben.rename("Ben");
    await act({ ann, ben });
  } finally {
    await network.close();
    await server?.kill();
    await coturn?.close();
  }
};

const meet = async ({ ann, ben }: Pair, how: "by relay server" | "direct"): Promise<void> => {
  await expect(ann.person("Ben")).toContainText(how, { timeout: pace.hangMs(60_000) });
  await expect(ben.person("Ann")).toContainText(how, { timeout: pace.hangMs(60_000) });
};

const move = async ({ ann, ben }: Pair, path: string, name: string): Promise<void> => {
  await ann.addFiles(path);
  await ben.download(name);
  expect(await sha256((await ben.saved(1))[0]!.path)).toBe(await sha256(path));
};

const setRelayOnly = async ({ page }: RoomPage, on: boolean): Promise<void> => {
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("checkbox", { name: "Only through a relay" }).setChecked(on);
  await page.keyboard.press("Escape");
};

test("[Y2a] behind symmetric NATs two do not meet without a relay server, and the page names the remedy", async ({
  folder,
  complaints,
}) => {
  await inSituation({ nat: "symmetric", ttlSeconds: null }, { folder, complaints }, async ({ ann, ben }) => {
    // The one who called is told.
    const told = ({ page }: RoomPage) =>
      page.getByRole("alert").filter({ hasText: "can set up a relay server (TURN)" }).count();
    await expect
      .poll(async () => (await told(ann)) + (await told(ben)), { timeout: pace.hangMs(120_000) })
      .toBeGreaterThan(0);
    for (const room of [ann, ben]) await room.expectPeers(0);
  });
});

for (const { title, protocol, dropsUdp } of [
  { title: "by TURN over UDP", protocol: "udp", dropsUdp: false },
  { title: "by TURN over TCP where their routers drop UDP", protocol: "tcp", dropsUdp: true },
])
  test(`[J16] behind symmetric NATs two meet ${title}, move a file, and the page says how`, async ({
    folder,
    complaints,
  }) => {
    const path = await randomFile(join(folder, "over there.bin"), 62, 2 * MiB);
    await inSituation({ nat: "symmetric", dropsUdp }, { folder, complaints }, async (pair) => {
      await meet(pair, "by relay server");
      await move(pair, path, "over there.bin");
      for (const room of [pair.ann, pair.ben]) {
        const [used] = await connectionStats(room);
        expect([used!.local, used!.remote].map((end) => end?.candidateType)).toContain("relay");
        if (used!.local?.candidateType === "relay") expect(used!.local.relayProtocol).toBe(protocol);
        // Almost all of it went by the relay server, and no byte of the file directly.
        const carried = room.page.getByRole("term").filter({ hasText: "by relay server" });
        await expect(carried.locator("xpath=following-sibling::dd")).toContainText(/\d(\.\d+)?\sMB/);
      }
    });
  });

test("[J14c] [J14e] credentials expire in the middle of a transfer: they are refused then, and new ones take over", async ({
  folder,
  complaints,
}) => {
  const ttlSeconds = 10;
  const path = await randomFile(join(folder, "long.bin"), 63, 12 * MiB);
  const situation: Situation = {
    ...{ nat: "symmetric", ttlSeconds },
    uplinkBytesPerSecond: (12 * MiB) / pace.seconds(120),
  };
  await inSituation(situation, { folder, complaints }, async (pair) => {
    const { ann, ben } = pair;
    await meet(pair, "by relay server");
    await ann.addFiles(path);
    await ben.download("long.bin");
    await expect(ben.transfer("long.bin")).toContainText("Downloading");
    const names = await connectionsBetween(ann, ben);
    const [first] = await connectionStats(ann);
    const expiresAtMs = Number(first!.username!.split(":")[0]) * 1000;

    await expect.poll(() => askRelayAsAtFirst(ann), { timeout: pace.hangMs(60_000) }).toBe(401);
    expect(Date.now()).toBeGreaterThan(expiresAtMs);
    expect(await connectionsBetween(ann, ben), "the link goes on").toEqual(names);
    await expect(ben.transfer("long.bin")).not.toContainText("Complete");

    await cutBetween(ann, ben);
    await expect.poll(async () => (await connectionsBetween(ann, ben)).length).toBe(1);
    const [second] = await connectionStats(ann);
    expect(Number(second!.username!.split(":")[0]) * 1000).toBeGreaterThan(expiresAtMs);
    await meet(pair, "by relay server");
    await expect(ben.transfer("long.bin")).not.toContainText("Complete");
    await liftUplink(ann, ben);
    expect(await sha256((await ben.saved(1))[0]!.path)).toBe(await sha256(path));
  });
});

test("[J17] [J17a] one who connects only through a relay is reached by it alone, and tells no other address", async ({
  folder,
  complaints,
}) => {
  const path = await randomFile(join(folder, "discreet.bin"), 64, 300_000);
  await inSituation({ nat: "cone" }, { folder, complaints }, async (pair) => {
    const { ann, ben } = pair;
    await meet(pair, "direct");
    await forgetCandidates(ben);
    await setRelayOnly(ann, true);
    await meet(pair, "by relay server");
    await move(pair, path, "discreet.bin");

    const stats = await connectionStats(ann);
    expect(stats.length).toBeGreaterThan(0);
    for (const { gathered, local } of stats)
      expect(new Set([...gathered, local!].map(({ candidateType }) => candidateType))).toEqual(
        new Set(["relay"]),
      );
    const heard = await candidatesHeard(ben);
    expect(heard.length).toBeGreaterThan(0);
    for (const candidate of heard)
      expect(candidate).toMatch(/ 10\.213\.77\.1 \d+ typ relay raddr 0\.0\.0\.0 rport 0/);

    await setRelayOnly(ann, false);
    await meet(pair, "direct");
  });
});

test("[J17] where the server names no relay server, one who wants nothing else connects to nobody, and is told so", async ({
  openPair,
}) => {
  const [ann, ben] = await openPair({ before: watchIce });
  await forgetCandidates(ben);
  await setRelayOnly(ann, true);
  const banner = ann.page.getByRole("complementary", { name: "About the server" });
  await expect(banner).toContainText("this server names no relay server");
  // The other one has tried in vain.
  await expect(ben.page.getByRole("alert")).toContainText("Their browser allows no direct connections", {
    timeout: pace.hangMs(120_000),
  });
  for (const room of [ann, ben]) await room.expectPeers(0);
  expect(await candidatesHeard(ben)).toEqual([]);
  await setRelayOnly(ann, false);
  await expect(banner).toHaveCount(0);
  await expect(ann.page.getByRole("alert")).toHaveCount(0);
  for (const room of [ann, ben]) await room.expectPeers(1);
});
