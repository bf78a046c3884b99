/** Equal files under several names, and a file that is gone, as two people see them. */
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomFile, sha256 } from "../../lib/files.ts";
import { expect, test } from "../../lib/test.ts";

test("[C1b] [S21] the same bytes by two names are two files to find, to fetch and to take away", async ({
  folder,
  openPair,
}) => {
  const [giver, taker] = await openPair();
  const original = await randomFile(join(folder, "original.bin"), 1, 300_000);
  await copyFile(original, join(folder, "twin.bin"));
  await mkdir(join(folder, "pkg", "sub"), { recursive: true });
  for (const path of ["pkg/__init__.py", "pkg/sub/__init__.py"]) await writeFile(join(folder, path), "");
  await giver.addFiles(original, join(folder, "twin.bin"));
  await giver.addFolder(join(folder, "pkg"));
  await expect(giver.library.getByRole("listitem")).toHaveCount(4);

  await taker.page.getByRole("searchbox", { name: "Search the room" }).fill("init");
  await expect(taker.results.getByRole("button", { name: "Download __init__.py" })).toHaveCount(2);
  for (const name of ["original.bin", "twin.bin"]) {
    await taker.download(name);
    await taker.waitComplete(name);
  }
  const saved = await taker.saved(2);
  expect(saved.map(({ name }) => name).sort()).toEqual(["original.bin", "twin.bin"]);
  for (const { path } of saved) expect(await sha256(path)).toBe(await sha256(original));

  await giver.page.getByRole("button", { name: "Remove twin.bin" }).click();
  await expect(giver.library.getByRole("listitem")).toHaveCount(3);
  await expect((await taker.find("original.bin")).getByText("On this device")).toBeVisible();
});

test("[S17] a file that is gone from the disk is offered to nobody", async ({ folder, openPair }) => {
  const [giver, taker] = await openPair();
  const path = await randomFile(join(folder, "gone.bin"), 2, 300_000);
  await giver.addFiles(path);
  await taker.find("gone.bin");
  await rm(path);
  await taker.download("gone.bin");
  await expect(giver.page.getByText("gone.bin is off your table")).toBeVisible();
  await expect(taker.results.getByRole("row").filter({ hasText: "gone.bin" })).toHaveCount(0);
  await expect(giver.page.getByText("0 files on your table")).toBeVisible();
});
