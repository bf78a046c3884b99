import { bytesToHex } from "@noble/hashes/utils.js";
import type { Address, RoomTag } from "@swapmeet/shared";
import { encode } from "cborg";
import { describe, expect, test } from "vitest";
import { SimRoom, type CarriedEnvelope, type SimPeer } from "../../../sim/room/room.ts";
import { encodeBatch, NO_ENTRY } from "../../src/feed/batch.ts";
import { newSession, seal } from "../../src/links/sealed/envelope.ts";
import { fileIdOf } from "../../src/names/file-id.ts";
import { MAX_FRAME_BYTES } from "../../src/wire/frame.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame-codec.ts";

const SEEDS = [1, 2, 3, 4, 5];

const linked = (a: SimPeer, b: SimPeer): boolean =>
  a.engine.linkOf(b.id) !== null && b.engine.linkOf(a.id) !== null;

const twoIn = (room: SimRoom): [SimPeer, SimPeer] => {
  const pair: [SimPeer, SimPeer] = [room.add("Ada"), room.add("Ben")];
  for (const peer of pair) room.join(peer);
  return pair;
};

describe("two", () => {
  test.each(SEEDS)(
    "[I6] the newcomer dials, both prove themselves, and know each other's name (seed %i)",
    (seed) => {
      const room = new SimRoom({ seed });
      const [ada, ben] = twoIn(room);
      expect(room.run(1_000, () => linked(ada, ben))).toBe(true);
      room.run(500);
      expect(ada.engine.people().map(({ name }) => name)).toEqual(["Ben"]);
      expect(ben.engine.people().map(({ name }) => name)).toEqual(["Ada"]);
    },
  );

  test.each(SEEDS)("[I7] both dial at once: one link, no failure (seed %i)", (seed) => {
    const room = new SimRoom({ seed });
    const [ada, ben] = [room.add("Ada"), room.add("Ben")];
    for (const [peer, other] of [
      [ada, ben],
      [ben, ada],
    ] as const) {
      peer.feed({ type: "server-joined", tag: room.tag, address: peer.address, members: [other.address] });
    }
    expect(room.run(2_000, () => linked(ada, ben))).toBe(true);
    room.run(5_000);
    expect([ada.engine.peerCount, ben.engine.peerCount]).toEqual([1, 1]);
    expect([...ada.notices, ...ben.notices]).toEqual([]);
  });

  test("[I6] a lost link comes back by itself", () => {
    const room = new SimRoom({ seed: 7 });
    const [ada, ben] = twoIn(room);
    room.run(1_000, () => linked(ada, ben));
    ada.feed({ type: "link-closed", link: ada.engine.linkOf(ben.id)!, reason: "closed" });
    ben.feed({ type: "link-closed", link: ben.engine.linkOf(ada.id)!, reason: "closed" });
    expect(linked(ada, ben)).toBe(false);
    expect(room.run(10_000, () => linked(ada, ben))).toBe(true);
  });

  test("[W8b] the link to a peer that fell silent ends", () => {
    const room = new SimRoom({ seed: 8 });
    const [ada, ben] = twoIn(room);
    room.run(1_000, () => linked(ada, ben));
    ben.receive = () => {};
    room.server.isUp = false;
    expect(room.run(60_000, () => ada.engine.peerCount === 0)).toBe(true);
  });

  test("a link outlives the server, and renaming still arrives", () => {
    const room = new SimRoom({ seed: 9 });
    const [ada, ben] = twoIn(room);
    room.run(1_000, () => linked(ada, ben));
    room.server.isUp = false;
    for (const peer of [ada, ben]) peer.feed({ type: "server-lost" });
    ada.feed({ type: "rename", name: "Ada Lovelace" });
    expect(room.run(2_000, () => ben.engine.people()[0]?.name === "Ada Lovelace")).toBe(true);
  });
});

describe("[I13] [I13a] [I13b] somebody is here and can't be reached", () => {
  const apart = (hasCandidates: boolean) => {
    const room = new SimRoom({ seed: 13 });
    if (hasCandidates) room.reaches = () => false;
    const [ada, ben] = [room.add("Ada"), room.add("Ben")];
    ada.hasCandidates = hasCandidates;
    for (const peer of [ada, ben]) room.join(peer);
    room.run(10 * 60_000);
    return { room, ada, ben };
  };

  test("because their browser has no ICE candidate: both are told so, and neither is told of the network", () => {
    const { ada, ben } = apart(false);
    expect(ada.notices).toEqual([{ type: "no-candidates" }]);
    expect(ben.notices).toEqual([{ type: "no-route", peer: ada.id, because: "their-browser" }]);
  });

  test("because the network keeps them apart: nobody's browser is blamed", () => {
    const { ada, ben } = apart(true);
    for (const { notices } of [ada, ben])
      for (const notice of notices) expect(notice).toMatchObject({ type: "no-route", because: "network" });
    expect([...ada.notices, ...ben.notices].length).toBeGreaterThan(0);
  });

  test.each([true, false])(
    "is counted on both sides, until that one leaves (candidates: %s)",
    (hasCandidates) => {
      const { room, ada, ben } = apart(hasCandidates);
      expect([ada.engine.unreachableCount, ben.engine.unreachableCount]).toEqual([1, 1]);
      ada.die();
      expect(room.run(60_000, () => ben.engine.unreachableCount === 0)).toBe(true);
    },
  );

  test("but not counted while linked, or while a call is under way", () => {
    const room = new SimRoom({ seed: 14 });
    const [ada, ben] = twoIn(room);
    expect(ada.engine.unreachableCount).toBe(0);
    room.run(1_000, () => linked(ada, ben));
    room.run(60_000);
    expect([ada.engine.unreachableCount, ben.engine.unreachableCount]).toEqual([0, 0]);
  });
});

describe("[J13] [J13a] another room", () => {
  const OTHER = "e".repeat(64) as RoomTag;

  /** Ada and Ben are linked and have said something; Cyd is in the other room. */
  const moving = () => {
    const room = new SimRoom({ seed: 12 });
    const [ada, ben] = twoIn(room);
    expect(room.run(1_000, () => linked(ada, ben))).toBe(true);
    for (const peer of [ada, ben])
      peer.feed({ type: "post", group: "general", text: "only here", replyTo: null, writtenAt: 0 });
    const cyd = room.add("Cyd");
    cyd.feed({ type: "server-joined", tag: OTHER, address: cyd.address, members: [] });
    room.run(500);
    const move = () =>
      ada.feed({ type: "server-joined", tag: OTHER, address: ada.address, members: [cyd.address] });
    return { room, ada, ben, cyd, move };
  };

  test("makes an engine leave, and link to nobody there", () => {
    const { room, ada, ben, cyd, move } = moving();
    ada.feed({ type: "server-lost" });
    expect(ada.otherRooms).toBe(0);
    move();
    expect(ada.otherRooms).toBe(1);
    expect(room.run(8_000, () => ben.engine.people().length === 0)).toBe(true);
    room.run(10 * 60_000);
    expect([ada.engine.peerCount, ben.engine.peerCount, cyd.engine.peerCount]).toEqual([0, 0, 0]);
    expect(cyd.engine.people()).toEqual([]);
    expect(cyd.engine.posts("general")).toEqual([]);
  });

  test("makes an engine enter neither room again, whatever the server says next", () => {
    const { room, ada, ben, cyd, move } = moving();
    move();
    room.join(ada);
    cyd.feed({ type: "server-joined", tag: OTHER, address: cyd.address, members: [ada.address] });
    ben.feed({ type: "server-joined", tag: room.tag, address: ben.address, members: [ada.address] });
    room.run(10 * 60_000);
    expect([ada.engine.peerCount, ben.engine.peerCount, cyd.engine.peerCount]).toEqual([0, 0, 0]);
  });

  test("is not the same room again: after a rejoin links and people stay", () => {
    const { room, ada, ben } = moving();
    ada.feed({ type: "server-lost" });
    room.join(ada);
    expect(ada.otherRooms).toBe(0);
    expect(linked(ada, ben)).toBe(true);
  });
});

test.each([7, 30])("[O1] in a class of %i everyone knows everyone, with a few neighbours each", (size) => {
  const room = new SimRoom({ seed: 11 });
  const peers = Array.from({ length: size }, (_, i) => room.add(`Pupil ${i}`));
  for (const peer of peers) room.join(peer);
  const acquainted = () => peers.every((peer) => peer.engine.people().length === size - 1);
  expect(room.run(20_000, acquainted)).toBe(true);
  const haveFew = () =>
    size <= 7
      ? peers.every(({ engine }) => engine.peerCount === size - 1)
      : peers.every(({ engine }) => engine.neighborCount >= 3 && engine.neighborCount <= 8);
  expect(room.run(10_000, haveFew)).toBe(true);
  expect(acquainted()).toBe(true);
});

/** The things that a hostile server can do with an envelope; it delivers nothing else meanwhile. */
const MUTATIONS: Record<string, (e: CarriedEnvelope, context: Hostile) => readonly CarriedEnvelope[]> = {
  "flips a bit of the box": (e) => [flip(e, e.bytes.length - 20)],
  "flips a bit of the tag at the end": (e) => [flip(e, e.bytes.length - 1)],
  "flips a bit of the nonce": (e) => [flip(e, 20)],
  "flips a bit of the attempt number": (e) => [flip(e, 2)],
  "flips a bit of the session's random part": (e) => [flip(e, 8)],
  "flips a bit of the counter": (e) => [flip(e, 16)],
  "changes the version": (e) => [flip(e, 0)],
  "cuts the end off": (e) => [{ ...e, bytes: e.bytes.slice(0, -1) }],
  "cuts all but the header off": (e) => [{ ...e, bytes: e.bytes.slice(0, 17) }],
  "appends a byte": (e) => [{ ...e, bytes: Uint8Array.of(...e.bytes, 0) }],
  "sends nothing but noise": (e, { room }) => [{ ...e, bytes: room.random(e.bytes.length) }],
  "sends an empty envelope": (e) => [{ ...e, bytes: new Uint8Array() }],
  "reflects it to its sender": (e) => [{ from: e.to, to: e.from, bytes: e.bytes }],
  "redirects it to a third member": (e, { third }) => [{ ...e, to: third.address }],
  "names another sender": (e, { third }) => [{ ...e, from: third.address }],
  "names a sender that does not exist": (e, { room }) => [
    { ...e, from: bytesToHex(room.random(16)) as Address },
  ],
  "replays an earlier session instead": (e, { recorded }) =>
    recorded.filter(({ to, from }) => to === e.to && from === e.from),
  "replays an earlier session twice, backwards": (e, { recorded }) =>
    [...recorded, ...recorded].filter(({ to, from }) => to === e.to && from === e.from).reverse(),
  "carries it over from another room": (e, { foreign }) => foreign.map((bytes) => ({ ...e, bytes })),
  "delivers only later envelopes, the first is lost": (e, { delivered }) =>
    delivered.filter((old) => old.to === e.to && old.from === e.from).length++ > 0 ? [e] : [],
};

interface Hostile {
  readonly room: SimRoom;
  readonly third: SimPeer;
  readonly recorded: readonly CarriedEnvelope[];
  readonly delivered: CarriedEnvelope[];
  readonly foreign: readonly Uint8Array[];
}

const flip = (e: CarriedEnvelope, at: number): CarriedEnvelope => ({ ...e, bytes: flipped(e.bytes, at) });
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === (at + bytes.length) % bytes.length ? byte ^ 1 : byte));

/** Envelopes of an honest introduction between two peers that then lose each other. */
const recordIntroduction = (room: SimRoom): CarriedEnvelope[] => {
  const recorded: CarriedEnvelope[] = [];
  room.relay = (envelope) => {
    recorded.push(envelope);
    return [envelope];
  };
  return recorded;
};

describe("a hostile server", () => {
  test.each(Object.entries(MUTATIONS))(
    "[I1a][I3][I4] %s: no connection, and none is missing afterwards",
    (_, mutate) => {
      const elsewhere = new SimRoom({ seed: 99 });
      const foreign = recordIntroduction(elsewhere);
      const [c, d] = twoIn(elsewhere);
      elsewhere.run(1_000, () => linked(c, d));

      const room = new SimRoom({ seed: 21 });
      const recorded = recordIntroduction(room);
      const third = room.add("Third");
      const [ada, ben] = [room.add("Ada"), room.add("Ben")];
      for (const peer of [ada, ben]) room.join(peer);
      expect(room.run(1_000, () => linked(ada, ben))).toBe(true);
      const earlier = [...recorded];

      // The server turns hostile, and cuts the link as a network could.
      const delivered: CarriedEnvelope[] = [];
      const context = {
        room,
        third,
        recorded: earlier,
        delivered,
        foreign: foreign.map(({ bytes }) => bytes),
      };
      room.relay = (envelope) => mutate(envelope, context);
      third.feed({ type: "server-joined", tag: room.tag, address: third.address, members: [] });
      for (const [peer, other] of [
        [ada, ben],
        [ben, ada],
      ] as const)
        peer.feed({ type: "link-closed", link: peer.engine.linkOf(other.id)!, reason: "closed" });
      for (let i = 0; i < 120; i++) {
        room.run(1_000);
        expect([ada.engine.peerCount, ben.engine.peerCount, third.engine.peerCount]).toEqual([0, 0, 0]);
      }

      room.relay = (envelope) => [envelope];
      expect(room.run(180_000, () => linked(ada, ben) && linked(ada, third) && linked(ben, third))).toBe(
        true,
      );
    },
  );

  test("[I1a] a server that does not know the code cannot introduce itself", () => {
    const room = new SimRoom({ seed: 31 });
    const ada = room.add("Ada");
    const server = room.add("Server", { envelopeKey: room.random(32) });
    room.join(ada);
    room.join(server);
    room.run(60_000);
    expect(ada.engine.peerCount).toBe(0);
    expect(ada.engine.refusals().get("forged-envelope")).toBeGreaterThan(0);
  });
});

describe("[I9] [I9a] through peers", () => {
  /** Ada and Ben are linked to Fred and never were to each other; Ada offers a file that Ben will want. */
  const threeInAChain = (seed: number) => {
    const room = new SimRoom({ seed });
    const [fred, ada, ben] = [room.add("Fred"), room.add("Ada"), room.add("Ben")];
    const join = (peer: SimPeer, members: readonly SimPeer[]) =>
      peer.feed({
        type: "server-joined",
        tag: room.tag,
        address: peer.address,
        members: members.map(({ address }) => address),
      });
    // As in a large room: nobody hears of a new neighbour.
    room.wire = ({ bytes }) => {
      const frame = decodeFrame(bytes);
      return frame.ok && frame.value.type.startsWith("shuffle") ? [] : [{ bytes, lateMs: 0 }];
    };
    join(fred, []);
    join(ada, [fred]);
    join(ben, [fred]);
    const file = fileIdOf(room.random(32), 1000);
    ada.feed({ type: "share", files: [{ file, name: "song.mp3", folder: "", layer: new Uint8Array() }] });
    expect(room.run(5_000, () => linked(ada, fred) && ben.engine.sourcesOf(file).length > 0)).toBe(true);
    const want = () => ben.feed({ type: "download", file, name: "song.mp3" });
    return { room, fred, ada, ben, want };
  };

  test.each(SEEDS)("two peers that never met are linked when the server is gone (seed %i)", (seed) => {
    const { room, fred, ada, ben, want } = threeInAChain(seed);
    room.server.isUp = false;
    for (const peer of [fred, ada, ben]) peer.feed({ type: "server-lost" });
    want();
    expect(room.run(2_000, () => linked(ada, ben))).toBe(true);
    expect([ada, ben].map(({ engine }) => [...engine.refusals().keys()])).toEqual([[], []]);
  });

  test.each(SEEDS)("a call that the server swallows is made through peers (seed %i)", (seed) => {
    const { room, fred, ada, ben, want } = threeInAChain(seed);
    room.relay = (envelope) => ([envelope.from, envelope.to].includes(fred.address) ? [envelope] : []);
    want();
    expect(room.run(10_000, () => linked(ada, ben))).toBe(true);
  });

  test("a call under way when the server is lost goes on through peers", () => {
    const { room, fred, ada, ben, want } = threeInAChain(6);
    room.relay = () => [];
    want();
    room.run(100);
    for (const peer of [fred, ada, ben]) peer.feed({ type: "server-lost" });
    expect(room.run(1_000, () => linked(ada, ben))).toBe(true);
  });

  test("an envelope that the courier has changed makes no connection", () => {
    for (const [at, isCarried] of [
      [null, true],
      [2, false],
      [16, false],
      [20, false],
      [-1, false],
    ] as const) {
      const { room, fred, ada, ben, want } = threeInAChain(7);
      room.server.isUp = false;
      for (const peer of [fred, ada, ben]) peer.feed({ type: "server-lost" });
      room.wire = ({ from, bytes }) => {
        const decoded = decodeFrame(bytes);
        const frame = decoded.ok && from === fred ? decoded.value : null;
        const altered =
          at !== null && frame?.type === "introduce"
            ? encodeFrame({ ...frame, bytes: flipped(frame.bytes, at) })
            : bytes;
        return [{ bytes: altered, lateMs: 0 }];
      };
      want();
      expect(room.run(30_000, () => linked(ada, ben))).toBe(isCarried);
      if (!isCarried) expect(ada.engine.refusals().get("forged-envelope")).toBeGreaterThan(0);
    }
  });

  test("[I4] an envelope that the courier sends again later has no effect", () => {
    const { room, fred, ada, ben, want } = threeInAChain(8);
    room.server.isUp = false;
    for (const peer of [fred, ada, ben]) peer.feed({ type: "server-lost" });
    const recorded: Uint8Array[] = [];
    room.wire = ({ from, to, bytes }) => {
      const frame = decodeFrame(bytes);
      if (from === fred && to === ada && frame.ok && frame.value.type === "introduce") recorded.push(bytes);
      return [{ bytes, lateMs: 0 }];
    };
    want();
    expect(room.run(2_000, () => linked(ada, ben))).toBe(true);
    room.run(1_000);
    const before = ada.connectionCount;
    const old = recorded.splice(0);
    room.cut(ada, ben);
    for (const bytes of old) fred.sendRaw(ada.id, bytes);
    room.run(1_000);
    expect(old.length).toBeGreaterThan(0);
    expect(ada.engine.refusals().get("replayed-envelope")).toBe(old.length);
    expect(ada.connectionCount - before).toBeLessThanOrEqual(1); // Ben's own new call
  });

  /** Fred hands Ada an envelope from Ben's address; any peer with the room's key can seal one. */
  const forgeIn = (
    { room, fred, ada, ben }: ReturnType<typeof threeInAChain>,
    session: ReturnType<typeof newSession>,
    counter: number,
    peer: Uint8Array,
  ) => {
    const route = { tag: room.tag, from: ben.address, to: ada.address };
    const payload = encode(["initiator", peer, "offer 999 aa"]);
    const bytes = seal(room.envelopeKey, route, { session, counter, payload }, room.random(24));
    fred.sendRaw(ada.id, encodeFrame({ type: "introduce", ...route, hops: 0, bytes }));
  };
  const forge = (three: ReturnType<typeof threeInAChain>, attempt: number) =>
    forgeIn(three, newSession(attempt, three.room.random(8)), 0, three.room.random(32));

  test("[I5] the peer id that a session names does not change", () => {
    const three = threeInAChain(12);
    const { room, ada } = three;
    const session = newSession(1, room.random(8));
    const [one, another] = [room.random(32), room.random(32)];
    const forged = () => ada.engine.refusals().get("forged-envelope") ?? 0;
    forgeIn(three, session, 0, one);
    forgeIn(three, session, 1, one);
    room.run(1_000);
    expect(forged()).toBe(0);
    forgeIn(three, session, 2, another);
    room.run(1_000);
    expect(forged()).toBe(1);
  });

  test("[I4a] an attempt number invented in a peer's name does not lock that peer out", () => {
    const three = threeInAChain(9);
    const { room, ada, ben, want } = three;
    forge(three, 0xffff_ffff);
    room.run(1_000);
    want();
    expect(room.run(2_000, () => linked(ada, ben))).toBe(true);
  });

  // Seeds for both orders of the addresses.
  test.each(SEEDS)(
    "[I4a] calls invented in a peer's name neither prevent nor end its own calls (seed %i)",
    (seed) => {
      const three = threeInAChain(seed);
      const { room, ada, ben } = three;
      forge(three, 1);
      room.run(1_000);
      ada.feed({ type: "message", to: ben.id, text: "Are you there?" });
      for (let attempt = 2; attempt <= 16; attempt++) {
        forge(three, attempt);
        room.run(20);
      }
      expect(room.run(500, () => ada.engine.messages()[0]?.state === "delivered")).toBe(true);
    },
  );

  test("[I4a] invented calls that fail let no address rest", () => {
    const three = threeInAChain(10);
    const { room, fred, ada, ben } = three;
    room.server.isUp = false;
    for (const peer of [fred, ada, ben]) peer.feed({ type: "server-lost" });
    for (let attempt = 1; attempt <= 8; attempt++) {
      forge(three, attempt);
      room.run(21_000);
    }
    expect(linked(ada, ben)).toBe(false);
    ada.feed({ type: "message", to: ben.id, text: "Are you there?" });
    expect(room.run(1_000, () => ada.engine.messages()[0]?.state === "delivered")).toBe(true);
  });

  test("a peer that is alone in an offline room calls nobody", () => {
    const room = new SimRoom({ seed: 10 });
    const [ada, ben] = twoIn(room);
    room.run(1_000, () => linked(ada, ben));
    room.server.isUp = false;
    for (const peer of [ada, ben]) peer.feed({ type: "server-lost" });
    room.cut(ada, ben);
    const before = ada.connectionCount;
    room.run(300_000);
    expect(ada.connectionCount).toBe(before);
  });
});

describe("a hostile member", () => {
  /** A member with the room's key that relays a connection: it puts its own certificate in both descriptions. */
  test("[P1a] in the middle of two others is found out by their proofs", () => {
    const room = new SimRoom({ seed: 41 });
    const [ada, ben] = twoIn(room);
    for (const peer of [ada, ben]) {
      const feed = peer.feed.bind(peer);
      peer.feed = (input) =>
        feed(input.type === "link-open" ? { ...input, remoteFingerprint: "the middle's" } : input);
    }
    room.run(30_000);
    expect([ada.engine.peerCount, ben.engine.peerCount]).toEqual([0, 0]);
    const found = [ada, ben].map((peer) => peer.engine.refusals().get("false-proof") ?? 0);
    expect(Math.max(...found)).toBeGreaterThan(0);
  });

  const afterLinking = (seed: number): { room: SimRoom; ada: SimPeer; mallory: SimPeer } => {
    const room = new SimRoom({ seed });
    const [ada, mallory] = twoIn(room);
    room.run(1_000, () => linked(ada, mallory));
    return { room, ada, mallory };
  };

  test.each([
    ["[W1] an oversize frame", "oversize-frame", () => new Uint8Array(MAX_FRAME_BYTES + 1)],
    ["[W2] garbage", "malformed-frame", () => Uint8Array.of(0xff, 0x13, 0x37)],
    ["[W2] a map where an array is due", "malformed-frame", () => Uint8Array.of(0xa1, 0x01, 0x02)],
    [
      "[P3] a second proof",
      "second-proof",
      (mallory: SimPeer) => encodeFrame({ type: "prove", peer: mallory.id, signature: new Uint8Array(64) }),
    ],
    [
      "[E5a] an entry signed by nobody",
      "false-entry",
      (mallory: SimPeer) =>
        encodeBatch(
          { author: mallory.id, epoch: 2, topic: "library" },
          0,
          NO_ENTRY,
          [Uint8Array.of(0x82, 2, 0)],
          new Uint8Array(64),
        ),
    ],
  ] as const)("[W4] %s is refused by name, and ends the link for this room", (_, refusal, frame) => {
    const { room, ada, mallory } = afterLinking(51);
    mallory.sendRaw(ada.id, frame(mallory));
    expect(room.run(1_000, () => ada.engine.peerCount === 0)).toBe(true);
    expect(ada.engine.refusals().get(refusal)).toBe(1);
    expect(ada.notices).toContainEqual({ type: "peer-dropped", peer: mallory.id, refusal });
    room.run(120_000);
    expect(ada.engine.peerCount).toBe(0);
  });

  test("[W4] a peer that was dropped is not called again, not even at a new address", () => {
    const { room, ada, mallory } = afterLinking(54);
    mallory.sendRaw(ada.id, Uint8Array.of(0xff));
    expect(room.run(1_000, () => ada.engine.peerCount === 0)).toBe(true);
    let calls = 0;
    room.relay = (envelope) => {
      if (envelope.from === ada.address) calls++;
      return [envelope];
    };
    room.run(600_000);
    expect(calls).toBe(0);

    const elsewhere = bytesToHex(room.random(16)) as Address;
    Object.assign(mallory, { address: elsewhere });
    mallory.feed({ type: "server-joined", tag: room.tag, address: elsewhere, members: [] });
    room.run(600_000);
    expect(ada.engine.peerCount).toBe(0);
    expect(calls).toBeGreaterThan(0);
    expect(calls).toBeLessThan(4);
  });

  test("[W2][W4a] a frame of a later version is counted and does not end the link", () => {
    const { room, ada, mallory } = afterLinking(52);
    mallory.sendRaw(ada.id, Uint8Array.of(0x81, 0x18, 99));
    room.run(1_000);
    expect(ada.engine.refusals().get("unknown-frame")).toBe(1);
    expect(ada.engine.peerCount).toBe(1);
  });

  test("[P2] frames before the proof are refused", () => {
    const room = new SimRoom({ seed: 53 });
    const [ada, mallory] = twoIn(room);
    const feed = mallory.feed.bind(mallory);
    mallory.feed = (input) => {
      if (input.type !== "signed") feed(input); // it never proves who it is
      if (input.type === "link-open") ada.receive(1, encodeFrame({ type: "ping", nonce: 1 }));
    };
    room.run(1_000);
    expect(ada.engine.refusals().get("frame-before-proof")).toBe(1);
    expect(ada.engine.peerCount).toBe(0);
  });
});
