/** Every scene of the gallery on every kind of screen, light and dark: nothing overflows or is covered, axe finds nothing. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Locator, Page } from "@playwright/test";
import { Gallery, tour } from "../../lib/page/gallery.ts";
import { faultsOfLayout } from "../../lib/page/layout.ts";
import { expect, test } from "../../lib/test.ts";

const SCREENS = [
  { screen: "a desktop", viewport: { width: 1280, height: 800 }, isAxed: true },
  { screen: "a phone", viewport: { width: 390, height: 844 }, isAxed: true },
  { screen: "a desktop at 200 %", viewport: { width: 640, height: 360 }, isAxed: false },
  { screen: "a phone on its side", viewport: { width: 844, height: 390 }, isAxed: false },
] as const;
const THEMES = ["light", "dark"] as const;

/** Dark pages differ in their colours alone, so only the colours are checked there, and not the layout again. */
const AXE = {
  light: {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    rules: { "label-content-name-mismatch": { enabled: true } },
    resultTypes: ["violations"],
  },
  dark: { runOnly: { type: "rule", values: ["color-contrast"] }, resultTypes: ["violations"] },
};

/** Guards against hangs alone. */
const TOUR_TIMEOUT_MS = 10 * 60_000;

let gallery: Gallery;
test.beforeAll(async () => {
  test.setTimeout(TOUR_TIMEOUT_MS);
  gallery = await Gallery.serve();
});
test.afterAll(() => gallery.close());

for (const { screen, viewport, isAxed } of SCREENS)
  test.describe(`on ${screen}`, () => {
    test.use({ viewport, contextOptions: { reducedMotion: "reduce" } });

    test(`no text overflows and no control lies under another${isAxed ? ", and axe finds no violation" : ""}`, async ({
      page,
      complaints,
    }) => {
      test.setTimeout(TOUR_TIMEOUT_MS);
      complaints.watch(page.context());
      const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
      const faults: string[] = [];
      /** Many scenes share a view, and pages that look the same are checked once. */
      const seen = new Set<string>();
      const scenes = await gallery.scenes(page);
      // By the debugger's door: the page's own guards let no foreign script in.
      if (isAxed) await page.evaluate(axe);
      for (const scene of scenes)
        await test.step(scene, async () => {
          await gallery.next(page, scene);
          await tour(page, scene, async (place) => {
            const html = await page.evaluate(() => document.body.innerHTML);
            if (seen.has(html)) return;
            seen.add(html);
            const found = await faultsOfLayout(page);
            for (const colorScheme of isAxed ? THEMES : []) {
              await page.emulateMedia({ colorScheme });
              for (const fault of await violations(page, colorScheme)) found.push(`${colorScheme}, ${fault}`);
            }
            for (const fault of found) faults.push(`${place}: ${fault}`);
          });
        });
      expect(faults).toEqual([]);
    });
  });

test("a long name keeps its ending wherever it is shown", async ({ page }) => {
  for (const { viewport } of SCREENS.slice(0, 2)) {
    await page.setViewportSize(viewport);
    await gallery.show(page, "long-words");
    const names = [
      page.getByRole("table", { name: "Results" }).getByText(/\.tar\.gz$/),
      page.getByRole("list", { name: "Offered files" }).getByText(/\.tar\.gz$/),
    ];
    for (const name of names) await expectEndingInSight(name.last(), ".tar.gz");

    await gallery.show(page, "long-words");
    const views = page.getByRole("navigation", { name: "Views" });
    await views.getByRole("button", { name: /^Library/ }).click();
    await expectEndingInSight(
      page
        .getByRole("list", { name: "Your library" })
        .getByText(/\.tar\.gz$/)
        .last(),
      ".tar.gz",
    );
    const transfers = views.getByRole("button", { name: /^Transfers/ });
    if ((await transfers.count()) > 0) await transfers.click();
    await expectEndingInSight(
      page
        .getByRole("list", { name: "Transfers" })
        .getByText(/\.tar\.gz$/)
        .last(),
      ".tar.gz",
    );
    await expectEndingInSight(
      page
        .getByRole("list", { name: "Transfers" })
        .getByText(/\.mkv$/)
        .last(),
      ".mkv",
    );
  }
});

test("stopped downloads say so in the results", async ({ page }) => {
  await gallery.show(page, "stopped");
  const row = (name: string) =>
    page.getByRole("table", { name: "Results" }).getByRole("row").filter({ hasText: name });
  await expect(row("north pier, dawn")).toContainText("Failed");
  await expect(row("field-recorder-manual")).toContainText("Paused");
  await expect(row("birdsong")).toContainText("On this device");
  await expect(row("wind in the reeds")).toContainText("Queued");
});

test("finished and failed transfers are cleared separately, on a phone too", async ({ page }) => {
  await page.setViewportSize(SCREENS[1].viewport);
  await gallery.show(page, "stopped");
  await page
    .getByRole("navigation", { name: "Views" })
    .getByRole("button", { name: /^Transfers/ })
    .click();
  const transfers = page.getByRole("list", { name: "Transfers" }).getByRole("listitem");
  await expect(transfers).toHaveCount(6);
  await page.getByRole("button", { name: "Clear finished" }).click();
  await expect(transfers).toHaveCount(5);
  await page.getByRole("button", { name: "Clear failed" }).click();
  await expect(transfers).toHaveCount(3);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(transfers).toHaveCount(5);
});

test("the dock folds to its heading, and is folded when the page comes again", async ({ page }) => {
  await gallery.show(page, "busy");
  const heading = page.getByRole("heading", { name: "Transfers" }).getByRole("button");
  const list = page.getByRole("list", { name: "Transfers" });
  await expect(list).toBeVisible();
  await heading.click();
  await expect(list).toBeHidden();
  await gallery.show(page, "busy");
  await expect(heading).toHaveAttribute("aria-expanded", "false");
  await expect(list).toBeHidden();
  await heading.click();
  await expect(list).toBeVisible();
});

/** The last letters of the name are there to be seen: inside of their box, and nothing over them. */
async function expectEndingInSight(name: Locator, ending: string): Promise<void> {
  const trouble = await name.evaluate((element, ending) => {
    element.scrollIntoView({ block: "center" });
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let last: Text | null = null;
    while (texts.nextNode()) if ((texts.currentNode as Text).data !== "") last = texts.currentNode as Text;
    if (!last?.data.endsWith(ending)) return `the text ends with ${last?.data}`;
    const range = document.createRange();
    range.setStart(last, last.data.length - ending.length);
    range.setEnd(last, last.data.length);
    const { left, right, top, height } = range.getBoundingClientRect();
    const box = element.getBoundingClientRect();
    if (left < box.left || right > box.right + 1) return `${left} to ${right} in ${box.left} to ${box.right}`;
    const hit = document.elementFromPoint(right - 1, top + height / 2);
    return hit?.contains(last) ? "" : `it lies under ${hit?.outerHTML.slice(0, 200)}`;
  }, ending);
  expect(trouble, `${ending} is in sight`).toBe("");
}

async function violations(page: Page, theme: keyof typeof AXE): Promise<readonly string[]> {
  const { violations } = await page.evaluate(
    (options) =>
      (window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } }).axe.run(options),
    AXE[theme],
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}
