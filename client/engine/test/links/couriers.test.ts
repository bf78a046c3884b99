import { bytesToHex } from "@noble/hashes/utils.js";
import { ADDRESS_BYTES, type Address, type RoomTag } from "@swapmeet/shared";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../../testing/random.ts";
import { Couriers } from "../../src/links/couriers.ts";
import { newSession, seal } from "../../src/links/sealed/envelope.ts";
import { MAX_HOPS, type IntroduceFrame } from "../../src/wire/frame.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import type { Refusal } from "../../src/names/refusal.ts";

const SEEDS = [1, 2, 3, 4, 5];
const TAG = "ab".repeat(32) as RoomTag;

/** Peers with no other part than their couriers, on links that deliver when told to. */
class Network {
  readonly random: SeededRandom;
  readonly members: Member[] = [];
  /** Frames that went over any link. */
  carried = 0;
  now = 0;
  readonly #underWay: (() => void)[] = [];

  constructor(seed: number, size: number) {
    this.random = new SeededRandom(seed);
    for (let i = 0; i < size; i++) this.members.push(new Member(this, `peer ${i}` as PeerId));
  }

  link(...pairs: readonly (readonly [number, number])[]): void {
    for (const [a, b] of pairs) {
      this.members[a]!.links.add(this.members[b]!);
      this.members[b]!.links.add(this.members[a]!);
    }
  }

  unlink(a: number, b: number): void {
    this.members[a]!.links.delete(this.members[b]!);
    this.members[b]!.links.delete(this.members[a]!);
  }

  send(from: Member, to: PeerId, frame: IntroduceFrame): void {
    this.carried++;
    const member = [...from.links].find(({ id }) => id === to);
    if (member) this.#underWay.push(() => member.hear(from.id, frame));
  }

  run(): void {
    for (let next = this.#underWay.shift(); next; next = this.#underWay.shift()) next();
  }
}

class Member {
  readonly id: PeerId;
  readonly address: Address;
  readonly links = new Set<Member>();
  readonly got: { from: Address; bytes: Uint8Array }[] = [];
  readonly refusals: Refusal[] = [];
  readonly couriers: Couriers;
  readonly #network: Network;

  constructor(network: Network, id: PeerId) {
    this.id = id;
    this.address = bytesToHex(network.random.bytes(ADDRESS_BYTES)) as Address;
    this.couriers = new Couriers({
      queue: (event) => {
        if (event.type === "send") network.send(this, event.to, event.frame as IntroduceFrame);
        if (event.type === "refuse") this.refusals.push(event.refusal);
      },
      view: {
        address: () => this.address,
        isLinked: (peer) => [...this.links].some(({ id }) => id === peer),
        linkedAt: (address) => [...this.links].find((member) => member.address === address)?.id ?? null,
        peerAt: () => null,
        routeTo: () => null,
        neighbors: () => [...this.links].map(({ id }) => id),
      },
      random: () => network.random.next(),
    });
    this.#network = network;
  }

  hear(from: PeerId, frame: IntroduceFrame): void {
    const arrived = this.couriers.frame(from, frame, this.#network.now);
    if (arrived) this.got.push(arrived);
  }
}

let attempts = 0;
const newEnvelopes = (network: Network, from: Member, to: Member) => {
  const session = newSession(++attempts, network.random.bytes(8));
  return (counter: number, payload = Uint8Array.of(counter)) =>
    seal(
      new Uint8Array(32),
      { tag: TAG, from: from.address, to: to.address },
      { session, counter, payload },
      network.random.bytes(24),
    );
};

describe("[I9] [I9a] an envelope", () => {
  test("goes along a chain, and its answer back", () => {
    const network = new Network(1, 5);
    network.link([0, 1], [1, 2], [2, 3], [3, 4]);
    const [first, last] = [network.members[0]!, network.members[4]!];
    const envelope = newEnvelopes(network, first, last)(0);
    first.couriers.send(last.address, envelope);
    network.run();
    expect(last.got).toEqual([{ from: first.address, bytes: envelope }]);
    const answer = envelope.slice();
    last.couriers.send(first.address, answer);
    network.run();
    expect(first.got).toEqual([{ from: last.address, bytes: answer }]);
    expect(network.carried).toBe(8);
  });

  test(`goes ${MAX_HOPS} peers far and no farther`, () => {
    for (const [between, arrives] of [
      [MAX_HOPS, true],
      [MAX_HOPS + 1, false],
    ] as const) {
      const network = new Network(1, between + 2);
      network.link(...network.members.slice(1).map((_, i) => [i, i + 1] as const));
      const [first, last] = [network.members[0]!, network.members[between + 1]!];
      first.couriers.send(last.address, newEnvelopes(network, first, last)(0));
      network.run();
      expect(last.got).toHaveLength(arrives ? 1 : 0);
    }
  });

  test("to nobody ends by itself", () => {
    const network = new Network(2, 6);
    for (let a = 0; a < 6; a++) for (let b = 0; b < a; b++) network.link([a, b]);
    const stranger = new Member(network, "nobody" as PeerId);
    network.members[0]!.couriers.send(
      stranger.address,
      newEnvelopes(network, network.members[0]!, stranger)(0),
    );
    network.run();
    expect(network.carried).toBeLessThanOrEqual(MAX_HOPS + 1);
  });
});

describe("[I10] a session", () => {
  test.each(SEEDS)("keeps its way in a tangle, so that its envelopes stay in order (seed %i)", (seed) => {
    const network = new Network(seed, 12);
    // A ring, so that everybody is somehow reached, and chords to get lost in.
    for (let i = 0; i < 12; i++) network.link([i, (i + 1) % 12], [i, (i * 5 + 2) % 12]);
    let arrived = 0;
    for (let attempt = 0; attempt < 20; attempt++) {
      const [from, to] = [network.members[attempt % 12]!, network.members[(attempt + 6) % 12]!];
      const envelope = newEnvelopes(network, from, to);
      const sent = [0, 1, 2, 3].map((counter) => envelope(counter));
      for (const bytes of sent) from.couriers.send(to.address, bytes);
      network.run();
      const got = to.got.splice(0).map(({ bytes }) => bytes);
      expect(got.length === 0 || got.length === 4).toBe(true);
      if (got.length === 0) continue;
      expect(got).toEqual(sent);
      arrived++;
      for (const bytes of sent) to.couriers.send(from.address, bytes);
      network.run();
      expect(from.got.splice(0).map(({ bytes }) => bytes)).toEqual(sent);
    }
    expect(arrived).toBeGreaterThan(5);
  });

  test("is not taken from another neighbour than it came from first", () => {
    const network = new Network(3, 4);
    network.link([0, 1], [1, 3], [2, 1]);
    const [ada, , mallory, ben] = network.members as [Member, Member, Member, Member];
    const envelope = newEnvelopes(network, ada, ben);
    ada.couriers.send(ben.address, envelope(0));
    network.run();
    const bytes = envelope(1);
    network.send(mallory, "peer 1" as PeerId, {
      type: "introduce",
      from: ada.address,
      to: ben.address,
      hops: 9,
      bytes,
    });
    network.run();
    expect(ben.got).toHaveLength(1);
    ada.couriers.send(ben.address, bytes);
    network.run();
    expect(ben.got).toHaveLength(2);
  });

  test("takes another way when a peer on the one it had is gone", () => {
    const network = new Network(4, 4);
    network.link([0, 1], [1, 3]);
    const [ada, , , ben] = network.members as [Member, Member, Member, Member];
    const envelope = newEnvelopes(network, ada, ben);
    ada.couriers.send(ben.address, envelope(0));
    network.run();
    network.unlink(0, 1);
    network.unlink(1, 3);
    network.link([0, 2], [2, 3]);
    ada.couriers.send(ben.address, envelope(1));
    ben.couriers.send(ada.address, envelope(0));
    network.run();
    expect([ada.got.length, ben.got.length]).toEqual([1, 2]);
  });
});

describe("[I11] a flood", () => {
  const flood = (network: Network, to: Member, count: number, isOneSession: boolean): void => {
    const [mallory] = network.members as [Member];
    const one = newEnvelopes(network, mallory, to);
    for (let i = 0; i < count; i++) {
      mallory.couriers.send(to.address, isOneSession ? one(i) : newEnvelopes(network, mallory, to)(0));
      network.run();
    }
  };

  test("is passed on within the allowance of one neighbour, and counted", () => {
    const network = new Network(5, 3);
    network.link([0, 1], [1, 2]);
    const [, friend, ben] = network.members as [Member, Member, Member];
    flood(network, ben, 1_000, true);
    expect(ben.got).toHaveLength(128);
    expect(friend.refusals).toHaveLength(1_000 - 128);
    expect(new Set(friend.refusals)).toEqual(new Set(["too-many-introductions"]));
    network.now += 10_000;
    flood(network, ben, 1_000, true);
    expect(ben.got).toHaveLength(128 + 128);
  });

  test("lets sixteen calls through to its victim, then one in twenty seconds", () => {
    const network = new Network(6, 3);
    network.link([0, 1], [1, 2]);
    const [, , ben] = network.members as [Member, Member, Member];
    flood(network, ben, 100, false);
    expect(ben.got).toHaveLength(16);
    network.now += 60_000;
    flood(network, ben, 100, false);
    expect(ben.got).toHaveLength(16 + 3);
  });

  test("without envelopes is refused by name", () => {
    const network = new Network(7, 2);
    network.link([0, 1]);
    const [ada, ben] = network.members as [Member, Member];
    network.send(ada, ben.id, {
      type: "introduce",
      from: ada.address,
      to: ben.address,
      hops: 1,
      bytes: new Uint8Array(60),
    });
    network.run();
    expect(ben.refusals).toEqual(["malformed-envelope"]);
    expect(ben.got).toEqual([]);
  });
});
