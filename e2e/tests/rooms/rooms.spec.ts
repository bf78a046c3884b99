/** Rooms, tabs and the address bar: the room in use is always in the URL, and every tab is a peer of its own. */
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { launchOptions } from "../../lib/browser.ts";
import { randomFile } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { expect, test } from "../../lib/test.ts";

test("the room in use is always in the URL: join by code, back, forward, and by editing the address", async ({
  open,
}) => {
  const host = await open("/");
  const code = await host.newPrivateRoom();
  const guest = await open("/");
  await guest.expectOnline();
  await guest.join(code);
  await guest.expectPeers(1);
  expect(guest.code).toBe(code);

  await guest.page.goBack();
  await expect.poll(() => guest.code).toBe("");
  await expect(guest.page.getByRole("button", { name: "Go to Nearby" })).toHaveCount(0);
  await guest.expectPeers(0);
  await host.expectPeers(0);

  await guest.page.goForward();
  await guest.expectPeers(1);
  await host.expectPeers(1);

  const other = await (await open("/")).newPrivateRoom();
  await guest.page.evaluate((code) => void (location.hash = code), other);
  await guest.expectPeers(1);
  await host.expectPeers(0);

  await guest.page.getByRole("button", { name: "Go to Nearby" }).click();
  await expect.poll(() => guest.code).toBe("");
});

test("a person with files on the table or messages is asked before going to another room, and may stay", async ({
  folder,
  openPair,
}) => {
  const [giver] = await openPair();
  const { code } = giver;
  await giver.addFiles(await randomFile(join(folder, "mine.bin"), 5, 1_000));
  const mine = giver.library.getByRole("button", { name: "Remove mine.bin" });
  await expect(mine).toBeVisible();
  const question = giver.page.getByRole("dialog", { name: "Leave this room?" });

  await giver.page.getByRole("button", { name: "New private room" }).click();
  await expect(question).toContainText("Your table (1 file) does not come along.");
  await question.getByRole("button", { name: "Stay" }).click();
  await expect(mine).toBeVisible();
  expect(giver.code).toBe(code);

  await giver.page.goBack();
  await expect(question).toBeVisible();
  await question.getByRole("button", { name: "Leave" }).click();
  await expect.poll(() => giver.code).toBe("");
  await expect(mine).toHaveCount(0);
});

test("a reload stays in the room under the same name", async ({ openPair }) => {
  const [first, second] = await openPair();
  await second.rename("Grace");
  await expect(first.person("Grace")).toHaveCount(1);
  await second.page.reload();
  await second.expectPeers(1);
  await expect(first.person("Grace")).toHaveCount(1);
  await expect(second.page.getByRole("textbox", { name: "Your name" })).toHaveValue("Grace");
});

/** Why the browser did not keep the page, in its words. */
const notRestored = ({ page }: RoomPage): Promise<string> =>
  page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation");
    return JSON.stringify((navigation as { notRestoredReasons?: unknown } | undefined)?.notRestoredReasons);
  });

test("a page that the back button restores is in its room, with the text that was being written", async ({
  open,
  server,
  complaints,
}) => {
  const host = await open("/");
  const code = await host.newPrivateRoom();
  await host.openBoard();
  // Playwright switches the back/forward cache off.
  const browser = await chromium.launch({
    ...launchOptions(),
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
  const context = await browser.newContext();
  complaints.watch(context);
  const guest = new RoomPage(await context.newPage());
  await guest.page.goto(`${server.urlAt()}/#${code}`);
  await guest.expectPeers(1);
  await guest.openBoard();
  const box = guest.page.getByRole("textbox", { name: "Message", exact: true });
  // A browser that is too busy to put a page away in time loads it anew: that is its right, and it is left once more.
  await expect(async () => {
    await box.fill("half a thought");
    await guest.page.evaluate(() => (document.title = "left"));
    await guest.page.goto("about:blank");
    await host.expectPeers(0);
    await guest.page.goBack({ waitUntil: "commit" }); // nothing is loaded
    await guest.expectPeers(1);
    if ((await guest.page.title()) !== "left") await guest.openBoard();
    expect(await guest.page.title(), await notRestored(guest)).toBe("left");
  }).toPass({ timeout: pace.hangMs(240_000) });
  await expect(box).toHaveValue("half a thought");
  await guest.page.getByRole("button", { name: "Post", exact: true }).click();
  await host.expectPosts("half a thought");
  await browser.close();
});

test("a name that is typed while the room is still opening is kept", async ({ open }) => {
  const first = await open("/");
  const code = await first.newPrivateRoom();
  await first.expectOnline();
  const second = await open(`/#${code}`);
  const box = second.page.getByRole("textbox", { name: "Your name" });
  await box.fill("Grace");
  await second.expectPeers(1);
  await expect(box).toHaveValue("Grace");
  await expect(first.person("Grace")).toHaveCount(1);
});

test("a typed name is kept, though the room opened between the focus and the typing", async ({ open }) => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const hold = (page: Page): Promise<unknown> =>
    page.route(/\/boot-/, async (route) => {
      await released;
      await route.continue();
    });
  const room = await open("/", { before: hold });
  const box = room.page.getByRole("textbox", { name: "Your name" });
  await box.focus();
  release();
  await room.expectOnline();
  await box.pressSequentially("Grace");
  await expect(box).toHaveValue("Grace");
  await box.blur();
  await expect(box).toHaveValue("Grace");
});

test("a second tab of the same browser is a peer of its own", async ({ open, folder }) => {
  const first = await open("/");
  const code = await first.newPrivateRoom();
  const second = await open(`/#${code}`, { beside: first });
  await first.expectPeers(1);
  await second.expectPeers(1);

  await first.addFiles(await randomFile(join(folder, "from the first tab.bin"), 3, 300_000));
  await second.download("from the first tab.bin");
  await second.waitComplete("from the first tab.bin");
});

test("three people in a room all see each other", async ({ open, openPair }) => {
  const [first, second] = await openPair();
  const third = await open(`/#${first.code}`);
  for (const page of [first, second, third]) await page.expectPeers(2);
  await third.page.close();
  for (const page of [first, second]) await page.expectPeers(1);
});

test("two rooms of one server do not see each other's files", async ({ folder, openPair }) => {
  const [giver, friend] = await openPair();
  const [stranger] = await openPair();
  await giver.addFiles(await randomFile(join(folder, "for friends.bin"), 4, 1_000));
  await friend.find("for friends.bin");
  await stranger.page.getByRole("searchbox", { name: "Search the room" }).fill("for friends");
  await expect(stranger.results.getByRole("row").filter({ hasText: "for friends.bin" })).toHaveCount(0);
});
