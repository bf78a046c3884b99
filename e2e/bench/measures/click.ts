/** When a page was clicked and when it said "Complete", by its own clock: the driver sees both up to two seconds late. */
import type { Locator } from "playwright";
import type { RoomPage } from "../../lib/page/page.ts";

/** Milliseconds since 1970. */
export interface Clicked {
  click: number;
  complete: number;
}

declare global {
  var clock: Clicked;
}

/** Clicks on the row's "Download" and waits until one more transfer is complete. */
export const download = async ({ page }: RoomPage, row: Locator): Promise<Readonly<Clicked>> => {
  await page.evaluate(watchTheClock);
  await row.getByRole("button", { name: /^Download / }).click();
  await page.waitForFunction(() => globalThis.clock.complete > 0, null, { timeout: 300_000, polling: 100 });
  return page.evaluate(() => globalThis.clock);
};

const watchTheClock = (): void => {
  globalThis.clock = { click: 0, complete: 0 };
  addEventListener("click", () => (globalThis.clock.click = Date.now()), { capture: true, once: true });
  const before = (document.body.textContent ?? "").split("Complete").length;
  const observer = new MutationObserver(() => {
    if (!globalThis.clock.click || (document.body.textContent ?? "").split("Complete").length <= before)
      return;
    globalThis.clock.complete = Date.now();
    observer.disconnect();
  });
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
};
