/** "Nearby": people of one network meet by opening the page, without a secret, and the page explains the risk. */
import { expect, test } from "../../lib/test.ts";

const WARNING = /not protected from the server/i;

test("two pages that only open / see each other", async ({ open }) => {
  const first = await open("/");
  const second = await open("/");
  await first.rename("Ada");
  await second.rename("Grace");
  await first.expectPeers(1);
  await second.expectPeers(1);
  await expect(first.person("Grace")).toBeVisible();
  await expect(second.person("Ada")).toBeVisible();
});

test("the page says that an open room is not protected from the server", async ({ open }) => {
  const nearby = await open("/");
  await expect(nearby.page.getByText(WARNING)).toBeVisible();
});

test("a private room says no such thing, and nobody in the open room sees who is in it", async ({ open }) => {
  const nearby = await open("/");
  const [private1, private2] = [await open("/"), await open("/")];
  await nearby.expectPeers(2);
  const code = await private1.newPrivateRoom();
  await private2.join(code);
  await private1.expectPeers(1);
  await expect(private1.page.getByText(WARNING)).toBeHidden();
  await nearby.expectPeers(0);
});
