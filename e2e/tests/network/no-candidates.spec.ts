/** A browser that may not use direct UDP, as some VPN extensions have it: it gathers no candidate at all. */
import { chromium } from "playwright";
import { launchOptions } from "../../lib/browser.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { expect, test } from "../../lib/test.ts";

test("[I13] [I13a] the browser that forbids connections says so, and the other person is not told of the network", async ({
  server,
  open,
  complaints,
}) => {
  test.setTimeout(pace.hangMs(300_000));
  const flag = "--webrtc-ip-handling-policy=disable_non_proxied_udp";
  const closed = await chromium.launch(launchOptions([flag]));
  try {
    const context = await closed.newContext();
    complaints.watch(context);
    const ann = new RoomPage(await context.newPage());
    await ann.page.goto(server.urlAt());
    const code = await ann.newPrivateRoom();
    const ben = await open(`/#${code}`);
    const here = "1 person is here but can't be reached";

    await expect(ann.page.getByRole("alert")).toContainText("This browser lets nobody connect to it", {
      timeout: pace.hangMs(60_000),
    });
    // The server is asked who is here every 10 s.
    for (const room of [ann, ben])
      await expect(room.page.getByRole("list", { name: "People" })).toContainText(here, {
        timeout: pace.hangMs(60_000),
      });
    // It takes two attempts that came to nothing.
    const alert = ben.page.getByRole("alert");
    await expect(alert).toContainText("Their browser allows no direct connections", {
      timeout: pace.hangMs(120_000),
    });
    for (const room of [ann, ben]) {
      await expect(room.page.getByText("network keeps devices apart")).toHaveCount(0);
      await expect(room.page.getByText("Nobody else yet")).toHaveCount(0);
    }
    await ann.page.close();
    await expect(ben.page.getByRole("list", { name: "People" })).toContainText("Nobody else yet", {
      timeout: pace.hangMs(60_000),
    });
  } finally {
    await closed.close();
  }
});
