/** The main job: share a file, find it, fetch it, verify every byte; and the server knows nothing of it. */
import { basename, join } from "node:path";
import { LAN_HOST } from "../../lib/browser.ts";
import { awkwardFolder, MiB, randomFile, sha256, unsafeName } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import { Tap } from "../../lib/peers/tap.ts";
import { expect, test } from "../../lib/test.ts";

const WORLDS = [
  { world: "on localhost, a secure context", host: "localhost", secure: true },
  { world: "over plain http on a LAN host name", host: LAN_HOST, secure: false },
];

for (const { world, host, secure } of WORLDS)
  test(`64 MiB and 50 awkward names arrive with the source's SHA-256, and the server learns none of it, ${world}`, async ({
    server,
    folder,
    openPair,
  }) => {
    test.setTimeout(pace.hangMs(900_000));
    const tap = new Tap();
    const big = await randomFile(join(folder, "sixty-four mebibytes.bin"), 64, 64 * MiB);
    const awkward = await awkwardFolder(folder);
    const [giver, taker] = await openPair({ host, before: async (page) => tap.watch(page) });
    expect(await taker.page.evaluate(() => isSecureContext)).toBe(secure);
    await giver.rename("Wilhelmina");
    await expect(taker.person("Wilhelmina")).toBeVisible();

    await giver.addFiles(big);
    await giver.addFolder(awkward.path);
    await taker.download("sixty-four mebibytes.bin");
    for (const { token } of awkward.files) await taker.download(token);
    const saved = await taker.saved(1 + awkward.files.length);

    const sums = await Promise.all(saved.map(({ path }) => sha256(path)));
    const expected = [await sha256(big), ...awkward.files.map((file) => file.sha256)];
    expect(sums.toSorted()).toEqual(expected.toSorted());
    expect(saved.map(({ name }) => unsafeName(name)).filter((problem) => problem !== undefined)).toEqual([]);

    expect(server.relayed.messages, "introductions went through the server").toBeGreaterThan(0);
    expect(server.relayed.bytes).toBeLessThan(64 * 1024);
    expect(tap.bytes, "the tap heard every envelope").toBeGreaterThanOrEqual(2 * server.relayed.bytes);
    const secrets = [
      ...[big, ...awkward.files.map((file) => file.path)].map((path) => basename(path)),
      ...awkward.files.map((file) => file.token),
      ...saved.map(({ name }) => name),
      "Wilhelmina",
      "a=fingerprint",
      "candidate:",
      "v=0",
      taker.code,
    ];
    expect(tap.leaked(secrets)).toEqual([]);
    expect(secrets.filter((secret) => server.log.join("\n").includes(secret))).toEqual([]);
  });
