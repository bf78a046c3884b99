/** Every error names its cause and its remedy, harms nothing else, and heals by itself where it can. */
import { appendFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { liftUplink, slowUplink } from "../../lib/peers/channels.ts";
import { MiB, randomBytes, randomFile, sha256 } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { expect, SERVER_GONE, test } from "../../lib/test.ts";

const LENGTH = 48 * MiB;
/** Slow enough to be caught in the middle. */
const before = slowUplink(LENGTH / pace.seconds(60));

const expectDownloading = async (taker: RoomPage, name: string): Promise<void> => {
  await expect(taker.transfer(name)).toContainText("Downloading");
  await expect(taker.transfer(name)).not.toContainText("Complete");
};

test("a mistyped room code names the word that is not in the list", async ({ open }) => {
  const page = await open("/");
  const code = await page.newPrivateRoom();
  const mistyped = [...code.split("-").slice(0, -1), "ottre"].join("-");
  await page.join(mistyped);
  await expect(page.page.getByText(/ottre/).first()).toContainText(/not (in|on) the (word )?list/);
  expect(page.code, "the room in use is still the old one").toBe(code);
});

test("a mistyped link names the word that is not in the list", async ({ open }) => {
  const page = await open("/#amber-ottre-cedar-violet");
  await expect(page.page.getByText(/ottre/).first()).toContainText(/not (in|on) the (word )?list/);
});

test("a stopped server shows as offline and stops no transfer; when it is back, so is the page, by itself", async ({
  server,
  folder,
  open,
  openPair,
  complaints,
}) => {
  complaints.expect(SERVER_GONE);
  const file = await randomFile(join(folder, "long way.bin"), 5, LENGTH);
  const [giver, taker] = await openPair({ before });
  await giver.addFiles(file);
  await taker.find("long way.bin");

  await taker.download("long way.bin");
  await expectDownloading(taker, "long way.bin");
  await server.stop();
  await expect(taker.server).toContainText("offline");
  await expect(giver.server).toContainText("offline");
  await expectDownloading(taker, "long way.bin");
  await liftUplink(giver);
  const [saved] = await taker.saved(1);
  expect(await sha256(saved!.path)).toBe(await sha256(file));

  await server.restart();
  await taker.expectOnline();
  await giver.expectOnline();
  const newcomer = await open(`/#${taker.code}`);
  await newcomer.expectPeers(2);
});

const DAMAGES = [
  {
    done: "edited without changing its length",
    says: /changed/i,
    damage: (path: string) => writeFile(path, randomBytes(77, 3 * MiB)),
  },
  { done: "lengthened", says: /changed/i, damage: (path: string) => appendFile(path, "one line more") },
  { done: "deleted", says: /gone|vanished|deleted|no longer/i, damage: (path: string) => rm(path) },
];
for (const { done, says, damage } of DAMAGES)
  test(`a source file ${done} between sharing and fetching: a clear error on both sides, nothing saved`, async ({
    folder,
    openPair,
  }) => {
    const file = await randomFile(join(folder, "draft.bin"), 6, 3 * MiB);
    const [giver, taker] = await openPair();
    await giver.addFiles(file);
    await taker.find("draft.bin");

    await damage(file);
    await taker.download("draft.bin");

    await taker.waitFailed("draft.bin");
    await expect(taker.transfer("draft.bin")).toContainText(says);
    await expect(giver.library.getByRole("listitem").filter({ hasText: "draft.bin" })).toContainText(says);
    expect(taker.saves).toEqual([]);
  });

test("a source edited halfway fails the transfer and saves nothing wrong", async ({ folder, openPair }) => {
  const file = await randomFile(join(folder, "moving target.bin"), 7, LENGTH);
  const [giver, taker] = await openPair({ before });
  await giver.addFiles(file);
  await taker.download("moving target.bin");
  await expectDownloading(taker, "moving target.bin");

  await writeFile(file, randomBytes(8, LENGTH));
  await liftUplink(giver);

  await taker.waitFailed("moving target.bin");
  expect(taker.saves).toEqual([]);
});

test("a peer that goes leaves the transfer waiting for a source, and another holder completes it", async ({
  folder,
  open,
  openPair,
}) => {
  const file = await randomFile(join(folder, "relay race.bin"), 9, LENGTH);
  const [giver, taker] = await openPair({ before });
  await giver.addFiles(file);
  await taker.download("relay race.bin");
  await expectDownloading(taker, "relay race.bin");

  await giver.page.close();
  await taker.expectPeers(0);
  await expect(taker.transfer("relay race.bin")).toContainText("Queued");
  expect(taker.saves).toEqual([]);

  const second = await open(`/#${taker.code}`);
  await second.addFiles(file);
  const [saved] = await taker.saved(1);
  expect(await sha256(saved!.path)).toBe(await sha256(file));
});
