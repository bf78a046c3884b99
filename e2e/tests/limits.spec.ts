/** [S14] [S16] [S18] What a person sees of turns and limits, in real browsers. */
import { join } from "node:path";
import { Arrivals, slowUplink } from "../lib/channels.ts";
import { MiB, randomFile } from "../lib/files.ts";
import type { RoomPage } from "../lib/page.ts";
import { expect, test } from "../lib/test.ts";

test.beforeEach(() => test.setTimeout(120_000));

/** In kB/s; "" is without. */
const setLimit = async (room: RoomPage, field: string, kilobytes: string): Promise<void> => {
  await room.page.getByRole("button", { name: "Settings" }).click();
  const box = room.page.getByRole("spinbutton", { name: field });
  await box.fill(kilobytes);
  await box.press("Tab");
  await room.page.keyboard.press("Escape");
};

/** How long it takes until so many bytes more have come. */
const secondsFor = async (bytes: number, arrivals: Arrivals): Promise<number> => {
  const [beganAt, before] = [performance.now(), arrivals.bytes];
  await expect
    .poll(() => arrivals.bytes - before, { intervals: [50], timeout: 60_000 })
    .toBeGreaterThan(bytes);
  return (performance.now() - beganAt) / 1000;
};

for (const { who, field } of [
  { who: "receiver", field: "Download, in all" },
  { who: "sender", field: "Upload, to each person" },
])
  test(`[S18] a limit of 1 MiB/s for "${field}" holds as soon as the ${who} sets it, and is lifted as soon`, async ({
    folder,
    open,
  }) => {
    const arrivals = new Arrivals();
    const sender = await open("/", { before: slowUplink(6 * MiB) });
    const receiver = await open(`/#${await sender.newPrivateRoom()}`, {
      before: (page) => arrivals.watch(page),
    });
    await sender.addFiles(await randomFile(join(folder, "long.bin"), 41, 64 * MiB));
    await receiver.download("long.bin");
    const limited = who === "sender" ? sender : receiver;
    const transfer = receiver.transfer("long.bin");
    await secondsFor(4 * MiB, arrivals);

    await setLimit(limited, field, "1048.576");
    await expect(transfer).toContainText(/\b1\.[01]\sMB\/s/, { timeout: 30_000 });
    const seconds = await secondsFor(4 * MiB, arrivals);
    expect(seconds).toBeGreaterThan(3.5);
    expect(seconds).toBeLessThan(5);

    await setLimit(limited, field, "");
    expect(await secondsFor(8 * MiB, arrivals)).toBeLessThan(4);
  });

test("[S16] who waits for a turn is shown its place, and gets its turn", async ({ folder, open }) => {
  const giver = await open("/", { before: slowUplink(MiB) });
  const room = `/#${await giver.newPrivateRoom()}`;
  // One file for each: nobody can pass anything on. Four are served at a time.
  const names = ["a", "b", "c", "d", "e"].map((letter) => `${letter}.bin`);
  await giver.addFiles(
    ...(await Promise.all(names.map((name, i) => randomFile(join(folder, name), 50 + i, 3 * MiB)))),
  );
  const takers: RoomPage[] = [];
  for (const _ of names) takers.push(await open(room));
  for (const [i, taker] of takers.entries()) await taker.find(names[i]!);
  for (const [i, taker] of takers.entries()) await taker.download(names[i]!);

  const last = takers.at(-1)!.transfer(names.at(-1)!);
  await expect(last).toContainText(/Queued, number 1 in line/, { timeout: 20_000 });
  await expect(last).toContainText(/Downloading from/, { timeout: 30_000 });
  await takers.at(-1)!.waitComplete(names.at(-1)!);
});
