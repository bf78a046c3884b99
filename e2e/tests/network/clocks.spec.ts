/** Nothing depends on the clock of a device. */
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { randomFile, sha256 } from "../../lib/files.ts";
import { expect, test } from "../../lib/test.ts";

/** The page's clock is off by so much, its timers are not. */
const clockOff = (years: number) => (page: Page) =>
  page.addInitScript(
    (ms) => {
      globalThis.Date = class extends Date {
        constructor(...given: []) {
          super(...((given.length > 0 ? given : [Date.now()]) as []));
        }
        static override now(): number {
          return super.now() + ms;
        }
      } as DateConstructor;
    },
    years * 365.25 * 86_400_000,
  );

test("[B3a] clocks ten years ahead and behind: people meet, files arrive, and posts stand in causal order", async ({
  folder,
  open,
}) => {
  const ahead = await open("/", { before: clockOff(10) });
  const code = await ahead.newPrivateRoom();
  const behind = await open(`/#${code}`, { before: clockOff(-10) });
  const right = await open(`/#${code}`);
  const rooms = [ahead, behind, right];
  const years = await Promise.all(rooms.map((room) => room.page.evaluate(() => new Date().getFullYear())));
  expect([years[0]! - years[2]!, years[1]! - years[2]!]).toEqual([10, -10]);
  for (const room of rooms) {
    await expect(room.people).toHaveCount(2);
    await room.openBoard();
  }

  const posts: string[] = [];
  for (const room of [ahead, behind, right, behind, ahead]) {
    const text = `post number ${posts.length}`;
    await room.post(text);
    posts.push(text);
    for (const reader of rooms) await reader.expectPosts(...posts);
  }

  for (const [from, to] of [
    [ahead, behind],
    [behind, right],
  ] as const) {
    const name = `from ${rooms.indexOf(from)}.bin`;
    const path = await randomFile(join(folder, name), 50 + rooms.indexOf(from), 300_000);
    await from.addFiles(path);
    await to.download(name);
    expect(await sha256((await to.saved(1))[0]!.path)).toBe(await sha256(path));
  }
  const late = await open(`/#${code}`, { before: clockOff(-10) });
  await late.openBoard();
  await late.expectPosts(...posts);
});
