/** The board and direct messages: a post reaches everyone, outlives its author, and harms nobody. */
import { NodePeers } from "../../lib/peers/node-peers.ts";
import type { RoomPage } from "../../lib/page/page.ts";
import { expect, test } from "../../lib/test.ts";

test("[B7] a post stays readable after its author has left and every tab was reloaded, with the author's name and tag", async ({
  open,
  openPair,
}) => {
  const [ada, bela] = await openPair();
  await ada.rename("Ada");
  await ada.openBoard();
  await ada.post("I shall not be here tomorrow");
  await bela.openBoard();
  await bela.expectPosts("I shall not be here tomorrow");
  await expect(bela.person("Ada")).toBeVisible();
  const tag = await tagOf(bela, "Ada");
  const { code } = ada;
  await ada.page.close();
  await bela.reply("I shall not be here tomorrow", "Then we keep your post");
  const posts = ["I shall not be here tomorrow", "Then we keep your post"];

  const chen = await open(`/#${code}`);
  await chen.openBoard();
  await chen.expectPosts(...posts);
  await expect(chen.posts.first()).toContainText(`Ada${tag}`);

  for (const room of [bela, chen, bela]) {
    await room.page.reload();
    await room.openBoard();
    for (const reader of [bela, chen]) await reader.expectPosts(...posts);
  }
  await bela.page.close();
  await chen.page.reload();
  await chen.openBoard();
  await chen.expectPosts(...posts);
});

test("a half-written post, and the post that it answers, are there after a reload", async ({ open }) => {
  const ada = await open("/");
  await ada.newPrivateRoom();
  await ada.openBoard();
  await ada.post("Who has the key?");
  await ada.posts.getByRole("button", { name: /^Reply to / }).click();
  const box = ada.page.getByRole("textbox", { name: "Message", exact: true });
  await box.fill("I think that");
  await ada.page.reload();
  await ada.openBoard();
  await expect(box).toHaveValue("I think that");
  await expect(ada.page.getByText("Replying to")).toBeVisible();
});

/** The four characters of a person's key. */
const tagOf = async (room: RoomPage, name: string): Promise<string> =>
  new RegExp(`${name}\\s*(\\w{4})`).exec(await room.person(name).innerText())![1]!;

test("[E5a] a post that was altered on its way is shown to nobody: the peer that passed it on is dropped by name, and the true post comes from another", async ({
  server,
  open,
}) => {
  const ada = await open("/");
  const code = await ada.newPrivateRoom();
  const nodePeers = NodePeers.start();
  try {
    const loki = await nodePeers.join({
      serverUrl: server.urlAt(),
      code,
      name: "Loki",
      lie: "altered posts",
    });
    await ada.openBoard();
    await ada.post("These are my own words");
    await expect.poll(async () => (await loki.state()).posts).toEqual(["These are my own words"]);
    await ada.page.goto("about:blank");

    const bela = await open(`/#${code}`);
    await bela.openBoard();
    await expect(bela.page.getByText(/ was dropped: /)).toHaveText(/^Loki was dropped: /);
    await expect(bela.posts).toHaveCount(0);
    await ada.page.goBack();
    await bela.expectPosts("These are my own words");
  } finally {
    await nodePeers.close();
  }
});

test("[B4] threads stay together, groups apart, and every tab shows every post once", async ({
  open,
  openPair,
}) => {
  const [ada, bela] = await openPair();
  const rooms = [ada, bela, await open(`/#${ada.code}`)];
  for (const room of rooms) await room.openBoard();
  await ada.post("Which bird is this?");
  await bela.expectPosts("Which bird is this?");
  await bela.post("Lunch at noon");
  await ada.expectPosts("Which bird is this?", "Lunch at noon");
  await rooms[2]!.expectPosts("Which bird is this?", "Lunch at noon");
  await rooms[2]!.reply("Which bird", "A wren");
  for (const room of rooms) await room.expectPosts("Which bird is this?", "A wren", "Lunch at noon");

  const groups = ada.page.getByRole("region", { name: "Newsgroups" });
  await groups.getByRole("button", { name: "New group" }).click();
  await groups.getByRole("textbox", { name: "Group name" }).fill("field-notes");
  await groups.getByRole("button", { name: "Begin" }).click();
  await ada.post("Heard at dawn");
  for (const room of [bela, rooms[2]!]) {
    await room.page
      .getByRole("list", { name: "Groups" })
      .getByRole("button", { name: /^field-notes/ })
      .click();
    await room.expectPosts("Heard at dawn");
  }
});

const SCRIPT = "javascript:alert(document.domain)";
const MARKUP = "<img src=x onerror=alert(1)> <b>bold</b>";
const PAGE = "https://example.org/a?b=c";

test("[N5] text is only ever text: links are safe, markup is shown, long and right-to-left posts stay in their place", async ({
  openPair,
}) => {
  const [writer, reader] = await openPair();
  reader.page.on("dialog", (dialog) => {
    throw new Error(`a script ran: ${dialog.message()}`);
  });
  for (const room of [writer, reader]) await room.openBoard();
  const long = `${"a very long line ".repeat(300)} ${"w".repeat(2_000)} the end`;
  const rtl = "שלום \u202e עולם";
  await writer.post(`${SCRIPT} ${PAGE}`);
  await writer.post(MARKUP);
  await writer.post(rtl);
  await writer.post(long);
  await reader.expectPosts(SCRIPT, MARKUP, "שלום", "the end");

  const links = reader.posts.getByRole("link");
  await expect(links).toHaveCount(1);
  await expect(links).toHaveAttribute("href", PAGE);
  await expect(links).toHaveAttribute("rel", /\bnoopener\b/);
  await expect(reader.posts.nth(1).locator("img, b")).toHaveCount(0);
  expect(await reader.posts.nth(2).innerText(), "no character may turn what follows around").not.toMatch(
    /[\u202a-\u202e\u2066-\u2069]/,
  );
  const overflowPx = await reader.posts.evaluateAll((posts) =>
    Math.max(...posts.map((post) => post.scrollWidth - post.clientWidth)),
  );
  expect(overflowPx, "nothing to scroll sideways").toBe(0);
});

test("[M2] a direct message reaches its person and nobody else, and the sender sees that it arrived", async ({
  open,
  openPair,
}) => {
  const [ada, bela] = await openPair();
  const chen = await open(`/#${ada.code}`);
  await bela.rename("Bela");
  await ada.rename("Ada");
  const sent = await ada.messagesWith("Bela");
  await sent.getByRole("textbox", { name: "Message to Bela" }).fill("only for you");
  await sent.getByRole("button", { name: "Send" }).click();
  const line = sent.getByRole("list", { name: "Messages" }).getByRole("listitem");
  await expect(line).toHaveText(/only for you\s*Delivered/);

  const got = await bela.messagesWith("Ada");
  await expect(got.getByRole("list", { name: "Messages" }).getByRole("listitem")).toHaveText([
    "only for you",
  ]);
  const none = await chen.messagesWith("Ada");
  await expect(none.getByRole("list", { name: "Messages" }).getByRole("listitem")).toHaveCount(0);
});
