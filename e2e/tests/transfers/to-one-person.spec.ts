/** Things for one person: files picked for them, messages to them, and the messages left when they have gone. */
import { join } from "node:path";
import { randomFile } from "../../lib/files.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { expect, test } from "../../lib/test.ts";

const openSendTo = async (room: RoomPage, name: string) => {
  await room
    .person(name)
    .getByRole("button", { name: `Send to ${name}` })
    .click();
  const dialog = room.page.getByRole("dialog", { name: `Send to ${name}` });
  return {
    dialog,
    pick: (...paths: string[]) => dialog.getByLabel("Choose files to send").setInputFiles(paths),
    file: (name: string) => dialog.getByRole("checkbox", { name: new RegExp(name) }),
    press: (name: string) => dialog.getByRole("button", { name }).click(),
  };
};

test("files picked for one person are ticked, those from the table too; picked files that are not sent leave the table again", async ({
  folder,
  openPair,
}) => {
  const [ada, bela] = await openPair();
  await bela.rename("Bela");
  const mine = await randomFile(join(folder, "on the table.bin"), 31, 1_000);
  const secret = await randomFile(join(folder, "only for bela.bin"), 32, 1_000);
  await ada.addFiles(mine);
  await bela.find("on the table.bin");

  const first = await openSendTo(ada, "Bela");
  await expect(first.dialog).toContainText("everyone in this room can find and fetch them");
  await first.pick(mine, secret);
  await expect(first.file("on the table.bin")).toBeChecked();
  await expect(first.file("only for bela.bin")).toBeChecked();
  await first.press("Not now");
  await expect(ada.library.getByRole("listitem")).toHaveText([/on the table\.bin/]);

  const second = await openSendTo(ada, "Bela");
  await expect(second.file("on the table.bin")).not.toBeChecked();
  await second.pick(secret);
  await second.press("Send 1 file");
  await bela.page
    .getByRole("dialog", { name: "Incoming files" })
    .getByRole("button", { name: "Accept" })
    .click();
  await bela.waitComplete("only for bela.bin");
});

test("files dropped on an open dialog stay off the table, and files dropped on the page are put on it", async ({
  folder,
  openPair,
}) => {
  const [ada, bela] = await openPair();
  await bela.rename("Bela");
  const path = await randomFile(join(folder, "dropped.bin"), 33, 1_000);
  const cdp = await ada.page.context().newCDPSession(ada.page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  const drop = async () => {
    for (const type of ["dragEnter", "dragOver", "drop"] as const)
      await cdp.send("Input.dispatchDragEvent", { type, x: 640, y: 400, data });
  };
  const messages = await ada.messagesWith("Bela");
  await expect(messages).toBeVisible();
  await drop();
  await expect(ada.page.getByText("Put them on your table", { exact: true })).toHaveCount(0);
  await messages.getByRole("textbox").fill("x".repeat(8_002));
  await expect(messages.getByText("2 bytes too long. Shorten it.", { exact: true })).toBeVisible();
  await messages.getByRole("button", { name: "Close" }).click();
  await expect(ada.library).toHaveCount(0);
  await drop();
  await expect(ada.library.getByRole("listitem")).toHaveText([/dropped\.bin/]);
});

test("[M5a] a person who wrote and left keeps the name and stays in the list of people, to be read", async ({
  openPair,
}) => {
  const [ada, zoe] = await openPair();
  await ada.rename("Ada");
  await zoe.rename("Zoe");
  const writing = await zoe.messagesWith("Ada");
  await writing.getByRole("textbox").fill("I must go");
  await writing.getByRole("button", { name: "Send" }).click();
  await expect(ada.page.getByText("Zoe wrote to you.")).toBeVisible();
  await zoe.page.close();
  await expect(ada.person("Zoe")).toHaveCount(0);
  await expect(ada.page.getByText("Zoe wrote to you.")).toBeVisible();
  await ada.page.getByRole("button", { name: "Dismiss" }).click();

  const items = ada.page.getByRole("list", { name: "People" }).getByRole("listitem");
  await expect(items).toHaveText(/Zoe.*has left/);
  await expect(items.getByRole("button")).toHaveCount(1);
  await items.getByRole("button", { name: "Message Zoe" }).click();
  const dialog = ada.page.getByRole("dialog", { name: "Messages with Zoe" });
  await expect(dialog.getByRole("list", { name: "Messages" }).getByRole("listitem")).toHaveText([
    "I must go",
  ]);
});
