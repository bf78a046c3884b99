/** The first page: complete, quiet, and the same for eyes, ears, keyboards and thumbs. */
import { join } from "node:path";
import { randomFile } from "../../lib/files.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { expect, test } from "../../lib/test.ts";

const SCREENS = [
  { screen: "a desktop", viewport: { width: 1280, height: 800 }, hasTouch: false },
  { screen: "a phone", viewport: { width: 390, height: 844 }, hasTouch: true },
] as const;

for (const { screen, viewport, hasTouch } of SCREENS)
  for (const colorScheme of ["light", "dark"] as const)
    test(`the first page fits ${screen} in ${colorScheme}, and its console is silent`, async ({
      open,
    }, info) => {
      const room = await open("/", { viewport, hasTouch, colorScheme });
      await room.expectOnline();
      await info.attach(`${screen}, ${colorScheme}`, {
        body: await room.page.screenshot(),
        contentType: "image/png",
      });
      const overflowPx = await room.page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflowPx, "nothing to scroll sideways").toBe(0);
    });

test("everything that a newcomer needs is there by its accessible name", async ({ open }) => {
  const { page } = await open("/");
  for (const name of ["Room code", "Your name"])
    await expect(page.getByRole("textbox", { name })).toBeVisible();
  for (const name of ["Join", "New private room", "Invite"])
    await expect(page.getByRole("button", { name, exact: true })).toBeVisible();
  for (const label of ["Add files", "Add a folder"])
    await expect(page.getByLabel(label)).toHaveAttribute("type", "file");
  await expect(page.getByRole("searchbox", { name: "Search the room" })).toBeVisible();
  for (const name of ["Server", "Peers"]) await expect(page.getByRole("status", { name })).toBeVisible();
});

test("the keyboard alone makes a private room and invites to it", async ({ open }) => {
  const room = await open("/");
  const press = async (name: string): Promise<void> => {
    const button = room.page.getByRole("button", { name, exact: true });
    for (let i = 0; i < 50; i++) {
      if (await button.evaluate((element) => element === document.activeElement)) break;
      await room.page.keyboard.press("Tab");
    }
    await expect(button).toBeFocused();
    await room.page.keyboard.press("Enter");
  };
  await press("New private room");
  await room.page.waitForURL(/#./);
  await press("Invite");

  const dialog = room.page.getByRole("dialog", { name: "Invite" });
  await expect(dialog.getByRole("textbox", { name: "Room link" })).toHaveValue(room.url);
  await expect(dialog.getByRole("img", { name: /QR/ })).toBeVisible();
  await room.page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});

test("an offer fits a phone, however long the sender's name is", async ({ folder, open }) => {
  const giver = await open("/");
  await giver.rename("M".repeat(40));
  const taker = await open(`/#${await giver.newPrivateRoom()}`, { viewport: { width: 390, height: 844 } });
  await giver.addFiles(await randomFile(join(folder, "slides.pdf"), 61, 1_000));
  await giver.people.getByRole("button", { name: /^Send to / }).click();
  const sending = giver.page.getByRole("dialog", { name: /^Send to / });
  await sending.getByRole("checkbox").check();
  await sending.getByRole("button", { name: /^Send 1/ }).click();

  const offer = taker.page.getByRole("dialog", { name: "Incoming files" });
  await expect(offer).toContainText("MMMM");
  for (const name of ["Decline", "Accept"])
    await expect(offer.getByRole("button", { name })).toBeInViewport({ ratio: 1 });
});

test("a page on its side, or zoomed far in, has room for rows beside the transfers", async ({
  folder,
  openPair,
}) => {
  const [giver, taker] = await openPair();
  const names = ["a.txt", "b.txt", "c.txt"];
  for (const [i, name] of names.entries()) await randomFile(join(folder, name), 65 + i, 1_000);
  await giver.addFiles(...names.map((name) => join(folder, name)));
  for (const name of ["a.txt", "b.txt"]) await taker.download(name);
  const row = await taker.find("c.txt");
  for (const viewport of [
    { width: 844, height: 390 },
    { width: 640, height: 360 },
    { width: 320, height: 256 },
  ]) {
    await taker.page.setViewportSize(viewport);
    await row.getByRole("button", { name: "Download" }).scrollIntoViewIfNeeded();
    await expect(row).toBeInViewport({ ratio: 1 });
  }
});

test("the focus stays at its place when its element goes away, and finished actions are announced", async ({
  folder,
  openPair,
}) => {
  const [giver, taker] = await openPair();
  const names = ["a.txt", "b.txt", "c.txt"];
  for (const [i, name] of names.entries()) await randomFile(join(folder, name), 70 + i, 1_000);
  await giver.addFiles(...names.map((name) => join(folder, name)));
  const { keyboard } = giver.page;
  const focused = (room: RoomPage): Promise<string> =>
    room.page.evaluate(
      () => document.activeElement!.ariaLabel ?? document.activeElement!.textContent!.trim(),
    );
  const expectFocus = (room: RoomPage, name: string) => expect.poll(() => focused(room)).toBe(name);

  await test.step("from one download to the next", async () => {
    await expect(taker.results.getByRole("button", { name: /^Download / })).toHaveCount(3);
    await taker.page.getByRole("searchbox", { name: "Search the room" }).focus();
    await taker.page.keyboard.press("ArrowDown");
    for (const name of names) {
      await expectFocus(taker, `Download ${name}`);
      await taker.page.keyboard.press("Enter");
      await expectFocus(taker, `Details ${name}`);
      await taker.page.keyboard.press("ArrowDown");
    }
    await expect(taker.page.getByRole("status", { name: "Announcements" })).toContainText("c.txt: Complete");
  });

  await test.step("down the library, and back with Undo", async () => {
    await expect(giver.library.getByRole("listitem")).toHaveCount(3);
    await giver.library.getByRole("button", { name: "Remove b.txt" }).focus();
    await keyboard.press("Enter");
    await expectFocus(giver, "Remove c.txt");
    await keyboard.press("Enter");
    await expectFocus(giver, "Remove a.txt");
    await giver.page.getByRole("button", { name: "Undo" }).focus();
    await keyboard.press("Enter");
    await expect(giver.page.locator("main")).toBeFocused();
  });

  await test.step("into the group's name, out of it, and from there to the first post", async () => {
    await giver.openBoard();
    await giver.page.getByRole("button", { name: "New group" }).focus();
    await keyboard.press("Enter");
    await expectFocus(giver, "Group name");
    await keyboard.press("Escape");
    await expectFocus(giver, "New group");
    await keyboard.press("Enter");
    await keyboard.type("field-notes");
    await keyboard.press("Enter");
    await expectFocus(giver, "Message");
  });

  await test.step("into a message, and back to the person", async () => {
    const opener = giver.people.getByRole("button", { name: /^Message / });
    await opener.focus();
    await keyboard.press("Enter");
    await keyboard.type("a b");
    const dialog = giver.page.getByRole("dialog");
    await expect(dialog.getByRole("textbox")).toHaveValue("a b");
    await keyboard.press("Escape");
    await expect(opener).toBeFocused();
  });
});

test("a dialog closes by a press on the veil, not by one that began inside it", async ({ open }) => {
  const { page } = await open("/");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Invite" });
  const { x, y } = (await dialog.getByRole("heading").boundingBox())!;
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(3, 3);
  await page.mouse.up();
  await expect(dialog).toBeVisible();
  await page.mouse.click(3, 3);
  await expect(dialog).toBeHidden();
});
