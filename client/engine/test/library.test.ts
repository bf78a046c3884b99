/** The library of a person as the room sees it: whole engines in a room, with disks in memory. */
import { expect, test } from "vitest";
import { SimRoom, type SimPeer } from "../../sim/room/room.ts";
import { SimDisk } from "../../sim/swarm/sim-disk.ts";
import type { PeerId } from "../src/names/peer-id.ts";

const EVERYTHING = { text: "", kind: null, minBytes: 0, maxBytes: Infinity, limit: 100 };
const WITHIN_MS = 120_000;

const pair = () => {
  const room = new SimRoom({ seed: 1 });
  const disks = [new SimDisk(), new SimDisk()] as const;
  const [ada, ben] = disks.map((files, i) => room.add(["Ada", "Ben"][i]!, { files })) as [SimPeer, SimPeer];
  for (const peer of room.peers) room.join(peer);
  const soon = (holds: () => boolean) => expect(room.run(WITHIN_MS, holds)).toBe(true);
  return { room, adasDisk: disks[0].disk, bensDisk: disks[1].disk, ada, ben, soon };
};
const namesFrom = (peer: SimPeer, of: PeerId): string[] =>
  peer.engine
    .search({ ...EVERYTHING, of })
    .rows.map(({ folder, name }) => `${folder}/${name}`)
    .sort();

test("[S17] a file that can't be read is offered to nobody, old or new, until it is shared anew", () => {
  const { room, adasDisk, ada, ben, soon } = pair();
  const local = adasDisk.add(room.random(1_000), "gone.txt");
  const entries = [local, { ...local, name: "copy.txt" }];
  ada.feed({ type: "share", files: entries });
  soon(() => namesFrom(ben, ada.id).length === 2);
  adasDisk.problems.set(local.file, "vanished");
  ben.feed({ type: "download", file: local.file, name: "gone.txt" });
  soon(() => namesFrom(ben, ada.id).length === 0);
  const cleo = room.add("Cleo");
  room.join(cleo);
  soon(() => cleo.engine.people().length === 2);
  room.run(5_000);
  expect(namesFrom(cleo, ada.id)).toEqual([]);
  expect(cleo.engine.person(ada.id).fileCount).toBe(0);
  expect(ada.engine.person(ada.id).fileCount).toBe(0);
  expect(ada.engine.localFile(local.file)).toBeNull();
  expect(ada.engine.library().map(({ problem }) => problem)).toEqual(["vanished", "vanished"]);
  expect(ada.notices).toEqual([{ type: "source-unreadable", file: local.file, reason: "vanished" }]);

  adasDisk.problems.delete(local.file);
  ada.feed({ type: "share", files: [local] });
  soon(() => namesFrom(cleo, ada.id).length === 1);
  expect(namesFrom(cleo, ada.id)).toEqual(["/gone.txt"]);
  expect(ada.engine.library().map(({ problem }) => problem)).toEqual([null, "vanished"]);
});

test("[C1b] equal files are shared, counted and taken back each by its own name", () => {
  const { room, adasDisk, ada, ben, soon } = pair();
  const local = adasDisk.add(room.random(1_000), "a.txt");
  const entries = [local, { ...local, name: "b.txt" }, { ...local, folder: "pkg" }];
  ada.feed({ type: "share", files: [...entries, ...entries] });
  soon(() => namesFrom(ben, ada.id).length === 3);
  expect(namesFrom(ben, ada.id)).toEqual(["/a.txt", "/b.txt", "pkg/a.txt"]);
  expect(ben.engine.person(ada.id).fileCount).toBe(3);
  expect(ada.engine.library()).toHaveLength(3);

  ada.feed({ type: "unshare", entries: [entries[0]!] });
  soon(() => namesFrom(ben, ada.id).length === 2);
  expect(namesFrom(ben, ada.id)).toEqual(["/b.txt", "pkg/a.txt"]);
  ben.feed({ type: "download", file: local.file, name: "b.txt" });
  soon(() => ben.engine.downloads()[0]?.state.type === "complete");
});

test("[C1] a file that is taken back before its library entry is signed is taken back", () => {
  const { room, adasDisk, ada, ben, soon } = pair();
  const local = adasDisk.add(room.random(1_000), "a.txt");
  ada.feed({ type: "share", files: [local, { ...local, name: "b.txt" }] });
  ada.feed({ type: "unshare", entries: [local] });
  soon(() => namesFrom(ben, ada.id).length > 0);
  room.run(5_000);
  expect(namesFrom(ben, ada.id)).toEqual(["/b.txt"]);
});

test("[S21] a file by two names is one transfer, whenever the second is asked for", () => {
  const { room, adasDisk, bensDisk, ada, ben, soon } = pair();
  const local = adasDisk.add(room.random(600_000), "a.txt");
  const { file } = local;
  ada.feed({ type: "share", files: [local, { ...local, name: "b.txt" }, { ...local, folder: "pkg" }] });
  soon(() => namesFrom(ben, ada.id).length === 3);
  const stateOf = (name: string, folder = "") =>
    ben.engine.downloads().find((download) => download.name === name && download.folder === folder)?.state;
  ben.feed({ type: "download", file, name: "a.txt" });
  soon(() => bensDisk.putBytes > 0);
  ben.feed({ type: "download", file, name: "b.txt" });
  expect(stateOf("b.txt")).toEqual(stateOf("a.txt"));
  soon(() => stateOf("b.txt")?.type === "complete");
  expect(stateOf("a.txt")).toEqual({ type: "complete", saved: true });
  ben.feed({ type: "download", file, name: "a.txt", folder: "pkg" });
  expect(stateOf("a.txt", "pkg")).toEqual({ type: "complete", saved: true });
  expect(bensDisk.putBytes).toBe(600_000);

  ben.feed({ type: "share-download", file });
  soon(() => namesFrom(ada, ben.id).length === 3);
  ben.feed({ type: "clear", file, entry: { name: "b.txt", folder: "" } });
  expect(ben.engine.downloads().map(({ name }) => name)).toEqual(["a.txt", "a.txt"]);
});

test("[S21] a file that is shared here is saved by another name without a transfer", () => {
  const { room, adasDisk, bensDisk, ada, ben, soon } = pair();
  const bytes = room.random(600_000);
  const local = adasDisk.add(bytes, "a.txt");
  ada.feed({ type: "share", files: [local] });
  ben.feed({ type: "share", files: [{ ...bensDisk.add(bytes, "b.txt"), name: "b.txt" }] });
  soon(() => namesFrom(ben, ada.id).length === 1);
  ben.feed({ type: "download", file: local.file, name: "a.txt" });
  expect(ben.engine.downloads()).toMatchObject([{ name: "a.txt", state: { type: "complete", saved: true } }]);
  expect(bensDisk.putBytes).toBe(0);
});
