import { expect, test, vi } from "vitest";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { RoomNotices } from "../../../src/platform/session/notices.ts";

const ruth = "bb".repeat(32) as PeerId;
const offer = (id: number) =>
  ({ type: "offer", from: ruth, id, files: [{ file: `${id}` as FileId, name: `${id}.txt` }] }) as const;

test("the last twenty notices are kept, and each until it is dismissed", () => {
  const changed = vi.fn();
  const notices = new RoomNotices(changed);
  for (let id = 1; id <= 25; id++) notices.tell(offer(id));
  expect(notices.all.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, i) => 6 + i));
  notices.dismiss(7);
  expect(notices.all.map(({ id }) => id).slice(0, 2)).toEqual([6, 8]);
  expect(changed).toHaveBeenCalledTimes(26);
});

test("the files of an offer are known until its notice is dismissed", () => {
  const notices = new RoomNotices(() => {});
  notices.tell({ type: "connections-spent" });
  notices.tell(offer(3));
  expect(notices.offered(ruth, 3)).toEqual([{ file: "3", name: "3.txt" }]);
  expect(notices.offered(ruth, 4)).toEqual([]);
  notices.dismiss(2);
  expect(notices.offered(ruth, 3)).toEqual([]);
});

test("a notice that is true no more is taken back, and the others stay", () => {
  const notices = new RoomNotices(() => {});
  notices.tell({ type: "no-relay" });
  notices.tell({ type: "connections-spent" });
  notices.tell({ type: "no-relay" });
  notices.withdraw("no-relay");
  expect(notices.all.map(({ notice }) => notice.type)).toEqual(["connections-spent"]);
});
