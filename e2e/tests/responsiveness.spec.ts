/** The page never makes anybody wait: hashing happens elsewhere, and what arrives by the thousand comes in portions. */
import type { Page } from "@playwright/test";
import { folderOfSmallFiles } from "../lib/files.ts";
import { expect, test } from "../lib/test.ts";

declare global {
  var longTasksMs: number[];
}

const recordLongTasks = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    globalThis.longTasksMs = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) globalThis.longTasksMs.push(Math.round(duration));
    }).observe({ type: "longtask" });
  });

test("adding a folder of 10,000 small files has no main-thread task over 100 ms while hashing", async ({
  folder,
  open,
}) => {
  test.setTimeout(180_000);
  const small = await folderOfSmallFiles(folder, 10_000);
  const page = await open("/", { before: recordLongTasks });
  await page.expectOnline();
  await page.page.evaluate(() => void (globalThis.longTasksMs.length = 0));

  await page.addFolder(small);
  await page.find("note 9999.txt");

  const tasksMs = await page.page.evaluate(() => globalThis.longTasksMs);
  expect(tasksMs.filter((ms) => ms > 100)).toEqual([]);
});
