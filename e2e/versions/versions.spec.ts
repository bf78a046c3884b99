/**
 * A page of another version in one room with a page of this one. OTHER_BUILD names the other's build, as
 * `npm run build` leaves it in client/dist of a checkout of that version; without it this file is not run.
 */
import { join } from "node:path";
import { randomFile, sha256 } from "../lib/files.ts";
import { RoomPage } from "../lib/page/page.ts";
import { expect, test } from "../lib/test.ts";

const OTHER_BUILD = process.env["OTHER_BUILD"] ?? "";
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  woff2: "font/woff2",
  json: "application/json",
};

test("a page of the other version transfers files both ways, and both read each other's posts", async ({
  server,
  folder,
  browser,
  open,
}) => {
  const mine = await open("/");
  await mine.rename("Newer");
  const code = await mine.newPrivateRoom();

  const context = await browser.newContext({ acceptDownloads: true });
  await context.route(/^(?!.*(socket\.io|healthz|addresses))/, (route) => {
    const { pathname } = new URL(route.request().url());
    const path = pathname === "/" ? "/index.html" : pathname;
    return route.fulfill({
      path: join(OTHER_BUILD, path),
      contentType: TYPES[path.split(".").at(-1)!] ?? "",
    });
  });
  const page = await context.newPage();
  const other = new RoomPage(page);
  await page.goto(`${server.urlAt()}/#${code}`);
  await other.rename("Older");
  await mine.expectPeers(1);
  await other.expectPeers(1);

  for (const [from, to, name, seed] of [
    [mine, other, "from the newer.bin", 1],
    [other, mine, "from the older.bin", 2],
  ] as const) {
    const path = await randomFile(join(folder, name), seed, 5 * 1024 * 1024);
    await from.addFiles(path);
    await to.download(name);
    expect(await sha256((await to.saved(1))[0]!.path)).toBe(await sha256(path));
  }
  for (const [from, to, text] of [
    [mine, other, "written by the newer"],
    [other, mine, "written by the older"],
  ] as const) {
    for (const room of [from, to]) await room.openBoard();
    await from.post(text);
    await expect(to.page.getByRole("list", { name: "Posts" })).toContainText(text);
  }
  await context.close();
});
