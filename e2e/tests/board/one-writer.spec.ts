/** One writer per key: however tabs come to be, no two of them write one history. */
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { expect, test } from "../../lib/test.ts";

/** The board keeps so many of an author. */
const KEPT = 500;

test("a tab and its duplicate are two peers: both post a lot at once, and every post is there once", async ({
  soak,
  open,
}) => {
  const count = pace.times(soak ? 1_000 : 100);
  test.setTimeout(pace.hangMs(soak ? 1_800_000 : 600_000));
  const reader = await open("/");
  const code = await reader.newPrivateRoom();
  const tab = await open(`/#${code}`);
  await tab.expectPeers(1);
  await tab.rename("Twin");
  const opened = tab.page.waitForEvent("popup");
  await tab.page.evaluate(() => void window.open(location.href));
  const duplicate = new RoomPage(await opened);
  for (const room of [reader, tab, duplicate]) await expect(room.people).toHaveCount(2);
  await expect(reader.person("Twin"), "the duplicate took the name along").toHaveCount(2);

  for (const room of [reader, tab, duplicate]) await room.openBoard();
  const postsOf = (i: number) => Array.from({ length: count }, (_, n) => `tab ${i}, number ${n};`);
  await Promise.all([tab, duplicate].map((room, i) => room.postAll(postsOf(i))));

  const expected = [0, 1].flatMap((i) => postsOf(i).slice(-KEPT));
  for (const room of [reader, tab, duplicate]) {
    await expect
      .poll(async () => (await allPosts(room)).toSorted(), { timeout: pace.hangMs(soak ? 600_000 : 120_000) })
      .toEqual(expected.toSorted());
    await expect(room.page.getByText(/two (different )?histories/)).toHaveCount(0);
  }
});

const allPosts = async (room: RoomPage): Promise<string[]> => {
  const earlier = room.page.getByRole("button", { name: "Show earlier" });
  while (await earlier.isVisible()) await earlier.click();
  return (await room.posts.allInnerTexts()).map((text) => /tab \d, number \d+;/.exec(text)?.[0] ?? text);
};
