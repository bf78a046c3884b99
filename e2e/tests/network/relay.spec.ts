/**
 * Relayed links: two computers that cannot reach each other, and a third that both can reach. As far as the network can
 * tell, they are real computers: lib/servers/namespaces.ts.
 */
import { join } from "node:path";
import { randomFile, sha256 } from "../../lib/files.ts";
import { BRIDGE_ADDRESS, Namespaces, whyNoNamespaces } from "../../lib/servers/namespaces.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { expect, test } from "../../lib/test.ts";

test("[Y1] two that cannot reach each other exchange a file, posts and messages through a friend, and are told so", async ({
  folder,
  complaints,
}) => {
  const why = await whyNoNamespaces();
  if (why !== null) console.warn(`\n!!! SKIPPED, through a friend: ${why}\n`);
  test.skip(why !== null, why ?? "");
  test.setTimeout(pace.hangMs(600_000));
  const path = await randomFile(join(folder, "by hand.bin"), 60, 700_000);
  const network = await Namespaces.open(folder, [null, null, null]);
  let server: ServerProcess | undefined;
  try {
    server = await ServerProcess.start({ within: network.middle });
    const url = server.urlAt(BRIDGE_ADDRESS);
    await network.separate(0, 1);
    const contexts = await network.launch([url]);
    for (const context of contexts) complaints.watch(context);
    const rooms = await Promise.all(contexts.map(async (context) => new RoomPage(await context.newPage())));
    const [ann, ben, flo] = rooms as [RoomPage, RoomPage, RoomPage];
    await flo.page.goto(url);
    const code = await flo.newPrivateRoom();
    for (const room of [ann, ben]) await room.page.goto(`${url}/#${code}`);
    for (const [i, room] of rooms.entries()) await room.rename(["Ann", "Ben", "Flo"][i]!);
    for (const room of [ann, ben])
      await expect(room.person("Flo")).toContainText("direct", { timeout: pace.hangMs(60_000) });

    await ann.addFiles(path);
    await ben.download("by hand.bin");
    await expect(ben.person("Ann")).toContainText("through a friend", { timeout: pace.hangMs(120_000) });
    await expect(ann.person("Ben")).toContainText("through a friend");
    expect(await sha256((await ben.saved(1))[0]!.path)).toBe(await sha256(path));

    for (const room of [ann, ben]) await room.openBoard();
    await ann.post("can you read this?");
    await ben.expectPosts("can you read this?");
    await ben.reply("can you read this?", "every word");
    await ann.expectPosts("can you read this?", "every word");

    const messages = await ann.messagesWith("Ben");
    await messages.getByRole("textbox", { name: "Message to Ben" }).fill("not for the friend");
    await messages.getByRole("button", { name: "Send" }).click();
    await expect(messages.getByRole("listitem")).toHaveText(/not for the friend\s*Delivered/);
  } finally {
    await network.close();
    await server?.kill();
  }
});
