/**
 * A device that changes networks while its tab is open: the open room of the second network holds nothing of the first,
 * whose members may still be there. A proxy gives the server another address, as a new network would.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pace } from "../../lib/pace.ts";
import { Proxy } from "../../lib/servers/proxy.ts";
import { Server } from "../../lib/servers/server.ts";
import { expect, SERVER_GONE, test } from "../../lib/test.ts";

const FIRST = "198.51.100.7";
const SECOND = "203.0.113.9";

test("[J13] [J13a] another network is another room: nothing of the first enters the second, nor of those who have left", async ({
  folder,
  open,
  complaints,
}) => {
  complaints.expect(SERVER_GONE);
  test.setTimeout(pace.hangMs(300_000));
  const server = await Server.start({ trustedProxies: ["127.0.0.1"] });
  const proxies = await Promise.all(
    [FIRST, FIRST, FIRST, SECOND].map((address) => Proxy.start(server.port, address)),
  );
  const [ofAl, ofAnn, ofMia, ofBen] = proxies as [Proxy, Proxy, Proxy, Proxy];
  const enter = async (name: string, at: Proxy) => {
    const room = await open("/", { at });
    await room.rename(name);
    await room.openBoard();
    return room;
  };
  try {
    const al = await enter("Al", ofAl);
    const ann = await enter("Ann", ofAnn);
    const mia = await enter("Mia", ofMia);
    const ben = await enter("Ben", ofBen);
    await mia.expectPeers(2);
    for (const [room, file] of [
      [al, "al.txt"],
      [ann, "ann.txt"],
      [mia, "mia.txt"],
    ] as const) {
      const path = join(folder, file);
      await writeFile(path, file);
      await room.addFiles(path);
      await room.openBoard();
    }
    await al.post("Al was here");
    await mia.expectPosts("Al was here");
    await mia.post("Mia says hello");
    for (const file of ["al.txt", "ann.txt"]) await mia.find(file);
    await mia.openBoard();
    await al.page.goto("about:blank");
    for (const room of [ann, mia]) await expect(room.people).toHaveCount(1);
    await ann.expectPosts("Al was here", "Mia says hello");
    await mia.page.getByRole("textbox", { name: "Message", exact: true }).fill("not sent yet");

    await mia.person("Ann").getByRole("button", { name: "Browse Ann" }).click();

    ofMia.moveTo(SECOND);
    const notice = mia.page.getByRole("alert").filter({ hasText: "You are on another network now" });
    await expect(notice).toContainText("this is another room");

    // The first network hears its last word, and is linked to it no more.
    await expect(ann.people).toHaveCount(0, { timeout: pace.hangMs(60_000) });
    await ann.expectPeers(0);

    // The second one meets somebody who comes with nothing but a name, and the words that were not sent.
    await expect(ben.people).toHaveText([/Mia/], { timeout: pace.hangMs(60_000) });
    await expect(mia.people).toHaveText([/Ben/], { timeout: pace.hangMs(60_000) });
    await mia.openBoard();
    const box = mia.page.getByRole("textbox", { name: "Message", exact: true });
    await expect(box).toHaveValue("not sent yet");
    await ben.post("Ben is here");
    await mia.expectPosts("Ben is here");
    await mia.post("Mia is here too");
    for (const room of [ben, mia]) {
      await room.expectPosts("Ben is here", "Mia is here too");
      await room.expectPeers(1);
      await room.page.getByRole("searchbox", { name: "Search the room" }).fill("txt");
      await expect(room.page.getByRole("button", { name: "Show everyone's files" })).toHaveCount(0);
      await expect(room.results.getByRole("row").filter({ hasText: /\.txt/ })).toHaveCount(0);
    }
    await expect(ben.people).toHaveText([/Mia.*\s0\sfiles/]);

    // Only the person brings the files along.
    await notice.getByRole("button", { name: "Add the same files" }).click();
    await ben.find("mia.txt");

    // Back in the first network its own posts are there again, and those of the second stay where they are.
    ofMia.moveTo(FIRST);
    await expect(notice).toBeVisible();
    await expect(mia.people).toHaveText([/Ann/], { timeout: pace.hangMs(60_000) });
    await mia.openBoard();
    await mia.expectPosts("Al was here", "Mia says hello");
    await ann.expectPosts("Al was here", "Mia says hello");
    await expect(ben.people).toHaveCount(0, { timeout: pace.hangMs(60_000) });
  } finally {
    for (const proxy of proxies) await proxy.close();
    await server.stop();
  }
});

test("[J13] a private room is the same on every network: its links and transfers go on", async ({
  open,
  complaints,
}) => {
  complaints.expect(SERVER_GONE);
  const server = await Server.start({ trustedProxies: ["127.0.0.1"] });
  const proxies = await Promise.all([FIRST, FIRST].map((address) => Proxy.start(server.port, address)));
  const [ofAnn, ofMia] = proxies as [Proxy, Proxy];
  try {
    const ann = await open("/", { at: ofAnn });
    const code = await ann.newPrivateRoom();
    const mia = await open(`/#${code}`, { at: ofMia });
    await mia.openBoard();
    await mia.expectPeers(1);
    await mia.post("before");
    ofMia.moveTo(SECOND);
    await expect(mia.server).toContainText("offline");
    await mia.expectOnline();
    await mia.post("after");
    await ann.openBoard();
    await ann.expectPosts("before", "after");
    await expect(mia.page.getByText("another network")).toHaveCount(0);
  } finally {
    for (const proxy of proxies) await proxy.close();
    await server.stop();
  }
});
