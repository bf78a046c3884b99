import type { Address } from "@swapmeet/shared";
import { decode, encode } from "cborg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SimRoom, type CarriedFrame, type SimPeer } from "../../../sim/room/room.ts";
import { SimDisk } from "../../../sim/swarm/sim-disk.ts";
import { bytesToHex, equalBytes } from "../../src/base/bytes.ts";
import { open, seal } from "../../src/links/sealed/envelope.ts";
import { MAX_FRAME_BYTES, type RelayFrame } from "../../src/wire/frame.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame-codec.ts";
import { publicRelayKey, RelayedChannel } from "../../src/links/sealed/relayed-channel.ts";

const SEEDS = [1, 2, 3];
/** The time for two attempts at a direct connection, and one through a friend. */
const RELAYED_WITHIN_MS = 60_000;

const reach = (a: SimPeer, b: SimPeer) => a.engine.person(b.id).reach;
const areRelayed = (a: SimPeer, b: SimPeer) => reach(a, b) === "relayed" && reach(b, a) === "relayed";
const relayIn = ({ bytes }: Pick<CarriedFrame, "bytes">): RelayFrame | null => {
  const decoded = decodeFrame(bytes);
  return decoded.ok && decoded.value.type === "relay" ? decoded.value : null;
};

/** Ada and Ben can't reach each other; the friends reach everybody. */
const apart = (seed: number, friendNames: readonly string[] = ["Fred"]) => {
  const room = new SimRoom({ seed });
  const disks = [new SimDisk(), new SimDisk()] as const;
  const friends = friendNames.map((name) => room.add(name));
  const ada = room.add("Ada", { files: disks[0] });
  const ben = room.add("Ben", { files: disks[1] });
  room.reaches = (from, to) => !(from !== to && [ada, ben].includes(from) && [ada, ben].includes(to));
  for (const peer of room.peers) room.join(peer);
  const isRelayed = () => areRelayed(ada, ben);
  const bytes = room.random(1024 * 1024);
  const share = () => {
    const local = disks[0].disk.add(bytes, "song.mp3");
    ada.feed({ type: "share", files: [local] });
    expect(room.run(5_000, () => ben.engine.sourcesOf(local.file).length > 0)).toBe(true);
    ben.feed({ type: "download", file: local.file, name: "song.mp3" });
    const isThere = () => disks[1].disk.saved.has(local.file);
    const saved = () => disks[1].disk.saved.get(local.file)!;
    return { file: local.file, isThere, saved };
  };
  return { room, friends, ada, ben, isRelayed, bytes, share };
};

describe("[Y2] [Y2a] two peers that can't reach each other", () => {
  test.each(SEEDS)("are linked through a friend, know each other's name, and say so (seed %i)", (seed) => {
    const { room, friends, ada, ben, isRelayed } = apart(seed);
    expect(room.run(RELAYED_WITHIN_MS, isRelayed)).toBe(true);
    room.run(1_000);
    expect(ada.engine.person(ben.id).name).toBe("Ben");
    expect(ada.engine.person(ben.id).rttMs).toBe(40);
    expect(reach(ada, friends[0]!)).toBe("direct");
    expect([...ada.notices, ...ben.notices]).toEqual([]);
    expect([ada, ben, friends[0]!].map(({ engine }) => [...engine.refusals().keys()])).toEqual([[], [], []]);
    // It is a link like any other: it stays, and a rename arrives.
    room.run(30_000);
    ada.feed({ type: "rename", name: "Ada Lovelace" });
    expect(room.run(1_000, () => ben.engine.person(ada.id).name === "Ada Lovelace")).toBe(true);
    expect(isRelayed()).toBe(true);
  });

  test("find each other through peers when the server is gone", () => {
    const { room, isRelayed } = apart(4);
    room.run(2_000);
    room.server.isUp = false;
    for (const peer of room.peers) peer.feed({ type: "server-lost" });
    const [, ada, ben] = room.peers as [SimPeer, SimPeer, SimPeer];
    const { file } = new SimDisk().disk.add(room.random(1000), "x");
    ada.feed({ type: "share", files: [{ file, name: "x", folder: "", layer: new Uint8Array() }] });
    room.run(1_000);
    expect(
      room.run(120_000, () => {
        if (!isRelayed()) ben.feed({ type: "download", file, name: "x" });
        return isRelayed();
      }),
    ).toBe(true);
  });

  test("are told so when they have no friend in common", () => {
    const { room, friends, ada, ben, bytes } = apart(5, ["Fred", "Fay"]);
    const [fred, fay] = friends as [SimPeer, SimPeer];
    // Ada, Fred, Fay, Ben in a chain.
    const chain = [ada, fred, fay, ben];
    room.reaches = (from, to) => Math.abs(chain.indexOf(from) - chain.indexOf(to)) <= 1;
    const file = new SimDisk().disk.add(bytes, "song.mp3").file;
    ada.feed({ type: "share", files: [{ file, name: "song.mp3", folder: "", layer: new Uint8Array() }] });
    expect(room.run(60_000, () => ben.engine.sourcesOf(file).length > 0)).toBe(true);
    ben.feed({ type: "download", file, name: "song.mp3" });
    const isTold = () => ben.notices.some(({ type }) => type === "no-route");
    expect(room.run(90_000, isTold)).toBe(true);
    room.run(300_000);
    expect(reach(ada, ben)).toBe("known");
    expect(ben.notices.filter(({ type }) => type === "no-route")).toHaveLength(1);
  });
});

describe("a file", () => {
  test.each(SEEDS)(
    "[Y3][Y5] goes through a friend, which can't read it, at the agreed pace (seed %i)",
    (seed) => {
      const { room, friends, isRelayed, bytes, share } = apart(seed);
      expect(room.run(RELAYED_WITHIN_MS, isRelayed)).toBe(true);
      let carried = 0;
      const known = bytesToHex(bytes.subarray(1000, 1016));
      room.listener = ({ bytes: seen, to }) => {
        if (relayIn({ bytes: seen }) && to === friends[0]) carried += seen.length;
        expect(bytesToHex(seen).includes(known)).toBe(false);
      };
      const began = room.now;
      const { isThere, saved } = share();
      expect(room.run(20_000, isThere)).toBe(true);
      expect(equalBytes(saved(), bytes)).toBe(true);
      expect(carried).toBeGreaterThan(bytes.length);
      expect(room.now - began).toBeGreaterThan(((bytes.length - 128 * 1024) / (192 * 1024)) * 1000);
      expect(friends[0]!.engine.refusals().get("too-many-requests")).toBeUndefined();
      expect(isRelayed()).toBe(true);
    },
  );
});

describe("[Y6] [Y6a] a link through a friend", () => {
  test.each(SEEDS)("goes on through another one when that friend leaves (seed %i)", (seed) => {
    const { room, friends, isRelayed, ada, share, bytes } = apart(seed, ["Fred", "Fay"]);
    expect(room.run(RELAYED_WITHIN_MS, isRelayed)).toBe(true);
    const seen = new Set<SimPeer>();
    room.listener = (frame) => relayIn(frame) && friends.includes(frame.to) && seen.add(frame.to);
    const { isThere, saved } = share();
    room.run(2_000);
    expect(seen.size).toBe(1);
    const [used] = [...seen];
    used!.die(() => 100);
    seen.clear();
    expect(room.run(200, () => !isRelayed())).toBe(true);
    expect(room.run(2_000, isRelayed)).toBe(true);
    expect(room.run(20_000, isThere)).toBe(true);
    expect(equalBytes(saved(), bytes)).toBe(true);
    expect(seen.has(used!)).toBe(false);
    expect(ada.notices).toEqual([]);
  });

  test.each(SEEDS)("is replaced when the direct path comes back (seed %i)", (seed) => {
    const { room, ada, ben, isRelayed } = apart(seed);
    expect(room.run(RELAYED_WITHIN_MS, isRelayed)).toBe(true);
    room.reaches = () => true;
    expect(room.run(75_000, () => reach(ada, ben) === "direct" && reach(ben, ada) === "direct")).toBe(true);
    room.run(120_000);
    expect([reach(ada, ben), reach(ben, ada)]).toEqual(["direct", "direct"]);
    expect([ada.engine.peerCount, ben.engine.peerCount]).toEqual([2, 2]);
  });

  test("costs few connections while the direct path stays closed", () => {
    const { room, ada, ben, isRelayed } = apart(6);
    expect(room.run(RELAYED_WITHIN_MS, isRelayed)).toBe(true);
    const before = ada.connectionCount + ben.connectionCount;
    room.run(3_600_000);
    expect(isRelayed()).toBe(true);
    expect(ada.connectionCount + ben.connectionCount - before).toBeLessThanOrEqual(2 * 8);
  });
});

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === (at + bytes.length) % bytes.length ? byte ^ 1 : byte));

/** A hostile friend's treatment of the tenth relayed message and those after it. */
type Doing = (frame: RelayFrame, number: number, earlier: readonly RelayFrame[]) => readonly RelayFrame[];
/** How soon the file is there: a message that vanishes is noticed by the silence, others by what comes next. */
const DOINGS: Record<string, { doing: Doing; isNoticed: boolean; withinMs: number }> = {
  "alters the last byte": {
    doing: (f) => [{ ...f, bytes: flipped(f.bytes, -1) }],
    isNoticed: true,
    withinMs: 12_000,
  },
  "alters the counter": {
    doing: (f) => [{ ...f, bytes: flipped(f.bytes, 15) }],
    isNoticed: true,
    withinMs: 12_000,
  },
  "alters the session": {
    doing: (f) => [{ ...f, bytes: flipped(f.bytes, 3) }],
    isNoticed: true,
    withinMs: 50_000,
  },
  "cuts off the end": {
    doing: (f) => [{ ...f, bytes: f.bytes.slice(0, -1) }],
    isNoticed: true,
    withinMs: 12_000,
  },
  "drops one in three": { doing: (f, n) => (n % 3 === 0 ? [] : [f]), isNoticed: true, withinMs: 12_000 },
  "drops all": { doing: () => [], isNoticed: true, withinMs: 50_000 },
  "swaps two": {
    doing: (f, n, earlier) => (n % 2 ? [] : [f, earlier.at(-2)!]),
    isNoticed: true,
    withinMs: 12_000,
  },
  "sends noise": {
    doing: (f) => [{ ...f, bytes: new Uint8Array(200).fill(7) }, f],
    isNoticed: false,
    withinMs: 12_000,
  },
  "sends everything twice": { doing: (f) => [f, f], isNoticed: false, withinMs: 12_000 },
  "sends all that was again": {
    doing: (f, _, earlier) => [f, ...earlier.slice(0, 5)],
    isNoticed: false,
    withinMs: 12_000,
  },
  "sends it back": {
    doing: (f) => [f, { ...f, from: f.to, to: f.from }],
    isNoticed: false,
    withinMs: 12_000,
  },
};

describe("[Y4] a friend that", () => {
  test.each(Object.entries(DOINGS))(
    "%s: no false bytes are taken, nobody is blamed, another friend is used",
    (_, { doing, isNoticed, withinMs }) => {
      const { room, friends, isRelayed, ada, ben, share, bytes } = apart(7, ["Mallory", "Fay"]);
      const [mallory, fay] = friends as [SimPeer, SimPeer];
      // Fay comes when it is too late to be chosen first.
      room.reaches = (
        (reaches) => (from, to) =>
          reaches(from, to) && ![from, to].includes(fay)
      )(room.reaches);
      for (const other of room.peers) room.cut(fay, other);
      expect(room.run(2 * RELAYED_WITHIN_MS, isRelayed)).toBe(true);
      room.reaches = (from, to) => !([ada, ben].includes(from) && [ada, ben].includes(to));
      const areAllLinked = () => reach(fay, ada) === "direct" && reach(fay, ben) === "direct";
      expect(room.run(180_000, areAllLinked)).toBe(true);
      expect(isRelayed()).toBe(true);

      const earlier: RelayFrame[] = [];
      let wasLost = false;
      let trusted = 0;
      room.wire = (frame) => {
        wasLost ||= !isRelayed();
        if (wasLost && frame.to === mallory && relayIn(frame)) trusted++;
        const relay = frame.from === mallory && frame.to === ben ? relayIn(frame) : null;
        if (!relay) return [{ bytes: frame.bytes, lateMs: 0 }];
        earlier.push(relay);
        const told = earlier.length < 10 ? [relay] : doing(relay, earlier.length, earlier);
        return told.map((one) => ({ bytes: encodeFrame(one), lateMs: 0 }));
      };
      const { isThere, saved } = share();
      expect(room.run(withinMs, isThere)).toBe(true);
      expect(equalBytes(saved(), bytes)).toBe(true);
      expect([...ada.notices, ...ben.notices].filter(({ type }) => type === "peer-dropped")).toEqual([]);
      expect(wasLost).toBe(isNoticed);
      expect(trusted).toBeLessThanOrEqual(8); // until both have noticed
      expect(earlier.length).toBeGreaterThanOrEqual(10);
    },
  );
});

test("[P1a] [Y3b] a friend that puts its own keys between the two is found out by their proofs", () => {
  const { room, ada, ben } = apart(11, ["Mallory"]);
  const secret = room.random(32);
  const keyByAddress = new Map<Address, Uint8Array>();
  const channels = new Map<string, { toAda: RelayedChannel; toBen: RelayedChannel }>();
  let isInitiator = true; // Ada
  let session = "";
  let carried = 0;
  // It has the room's key, as every member; say that the introduction goes through it.
  room.relay = (envelope) => {
    const route = { tag: room.tag, from: envelope.from, to: envelope.to };
    const opened = open(room.envelopeKey, route, envelope.bytes);
    if (!opened.ok) return [envelope];
    const [role, peer, said] = decode(opened.value.payload) as [string, Uint8Array, unknown];
    if (!Array.isArray(said)) return [envelope];
    const [key, friends] = said as [Uint8Array, Uint8Array[]];
    if (role === "initiator") isInitiator = envelope.from === ada.address;
    session = opened.value.session;
    keyByAddress.set(envelope.from, key);
    const payload = encode([role, peer, [publicRelayKey(secret), friends]]);
    return [
      { ...envelope, bytes: seal(room.envelopeKey, route, { ...opened.value, payload }, room.random(24)) },
    ];
  };
  const between = () => {
    const [initiator, responder] = isInitiator ? [ada.address, ben.address] : [ben.address, ada.address];
    const ends = { session, initiator, responder };
    const agree = (address: Address, asInitiator: boolean) =>
      RelayedChannel.agree(ends, room.envelopeKey, secret, keyByAddress.get(address)!, asInitiator)!;
    const made = { toAda: agree(ada.address, !isInitiator), toBen: agree(ben.address, isInitiator) };
    channels.set(session, made);
    return made;
  };
  room.wire = (frame) => {
    const relay = relayIn(frame);
    if (!relay || frame.from === ada || frame.from === ben) return [{ bytes: frame.bytes, lateMs: 0 }];
    const { toAda, toBen } = channels.get(session) ?? between();
    const [from, to] = frame.to === ben ? [toAda, toBen] : [toBen, toAda];
    const read = from.read(relay.bytes);
    if (!read.ok || read.value.type !== "frame") return [];
    carried++;
    return [...to.frame(read.value.bytes)].map((bytes) => ({
      bytes: encodeFrame({ ...relay, bytes }),
      lateMs: 0,
    }));
  };
  room.run(200_000);
  expect(carried).toBeGreaterThan(0);
  expect(reach(ada, ben)).toBe("known");
  const found = [ada, ben].map((peer) => peer.engine.refusals().get("false-proof") ?? 0);
  expect(Math.max(...found)).toBeGreaterThan(0);
  // Before the proof nobody is blamed: it was neither Ada nor Ben.
  expect([...ada.notices, ...ben.notices].filter(({ type }) => type === "peer-dropped")).toEqual([]);
});

describe("[Y1] [Y1a] a friend", () => {
  test("carries no flood: a mebibyte at once, then 256 KiB a second", () => {
    const { room, friends, ada, ben, isRelayed } = apart(8);
    expect(room.run(RELAYED_WITHIN_MS, isRelayed)).toBe(true);
    const [fred] = friends as [SimPeer];
    let arrived = 0;
    room.listener = (frame) => {
      if (frame.to === ben) arrived += relayIn(frame)?.bytes.length ?? 0;
    };
    const flood = () => {
      for (let i = 0; i < 100; i++) {
        const bytes = new Uint8Array(60_000);
        ada.sendRaw(fred.id, encodeFrame({ type: "relay", from: ada.address, to: ben.address, bytes }));
      }
    };
    flood();
    room.run(100);
    expect(arrived).toBeGreaterThan(900_000);
    expect(arrived).toBeLessThan(1024 * 1024 + 32 * 1024);
    arrived = 0;
    room.run(2_000);
    flood();
    room.run(100);
    expect(arrived).toBeLessThan(2.3 * 256 * 1024);
    expect(fred.engine.refusals().get("too-many-requests")).toBeGreaterThan(100);
    expect(fred.engine.linkOf(ada.id)).not.toBeNull();
  });

  test("carries nothing in another's name, nor to itself, nor to a peer that it does not reach", () => {
    const { room, friends, ada, ben, isRelayed } = apart(9, ["Fred", "Fay"]);
    expect(room.run(RELAYED_WITHIN_MS, isRelayed)).toBe(true);
    const [fred, fay] = friends as [SimPeer, SimPeer];
    const carried: CarriedFrame[] = [];
    room.listener = (frame) => {
      if (relayIn(frame)?.bytes.length === 99 && frame.from === fred) carried.push(frame);
    };
    const send = (from: Address, to: Address) =>
      ada.sendRaw(fred.id, encodeFrame({ type: "relay", from, to, bytes: new Uint8Array(99) }));
    send(fay.address, ben.address);
    send(ada.address, ada.address);
    send(ada.address, "ab".repeat(16) as Address);
    room.run(1_000);
    expect(carried).toEqual([]);
    expect(fred.engine.refusals().get("bad-request")).toBe(1);
    send(ada.address, ben.address);
    room.run(1_000);
    expect(carried).toHaveLength(1);
  });

  test("that is reached through a friend itself carries nothing", () => {
    // Ada, Fred, Ben, Fay in a chain: Ada and Fay have no friend in common but those they have by friends.
    const room = new SimRoom({ seed: 10 });
    const chain = ["Ada", "Fred", "Ben", "Fay"].map((name) => room.add(name));
    room.reaches = (from, to) => Math.abs(chain.indexOf(from) - chain.indexOf(to)) <= 1;
    for (const peer of chain) room.join(peer);
    const [ada, fred, ben, fay] = chain as [SimPeer, SimPeer, SimPeer, SimPeer];
    expect(room.run(4 * RELAYED_WITHIN_MS, () => areRelayed(ada, ben) && areRelayed(fred, fay))).toBe(true);
    room.run(180_000);
    expect(reach(ada, fay)).toBe("known");
  });
});

describe("[Y3] [Y3a] a relayed channel", () => {
  const ends = { session: "0a".repeat(12), initiator: "0b".repeat(16), responder: "0c".repeat(16) };
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const agree = (
    { a, b, roomKey }: { a: Uint8Array; b: Uint8Array; roomKey: Uint8Array },
    other = roomKey,
  ): [RelayedChannel, RelayedChannel] => {
    const route = ends as Parameters<typeof RelayedChannel.agree>[0];
    return [
      RelayedChannel.agree(route, roomKey, a, publicRelayKey(b), true)!,
      RelayedChannel.agree(route, other, b, publicRelayKey(a), false)!,
    ];
  };
  const secrets = fc.record({ a: bytes32, b: bytes32, roomKey: bytes32 });
  const lengths = fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: MAX_FRAME_BYTES - 300, max: MAX_FRAME_BYTES }),
  );

  test("brings frames of any length in order, both ways at once", () => {
    fc.assert(
      fc.property(secrets, fc.array(fc.tuple(fc.boolean(), lengths), { maxLength: 6 }), (keys, sent) => {
        const pair = agree(keys);
        for (const [isFirst, length] of sent) {
          const [from, to] = isFirst ? pair : [pair[1], pair[0]];
          const frame = new Uint8Array(length).fill(length);
          const read = [...from.frame(frame)].map((message) => {
            expect(message.length).toBeLessThanOrEqual(MAX_FRAME_BYTES - 128);
            return to.read(message);
          });
          const last = read.at(-1)!;
          expect(last.ok && last.value.type === "frame" && equalBytes(last.value.bytes, frame)).toBe(true);
          for (const part of read.slice(0, -1)) expect(part).toEqual({ ok: true, value: { type: "part" } });
        }
      }),
      { numRuns: 40 },
    );
  });

  test("takes no altered message, and each message once, in its turn", () => {
    fc.assert(
      fc.property(secrets, fc.nat(), fc.nat(7), (keys, at, bit) => {
        const [from, to] = agree(keys);
        const [first, second] = [1, 2].flatMap((fill) => [...from.frame(new Uint8Array(40).fill(fill))]);
        const altered = first!.slice();
        altered[at % altered.length]! ^= 1 << bit;
        // The session only says whose channel it is: another one's message does not come here.
        if (at % altered.length >= 12) expect(to.read(altered).ok).toBe(false);
        expect(to.read(second!)).toEqual({ ok: false, problem: "reordered-envelope" });
        expect(to.read(first!).ok).toBe(true);
        expect(to.read(first!)).toEqual({ ok: false, problem: "replayed-envelope" });
        expect(from.read(second!).ok).toBe(false);
        expect(to.read(second!).ok).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("is not made with the key of another room, nor with a key that is no point", () => {
    fc.assert(
      fc.property(secrets, bytes32, (keys, other) => {
        fc.pre(!equalBytes(other, keys.roomKey));
        const [from, to] = agree(keys, other);
        expect(to.read([...from.frame(new Uint8Array(9))][0]!)).toEqual({
          ok: false,
          problem: "forged-envelope",
        });
      }),
      { numRuns: 20 },
    );
    const route = ends as Parameters<typeof RelayedChannel.agree>[0];
    expect(
      RelayedChannel.agree(route, new Uint8Array(32), new Uint8Array(32).fill(9), new Uint8Array(32), true),
    ).toBe(null);
  });
});
