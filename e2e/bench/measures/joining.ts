/** From opening the page to "Peers: 1", for the second of two tabs. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchPersistent } from "../../lib/browser.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { Server } from "../../lib/servers/server.ts";
import { median, round } from "../lib/statistics.ts";

export interface Joining {
  /** Milliseconds, medians. */
  readonly privateRoomMs: number;
  readonly openRoomMs: number;
  readonly all: { readonly privateRoom: readonly number[]; readonly openRoom: readonly number[] };
}

export const benchJoining = async (rounds = 5): Promise<Joining> => {
  const folder = await mkdtemp(join(tmpdir(), "swapmeet-bench-"));
  const context = await launchPersistent(folder);
  const server = await Server.start();
  const all = { privateRoom: [] as number[], openRoom: [] as number[] };
  try {
    for (const kind of ["openRoom", "privateRoom"] as const)
      for (let i = 0; i < rounds; i++) {
        const first = new RoomPage(await context.newPage());
        await first.page.goto(server.urlAt());
        const path = kind === "privateRoom" ? `/#${await first.newPrivateRoom()}` : "/";
        await first.expectOnline();
        const second = new RoomPage(await context.newPage());
        await second.page.goto(server.urlAt() + path, { waitUntil: "commit" });
        await second.page.waitForFunction(
          () => document.querySelector('[role=status][aria-label="Peers"]')?.textContent?.includes("1"),
          null,
          { polling: 20 },
        );
        // The page's own clock: it started when the navigation did.
        all[kind].push(round(await second.page.evaluate(() => performance.now()), 0));
        await first.page.close();
        await second.page.close();
      }
  } finally {
    await context.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return { privateRoomMs: median(all.privateRoom), openRoomMs: median(all.openRoom), all };
};
