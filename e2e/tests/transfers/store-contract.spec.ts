/** The stores' contracts in a real browser. Pieces: OPFS in a secure context, IndexedDB on plain http. The board: IndexedDB. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { LAN_HOST, launchPersistent } from "../../lib/browser.ts";
import { DevicePages, device } from "../../lib/page/device-page.ts";

let pages: DevicePages;
test.beforeAll(async () => void (pages = await DevicePages.serve()));
test.afterAll(() => pages.close());

const PLACES = [
  { kind: "opfs", host: "localhost" },
  { kind: "indexeddb", host: LAN_HOST },
] as const;

for (const { kind, host } of PLACES)
  test.describe(`${kind} at http://${host}`, () => {
    test("every case of the contract holds", async ({ page }) => {
      await pages.open(page, host);
      expect(await device(page, "storeKind")).toBe(kind);
      const names = await device<string[]>(page, "contractNames");
      expect(names.length).toBeGreaterThan(10);
      for (const name of names) await test.step(name, () => device(page, "runContract", name));
    });

    test("[F5] a full store says so, keeps what it has and loses no byte under assembly", async () => {
      // A private window, as tests have by default, keeps no account of its quota.
      const profile = await mkdtemp(join(tmpdir(), "swapmeet-profile-"));
      const context = await launchPersistent(profile);
      const page = await context.newPage();
      await pages.open(page, host);
      const cdp = await context.newCDPSession(page);
      const origin = new URL(page.url()).origin;
      await cdp.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 3 * 1024 * 1024 });
      await device(page, "runFull");

      await cdp.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
      expect(await device(page, "storeKind"), "another storage would not have what is stored").toBe(kind);
      await context.close();
      await rm(profile, { recursive: true });
    });
  });

test("[B7] every case of the board store's contract holds", async ({ page }) => {
  await pages.open(page, LAN_HOST);
  const names = await device<string[]>(page, "boardContractNames");
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) await test.step(name, () => device(page, "runBoardContract", name));
});

test.describe("[F6] IndexedDB without Web Locks", () => {
  test("a file whose holder crashed is taken over", async ({ page }) => {
    await pages.open(page, LAN_HOST);
    expect(await device(page, "takesOverFromTheDead")).toBe(true);
  });

  test("a holder that was frozen and lost its file writes nothing", async ({ page }) => {
    await pages.open(page, LAN_HOST);
    expect(await device(page, "aFrozenHolderIsRefused")).toBe(
      "another tab has taken this download over, 0 pieces",
    );
  });
});
