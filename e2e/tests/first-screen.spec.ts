/** The first page: complete, quiet, and the same for eyes, ears, keyboards and thumbs. */
import { join } from "node:path";
import { randomFile } from "../lib/files.ts";
import { expect, test } from "../lib/test.ts";

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

test("everything one starts with is there by its accessible name", async ({ open }) => {
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

test("an offer fits a phone, however long the name of who makes it", async ({ folder, open }) => {
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
