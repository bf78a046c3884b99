/** Helpers for benchmarks of several browsers: pages for a while, a room of them, the time of a download. */
import type { BrowserContext, Page } from "playwright";
import { RoomPage } from "../../lib/page/page.ts";
import { download } from "./click.ts";

/** A page of each browser at this address, for as long as it is measured. */
export const onPages = async <Result>(
  contexts: readonly BrowserContext[],
  url: string,
  measure: (pages: Page[]) => Promise<Result>,
): Promise<Result> => {
  const pages = await Promise.all(contexts.map((context) => context.newPage()));
  try {
    for (const page of pages) await page.goto(url);
    return await measure(pages);
  } finally {
    for (const page of pages) await page.close();
  }
};

/** The same in a new private room of Swapmeet, everyone connected to everyone. */
export const inRoom = <Result>(
  contexts: readonly BrowserContext[],
  url: string,
  measure: (rooms: RoomPage[]) => Promise<Result>,
): Promise<Result> =>
  onPages(contexts, "about:blank", async (pages) => {
    const rooms = pages.map((page) => new RoomPage(page));
    await pages[0]!.goto(url);
    const code = await rooms[0]!.newPrivateRoom();
    for (const page of pages.slice(1)) await page.goto(`${url}/#${code}`);
    for (const room of rooms) await room.expectPeers(pages.length - 1);
    return measure(rooms);
  });

/** Seconds from the first click until the last has every piece, by the pages' clocks. */
export const lastOf = async (takers: readonly RoomPage[], name: string): Promise<number> => {
  const rows = await Promise.all(takers.map((taker) => taker.find(name)));
  const clicked = await Promise.all(takers.map((taker, i) => download(taker, rows[i]!)));
  const first = Math.min(...clicked.map(({ click }) => click));
  return (Math.max(...clicked.map(({ complete }) => complete)) - first) / 1000;
};
