/** The parts of a peer communicate by events alone: tests of the order of events, and that no part calls another. */
import { describe, expect, test } from "vitest";
import type { Address, RoomTag } from "@swapmeet/shared";
import { SeededRandom } from "../../testing/random.ts";
import { SimRoom, type SimPeer } from "../../sim/room/room.ts";
import { SimDisk } from "../../sim/swarm/sim-disk.ts";
import { Board } from "../src/board/board.ts";
import { Catalog } from "../src/catalog/catalog.ts";
import { Engine, type EngineEvent } from "../src/engine.ts";
import { Gossip } from "../src/gossip/gossip.ts";
import { Jobs } from "../src/jobs.ts";
import { Library } from "../src/library.ts";
import { Links } from "../src/links/links.ts";
import { TransferLinks } from "../src/links/transfer-links.ts";
import { fileIdOf } from "../src/names/file-id.ts";
import type { PeerId } from "../src/names/peer-id.ts";
import { Overlay } from "../src/overlay/overlay.ts";
import { DirectMessages } from "../src/people/direct-message.ts";
import { Offers } from "../src/people/offers.ts";
import { Presence } from "../src/people/presence.ts";
import { Swarm } from "../src/swarm/swarm.ts";

const tapped = () => {
  const random = new SeededRandom(1);
  const events: EngineEvent[] = [];
  const engine = new Engine({
    me: "aa".repeat(32) as PeerId,
    epoch: 1,
    name: "Ada",
    address: "bb".repeat(16) as Address,
    envelopeKey: () => new Uint8Array(32),
    random: (bytes) => random.bytes(bytes),
    tap: (event) => void events.push(event),
  });
  return { engine, types: () => events.splice(0).map(({ type }) => type) };
};

describe("the tap", () => {
  test("sees an event of a part first, and then those that follow from it", () => {
    const { engine, types } = tapped();
    expect(types()).toEqual(["append", "sign"]); // its first word
    const file = fileIdOf(new Uint8Array(32), 5);
    const outputs = engine.handle(
      { type: "share", files: [{ file, name: "a", folder: "", layer: new Uint8Array() }] },
      0,
    );
    // The library queues two events; the one that follows from the first comes after both.
    expect(types()).toEqual(["append", "offered", "sign"]);
    expect(outputs.map(({ type }) => type)).toEqual(["sign", "sign"]);
  });

  test("sees outputs in the order in which the host gets them", () => {
    const { engine, types } = tapped();
    engine.handle({ type: "tick" }, 0);
    types();
    const [tag, address] = ["cc".repeat(32) as RoomTag, "bb".repeat(16) as Address];
    const members = ["01", "02"].map((byte) => byte.repeat(16) as Address);
    const outputs = engine.handle({ type: "server-joined", tag, address, members }, 0);
    expect(types()).toEqual(["dial", "dial", "output", "output"]);
    expect(outputs.map(({ type }) => type)).toEqual(["entered", "dial", "dial"]);
  });

  test("sees the same events for the same inputs", () => {
    const [one, other] = [tapped(), tapped()];
    for (const { engine } of [one, other]) engine.handle({ type: "rename", name: "Ben" }, 5_000);
    expect(one.types()).toEqual(other.types());
  });
});

/** The methods of a part that others may call at any time. All other methods are verbs. */
const QUERIES = new Map<{ readonly name: string; readonly prototype: object }, readonly string[]>([
  [
    Links,
    ["linkOf", "peers", "isLinked", "isQuiet", "isApart", "isRelayed", "rttMs", "mayDial", "nextDeadline"],
  ],
  [Overlay, ["isNeighbor", "neighbors", "passive", "nextDeadline"]],
  [Presence, ["stateOf", "nameOf", "addressOf", "peerAt", "routeTo", "people", "nextDeadline"]],
  [Gossip, ["entries", "headOf", "nextDeadline"]],
  [Catalog, ["fileCountOf", "sourcesOf", "fileNameOf", "folderOf", "search"]],
  [Board, ["groups", "posts"]],
  [DirectMessages, ["messages", "lastNameOf", "needs", "nextDeadline"]],
  [
    Swarm,
    [
      ...["wanted", "needs", "finished", "downloads", "uploads", "uploadedBytes", "lastNameOf"],
      ...["nextDeadline"],
    ],
  ],
  [TransferLinks, ["nextDeadline"]],
  [Offers, []],
  [Library, ["items", "offered", "entriesOf"]],
  [Jobs, []],
]);

/** Notes each call of a verb of one part while a verb of another runs. */
const guarding = (run: () => void): { calls: number; crossings: Set<string> } => {
  const seen = { calls: 0, crossings: new Set<string>() };
  const running: { readonly part: unknown; readonly verb: string }[] = [];
  const undo: (() => void)[] = [];
  for (const [part, queries] of QUERIES)
    for (const [name, described] of Object.entries(Object.getOwnPropertyDescriptors(part.prototype))) {
      const original: unknown = (described as PropertyDescriptor).value;
      if (name === "constructor" || typeof original !== "function" || queries.includes(name)) continue;
      const verb = `${part.name}.${name}`;
      const guarded = function (this: unknown, ...args: unknown[]): unknown {
        seen.calls++;
        const outer = running.at(-1);
        if (outer && outer.part !== this) seen.crossings.add(`${outer.verb} calls ${verb}`);
        running.push({ part: this, verb });
        try {
          return original.apply(this, args);
        } finally {
          running.pop();
        }
      };
      Object.defineProperty(part.prototype, name, { ...described, value: guarded });
      undo.push(() => void Object.defineProperty(part.prototype, name, described as PropertyDescriptor));
    }
  try {
    run();
  } finally {
    for (const restore of undo) restore();
  }
  return seen;
};

/** Many actions of peers: links through friends and without a server, files, offers, posts, messages, lies, an end. */
const busyRoom = (): void => {
  const room = new SimRoom({ seed: 5 });
  const disks = Array.from({ length: 6 }, () => new SimDisk());
  const peers = disks.map((files, i) => room.add(`Peer ${i}`, { files }));
  const [ada, ben, cid, dan, eve, fay] = peers as [SimPeer, SimPeer, SimPeer, SimPeer, SimPeer, SimPeer];
  room.reaches = (from, to) => from === to || ![ada, ben].includes(from) || ![ada, ben].includes(to);
  for (const peer of peers) room.join(peer);
  room.run(60_000);
  const locals = disks.slice(0, 3).map(({ disk }, i) => disk.add(room.random(200_000), `song ${i}`));
  locals.forEach((local, i) => peers[i]!.feed({ type: "share", files: [local] }));
  dan.feed({ type: "post", group: "general", text: "hello", replyTo: null, writtenAt: 1 });
  ada.feed({ type: "message", to: ben.id, text: "hi" });
  eve.feed({ type: "offer", to: fay.id, files: [{ file: locals[0]!.file, name: "song" }] });
  room.run(5_000);
  for (const { file } of locals) ben.feed({ type: "download", file, name: "song" });
  disks[2]!.disk.problems.set(locals[2]!.file, "vanished");
  fay.feed({ type: "download", file: locals[2]!.file, name: "song" });
  room.run(30_000);
  room.server.isUp = false;
  for (const peer of peers) peer.feed({ type: "server-lost" });
  ben.feed({ type: "cancel", file: locals[1]!.file });
  ada.feed({ type: "unshare", entries: [locals[0]!] });
  room.run(30_000);
  cid.sleep();
  room.run(30_000);
  cid.wakeUp();
  eve.die();
  dan.feed({ type: "leave" });
  room.run(60_000);
};

describe("no part", () => {
  test("is called while a verb of another part runs", () => {
    const { calls, crossings } = guarding(busyRoom);
    expect([...crossings]).toEqual([]);
    expect(calls).toBeGreaterThan(10_000);
  });

  test("could be called in that way without this test noticing it", () => {
    const { crossings } = guarding(() => {
      const library = new Library(() => {});
      const offers = new Offers(() => library.unshare([]));
      offers.answer("aa" as PeerId, 1, true);
    });
    expect([...crossings]).toEqual(["Offers.answer calls Library.unshare"]);
  });
});
