/** [S19] [S20] A sender sees how its uploads stand, and stops them, in real browsers. */
import { join } from "node:path";
import { slowUplink } from "../../lib/peers/channels.ts";
import { MiB, randomFile, sha256 } from "../../lib/files.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { expect, test as base } from "../../lib/test.ts";

interface Pair {
  readonly sender: RoomPage;
  readonly receiver: RoomPage;
}

/** Ada sends slowly, so that the test acts while the transfer is under way. */
const test = base.extend<{ pair: Pair }>({
  pair: async ({ open }, use) => {
    const sender = await open("/", { before: slowUplink(MiB) });
    const receiver = await open(`/#${await sender.newPrivateRoom()}`);
    await sender.rename("Ada");
    await receiver.rename("Bela");
    await expect(sender.person("Bela")).toBeVisible();
    await expect(receiver.person("Ada")).toBeVisible();
    await use({ sender, receiver });
  },
});

const press = (room: RoomPage, name: string): Promise<void> =>
  room.page.getByRole("button", { name, exact: true }).click();

test("[S19] the sender reads that it is paused, goes on, is cancelled, and clears it", async ({
  folder,
  pair: { sender, receiver },
}) => {
  await sender.addFiles(await randomFile(join(folder, "long.bin"), 71, 48 * MiB));
  await receiver.download("long.bin");
  const row = sender.transfer("long.bin");
  await expect(row).toContainText("Sending to Bela");
  await expect(row).toContainText(/B\/s out/);

  await press(receiver, "Pause long.bin");
  await expect(row).toContainText("Paused by Bela");
  await expect(row).not.toContainText("B/s");
  await press(receiver, "Resume long.bin");
  await expect(row).toContainText("Sending to Bela");
  await press(receiver, "Cancel long.bin");
  await expect(row).toContainText("Cancelled by Bela");
  await press(sender, "Clear finished");
  await expect(row).toHaveCount(0);
});

test("[S19] a file that arrived is shown as delivered, also when the receiver has left, until it is cleared", async ({
  folder,
  pair: { sender, receiver },
}) => {
  await sender.addFiles(await randomFile(join(folder, "short.bin"), 72, 2 * MiB));
  await receiver.download("short.bin");
  await receiver.waitComplete("short.bin");
  const row = sender.transfer("short.bin");
  await expect(row).toContainText("Delivered to Bela");
  await receiver.page.close();
  await expect(sender.person("Bela")).toHaveCount(0);
  await expect(row).toContainText("Delivered to Bela");
  await press(sender, "Clear short.bin to Bela");
  await expect(row).toHaveCount(0);
});

test("[S20] [S20b] when the sender stops a file, the receiver reads who did, and goes on when it is allowed again", async ({
  folder,
  pair: { sender, receiver },
}) => {
  const path = await randomFile(join(folder, "shared.bin"), 73, 8 * MiB);
  await sender.addFiles(path);
  await receiver.download("shared.bin");
  await expect(sender.transfer("shared.bin")).toContainText("Sending to Bela");
  await press(sender, "Stop Bela fetching shared.bin");
  await expect(sender.transfer("shared.bin")).toContainText("Stopped: Bela gets no more of it");
  await expect(receiver.transfer("shared.bin")).toContainText("Failed: Ada stopped sending this");

  await press(receiver, "Resume shared.bin");
  await expect(receiver.transfer("shared.bin")).toContainText("Failed: Ada stopped sending this");
  await press(sender, "Allow Bela again to fetch shared.bin");
  const [saved] = await receiver.saved(1);
  expect(await sha256(saved!.path)).toBe(await sha256(path));
  await expect(sender.transfer("shared.bin")).toContainText("Delivered to Bela");
});
