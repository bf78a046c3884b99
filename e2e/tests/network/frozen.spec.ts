/** Pages that are frozen and go on, as behind a closed lid or a phone's file picker; and browsers that are killed. */
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { randomFile, sha256 } from "../../lib/files.ts";
import { Freezable } from "../../lib/page/freezable.ts";
import { pace } from "../../lib/pace.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { expect, test } from "../../lib/test.ts";

const NAME = "cold.bin";
const LENGTH = 24 * 1024 * 1024;
/** In flight when it is frozen, however fast the machine is. */
const KILOBYTES_PER_SECOND = "2048";

test.skip(process.platform === "win32", "needs SIGSTOP");

const limit = async (room: RoomPage, kilobytes: string): Promise<void> => {
  await room.page.getByRole("button", { name: "Settings" }).click();
  const box = room.page.getByRole("spinbutton", { name: "Download, in all" });
  await box.fill(kilobytes);
  await box.press("Tab");
  await room.page.keyboard.press("Escape");
};

/** The page's words for the way to its only other person: "away", "direct, 2 ms". */
const reachIn = (room: RoomPage): Promise<string> =>
  room.people.allInnerTexts().then((people) => (people.length === 0 ? "gone" : people.join(" ")));

test("[K1][K3] a sender and a receiver that were frozen in mid transfer blame nobody, and the file arrives", async ({
  server,
  folder,
  open,
  complaints,
  soak,
}) => {
  const frozenMs = soak ? 300_000 : 60_000;
  test.setTimeout(frozenMs + pace.hangMs(240_000));
  complaints.expect(/WebSocket|ERR_/);
  const path = await randomFile(join(folder, NAME), 19, LENGTH);
  const pairs: { sender: RoomPage; receiver: RoomPage; frozen: Freezable }[] = [];
  try {
    for (const who of ["sender", "receiver"]) {
      const stays = await open("/");
      const code = await stays.newPrivateRoom();
      const frozen = await Freezable.open(`${server.urlAt()}/#${code}`);
      const [sender, receiver] = who === "sender" ? [frozen.room, stays] : [stays, frozen.room];
      pairs.push({ sender, receiver, frozen });
      await stays.expectPeers(1);
      await limit(receiver, KILOBYTES_PER_SECOND);
      await sender.addFiles(path);
      await receiver.download(NAME);
      await expect(receiver.transfer(NAME)).toContainText("Downloading");
    }
    for (const { receiver } of pairs)
      await expect
        .poll(async () => Number(await receiver.progress(NAME).getAttribute("aria-valuenow")), {
          timeout: pace.hangMs(60_000),
        })
        .toBeGreaterThan(0);
    for (const { frozen } of pairs) await frozen.freeze();
    await pass(frozenMs);
    for (const { frozen } of pairs) frozen.goOn();
    for (const { receiver } of pairs) {
      const transfer = receiver.transfer(NAME);
      await expect(transfer).not.toContainText("storage");
      await expect(transfer).toContainText("Complete", { timeout: pace.hangMs(180_000) });
      await expect(receiver.page.getByText(/storage does not work/)).toHaveCount(0);
      expect(await sha256((await receiver.saved(1))[0]!.path)).toBe(await sha256(path));
    }
  } finally {
    for (const { frozen } of pairs) await frozen.close();
  }
});

test("[W8a][V4a] a browser that was killed is away at once and gone soon", async ({ server, open }) => {
  test.setTimeout(pace.hangMs(300_000));
  const stays = await open("/");
  const code = await stays.newPrivateRoom();
  const other = await Freezable.open(`${server.urlAt()}/#${code}`);
  await stays.expectPeers(1);
  await expect.poll(() => reachIn(stays)).toContain("direct");
  await other.kill();
  const killedAt = Date.now();
  const note = (type: string): void => {
    const description = `after ${((Date.now() - killedAt) / 1000).toFixed(1)} s`;
    test.info().annotations.push({ type, description });
  };
  await expect.poll(() => reachIn(stays), { timeout: pace.hangMs(60_000) }).toContain("away");
  note("away");
  await expect.poll(() => reachIn(stays), { timeout: pace.hangMs(90_000) }).toBe("gone");
  note("gone");
});

test("[W8a][V5] a page that a phone's file picker froze for 20 s is away and back, and never gone", async ({
  server,
  open,
}) => {
  test.setTimeout(pace.hangMs(300_000));
  const stays = await open("/");
  const code = await stays.newPrivateRoom();
  const phone = await Freezable.open(`${server.urlAt()}/#${code}`);
  try {
    await stays.expectPeers(1);
    await phone.freeze();
    const frozenAt = Date.now();
    const seen: string[] = [];
    const look = async (): Promise<string> => {
      const reach = await reachIn(stays);
      const [word] = /gone|away|direct/.exec(reach) ?? ["in reach"];
      if (word !== seen.at(-1)) {
        const description = `${word} after ${((Date.now() - frozenAt) / 1000).toFixed(1)} s`;
        test.info().annotations.push({ type: "seen", description });
        seen.push(word);
      }
      return reach;
    };
    while (Date.now() < frozenAt + 20_000) await look();
    // From here on the pace of the machine counts: a page that wakes slowly may be gone for a moment, and is back.
    const whileFrozen = [...seen];
    phone.goOn();
    await expect.poll(look, { timeout: pace.hangMs(60_000) }).toContain("direct");
    await expect.poll(() => reachIn(phone.room), { timeout: pace.hangMs(60_000) }).toContain("direct");
    expect(whileFrozen).toContain("away");
    expect(whileFrozen).not.toContain("gone");
  } finally {
    await phone.close();
  }
});
