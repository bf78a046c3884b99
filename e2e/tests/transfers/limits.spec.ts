/** [S14] [S16] [S18] Turns and limits as a person sees them, in real browsers. */
import { join } from "node:path";
import type { Locator } from "@playwright/test";
import { Arrivals, liftUplink, slowUplink } from "../../lib/peers/channels.ts";
import { MiB, randomFile } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { expect, test } from "../../lib/test.ts";

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
    .poll(() => arrivals.bytes - before, { intervals: [50], timeout: pace.hangMs(60_000) })
    .toBeGreaterThan(bytes);
  return (performance.now() - beganAt) / 1000;
};

for (const { who, field } of [
  { who: "receiver", field: "Download, in all" },
  { who: "sender", field: "Upload, to each person" },
])
  test(`[S18] a limit for "${field}" holds as soon as the ${who} sets it, and is lifted as soon`, async ({
    folder,
    open,
  }) => {
    const arrivals = new Arrivals();
    // So slow that the file is under way for as long as a slow page needs to set a limit and to show it.
    const sender = await open("/", { before: slowUplink(2 * MiB) });
    const receiver = await open(`/#${await sender.newPrivateRoom()}`, {
      before: (page) => arrivals.watch(page),
    });
    await sender.addFiles(await randomFile(join(folder, "long.bin"), 41, 64 * MiB));
    await receiver.download("long.bin");
    const limited = who === "sender" ? sender : receiver;
    const transfer = receiver.transfer("long.bin");
    await secondsFor(MiB, arrivals);
    const freeRate = (2 * MiB) / (await secondsFor(2 * MiB, arrivals));

    // Far below the present rate of this machine.
    const limit = Math.min(MiB, freeRate / 5);
    await setLimit(limited, field, String(limit / 1000));
    await expect.poll(async () => (await rateOf(transfer)) / limit).toBeCloseTo(1, 0.7);
    expect(await secondsFor(4 * limit, arrivals)).toBeGreaterThan(3);

    await setLimit(limited, field, "");
    const again = async () => (2 * MiB) / (await secondsFor(2 * MiB, arrivals));
    await expect.poll(again).toBeGreaterThan(2 * limit);
  });

/** A transfer's rate as the page shows it, in bytes a second; 0 when it shows none. */
const rateOf = async (transfer: Locator): Promise<number> => {
  const { figure, unit } =
    /(?<figure>[\d.]+)\s(?<unit>[KM]?B)\/s/.exec(await transfer.innerText())?.groups ?? {};
  return Number(figure ?? 0) * { B: 1, KB: 1e3, MB: 1e6 }[unit ?? "B"]!;
};

test("[S16] a receiver that waits for a turn is shown its place, and gets its turn", async ({
  folder,
  open,
}) => {
  const giver = await open("/", { before: slowUplink((12 * MiB) / pace.seconds(60)) });
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
  await expect(last).toContainText(/Queued, number 1 in line/);
  await liftUplink(giver);
  await expect(last).toContainText(/Downloading from|Complete/);
  await takers.at(-1)!.waitComplete(names.at(-1)!);
});
