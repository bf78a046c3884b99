import { describe, expect, test } from "vitest";
import type { Address } from "@swapmeet/shared";
import type { Profile } from "../../src/feed/entry.ts";
import type { SuspectFrame } from "../../src/wire/frame.ts";
import type { Time } from "../../src/base/time.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { Presence, type PresenceEvent } from "../../src/people/presence.ts";
import type { Refusal } from "../../src/names/refusal.ts";
import { SeededRandom } from "../../../testing/random.ts";
import { World, type Sleeper } from "../../../sim/world.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const LATENCY_MS = 40;
/** The other side ends the link of a sleeping device after so long. */
const SILENT_LINK_MS = 20 * SECOND;

const peer = (number: number): PeerId => number.toString(16).padStart(64, "0") as PeerId;
const address = (number: number): Address => number.toString(16).padStart(32, "0") as Address;

interface Word {
  readonly epoch: number;
  readonly seq: number;
  readonly profile: Profile;
}
const isNewer = (a: Word, b: Word | undefined): boolean =>
  !b || a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);

const TEN_YEARS_MS = 10 * 365 * 24 * 60 * MINUTE;

/**
 * A presence on a simple gossip: words are passed on to all neighbours, except those of gone peers. Each clock is off
 * by up to ten years, in either direction.
 */
class Member {
  readonly id: PeerId;
  readonly neighbors = new Set<Member>();
  readonly words = new Map<PeerId, Word>();
  readonly buried = new Map<PeerId, Word>();
  readonly refused: Refusal[] = [];
  /** All changes that this member saw, in order. */
  readonly seen: string[] = [];
  readonly #shown = new Map<PeerId, string | null>();
  readonly sent: SuspectFrame[] = [];
  presence: Presence;
  said = 0;
  awake = true;

  readonly net: Net;
  readonly #skewMs: number;
  readonly #sleeper: Sleeper;

  constructor(net: Net, number: number, epoch = 1) {
    this.net = net;
    this.#skewMs = Math.floor((net.random.next() - 0.5) * 2 * TEN_YEARS_MS);
    this.#sleeper = {
      tick: () => this.presence.tick(this.now),
      nextDeadline: () => {
        const deadline = this.awake ? this.presence.nextDeadline() : null;
        return deadline === null ? null : deadline - this.#skewMs;
      },
    };
    this.id = peer(number);
    let seq = 0;
    const perform = (event: PresenceEvent): void => {
      switch (event.type) {
        case "append": {
          this.said++;
          const word = { epoch, seq: seq++, profile: event.entries[0] };
          return net.world.after(1, () => this.hear(this.id, word, null));
        }
        case "send": {
          const frame = event.frame as SuspectFrame;
          this.sent.push(frame);
          return net.deliver(this, event.to, (other) => other.presence.frame(this.id, frame, other.now));
        }
        case "pass-over":
          return void this.refused.push(event.refusal);
        case "came":
          return void this.seen.push(`${Number.parseInt(event.peer, 16)} came`);
        case "gone": {
          const word = this.words.get(event.peer);
          if (word) this.buried.set(event.peer, word);
          this.words.delete(event.peer);
          return void this.seen.push(`${Number.parseInt(event.peer, 16)} gone`);
        }
      }
    };
    this.presence = new Presence(
      {
        me: this.id,
        epoch,
        address: address(number * 1_000 + epoch),
        name: `Peer ${number}`,
        queue: perform,
        view: { neighbors: () => [...this.neighbors].map(({ id }) => id) },
        random: () => net.random.next(),
      },
      this.now,
    );
  }

  /** The time by its own clock. */
  get now(): Time {
    return this.net.now + this.#skewMs;
  }

  hear(author: PeerId, word: Word, from: Member | null): void {
    const buried = this.buried.get(author);
    if (buried && !isNewer(word, buried)) {
      if (from) this.presence.vouched(author, word.epoch, word.seq, from.id);
      return;
    }
    if (!isNewer(word, this.words.get(author))) return;
    this.buried.delete(author);
    this.words.set(author, word);
    this.presence.applied(author, word.epoch, word.seq, word.profile, from?.id ?? null, this.now);
    for (const other of this.neighbors)
      if (other !== from) this.net.deliver(this, other.id, () => other.hear(author, word, this));
    this.look();
  }

  /** Notes what changed on its screen. */
  look(): void {
    this.net.world.watch(this.#sleeper);
    for (const who of this.net.watched) {
      const state = this.presence.stateOf(who);
      if (state === (this.#shown.get(who) ?? null)) continue;
      this.#shown.set(who, state);
      if (who !== this.id && state) this.seen.push(`${Number.parseInt(who, 16)} ${state}`);
    }
  }
}

class Net {
  readonly world = new World();
  readonly random: SeededRandom;
  members: Member[] = [];
  watched: PeerId[] = [];

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
  }

  get now(): Time {
    return this.world.now;
  }

  /** Members, each linked with every other, a while after they came. */
  static mesh(count: number, seed = 1): Net {
    const net = new Net(seed);
    for (let i = 1; i <= count; i++) net.members.push(new Member(net, i));
    net.watched = net.members.map(({ id }) => id);
    net.members.forEach((a, i) => net.members.slice(i + 1).forEach((b) => net.link(a, b)));
    net.run(10 * SECOND);
    return net;
  }

  /** Members in a ring, each with two more links to random ones. */
  static graph(count: number, seed: number): Net {
    const net = new Net(seed);
    for (let i = 1; i <= count; i++) net.members.push(new Member(net, i));
    net.members.forEach((a, i) => {
      net.link(a, net.members[(i + 1) % count]!);
      for (let more = 0; more < 2; more++) {
        const b = net.members[net.random.below(count)]!;
        if (b !== a) net.link(a, b);
      }
    });
    net.run(10 * SECOND);
    return net;
  }

  link(a: Member, b: Member): void {
    if (a.neighbors.has(b)) return;
    a.neighbors.add(b);
    b.neighbors.add(a);
    for (const [me, other] of [
      [a, b],
      [b, a],
    ] as const) {
      me.presence.linkUp(other.id, me.now);
      for (const [author, word] of me.words) this.deliver(me, other.id, () => other.hear(author, word, me));
      me.look();
    }
  }

  /** @param noticedAfterMs the time until members that are awake notice it. */
  unlink(a: Member, b: Member, noticedAfterMs = 0): void {
    for (const [me, other] of [
      [a, b],
      [b, a],
    ] as const)
      this.world.after(noticedAfterMs, () => {
        if (!me.neighbors.delete(other) || !me.awake) return;
        me.presence.linkDown(other.id, "neighbor", me.now);
        me.look();
      });
  }

  /** Its tab is gone, crashed or closed: nothing of it acts any more. */
  kill(member: Member, noticedAfterMs = 2 * SECOND): void {
    member.awake = false;
    this.members = this.members.filter((other) => other !== member);
    for (const other of [...member.neighbors]) this.unlink(member, other, noticedAfterMs);
  }

  deliver(from: Member, to: PeerId, act: (other: Member) => void): void {
    const other = [...from.neighbors].find(({ id }) => id === to);
    if (!other) return;
    this.world.after(LATENCY_MS, () => {
      if (!other.awake || !other.neighbors.has(from)) return;
      act(other);
      other.look();
    });
  }

  run(ms: number): void {
    const until = this.now + ms;
    while (this.now < until) {
      const pause = Math.min(SECOND, until - this.now);
      this.world.run(() => false, this.now + pause);
      for (const member of this.members) if (member.awake) member.look();
    }
  }

  /** The states in which all others see the member. */
  statesOf(member: Member): Set<string | null> {
    return new Set(this.members.filter((m) => m !== member).map((m) => m.presence.stateOf(member.id)));
  }

  forgetSeen(): void {
    for (const member of this.members) member.seen.length = 0;
  }

  seenBy(...members: Member[]): string[] {
    return [...new Set(members.flatMap(({ seen }) => seen))];
  }
}

describe("words", () => {
  test("[V1] everyone is seen by everyone, with name and address, and whoever is away says so", () => {
    const net = Net.mesh(4);
    const [ann, ben] = net.members as [Member, Member];
    expect([...ben.presence.people()].sort()).toEqual([peer(1), peer(3), peer(4)]);
    expect(ben.presence.nameOf(ann.id)).toBe("Peer 1");
    expect(ben.presence.peerAt(ben.presence.addressOf(ann.id)!)).toBe(ann.id);
    ann.presence.be("away", ann.now);
    ann.presence.rename("Ann\u202e", ann.now);
    net.run(2 * SECOND);
    expect(net.statesOf(ann)).toEqual(new Set(["away"]));
    expect(ben.presence.nameOf(ann.id)).toBe("Ann");
    ann.presence.be("here", ann.now);
    net.run(2 * SECOND);
    expect(net.statesOf(ann)).toEqual(new Set(["here"]));
    const { said } = ann;
    ann.presence.be("here", ann.now);
    ann.presence.rename("Ann", ann.now);
    net.run(5 * SECOND);
    expect(ann.said).toBe(said);
  });

  test("[V1] a tab that is switched to and fro a hundred times says a word a second, and the last one holds", () => {
    const net = Net.mesh(2);
    const ann = net.members[0]!;
    const before = ann.said;
    for (let i = 0; i < 101; i++) {
      ann.presence.be(i % 2 === 0 ? "away" : "here", ann.now);
      ann.look();
      net.run(50);
    }
    net.run(2 * SECOND);
    expect(ann.said - before).toBeLessThanOrEqual(8);
    expect(net.statesOf(ann)).toEqual(new Set(["away"]));
  });

  test("[V2] an hour in which nothing happens: a word a minute each, nobody flickers, and nobody is asked for", () => {
    for (const seed of [1, 2, 3]) {
      const net = Net.mesh(5, seed);
      net.forgetSeen();
      const before = net.members.map(({ said }) => said);
      net.run(60 * MINUTE);
      expect(net.seenBy(...net.members)).toEqual([]);
      expect(net.members.flatMap(({ sent }) => sent)).toEqual([]);
      net.members.forEach(({ said }, at) => {
        expect(said - before[at]!).toBeGreaterThanOrEqual(60);
        expect(said - before[at]!).toBeLessThanOrEqual(75);
      });
    }
  });

  test("[V2] people that come at the same time do not speak in step", () => {
    const second = Array.from({ length: 100 }, (_, seed) => {
      const { presence, said, run } = alone(seed);
      for (let i = 1; i <= 1_000; i++) presence.applied(peer(i), 1, 0, profile(i), peer(1), 0);
      said.length = 0;
      let minute = 0;
      while (said.length === 0) run(minute * MINUTE, ++minute * MINUTE);
      return minute;
    });
    // The interval is 500 s: nine minutes, and in each about as many of them speak.
    for (let minute = 1; minute <= 8; minute++)
      expect(second.filter((each) => each === minute).length).toBeLessThan(30);
    expect(Math.max(...second)).toBeLessThanOrEqual(9);
  });

  test("[V2] in a room of thousands everyone speaks less often, and is not missed for it", () => {
    const { presence, sent, said, run } = alone();
    for (let i = 1; i <= 2_000; i++) presence.applied(peer(i), 1, 0, profile(i), peer(1), 0);
    said.length = 0;
    run(0, 33 * MINUTE);
    expect(said.length).toBeLessThanOrEqual(4);
    expect(sent).toEqual([]);
    run(33 * MINUTE, 35 * MINUTE);
    expect(new Set(sent.map(({ author }) => author)).size).toBe(2_000);
  });

  test("[V2a] when a large room empties at once, the remaining people have time to speak before they are missed", () => {
    const { presence, run } = alone();
    for (let i = 1; i <= 2_000; i++) presence.applied(peer(i), 1, 0, profile(i), peer(1), 0);
    run(0, 5 * MINUTE);
    // 1,950 leave; the others last spoke five minutes ago, which was not late then.
    for (let i = 51; i <= 2_000; i++)
      presence.applied(peer(i), 1, 1, { ...profile(i), state: "left" }, peer(1), 5 * MINUTE);
    run(5 * MINUTE, 6 * MINUTE + 30 * SECOND);
    expect(presence.peopleCount).toBe(50);
    for (let i = 1; i <= 50; i++) expect(presence.stateOf(peer(i))).toBe("here");
  });
});

describe("leaving", () => {
  test("[V6] a peer that leaves is gone after a few seconds, everywhere", () => {
    const net = Net.mesh(5);
    const ann = net.members[0]!;
    ann.presence.leave();
    ann.presence.leave();
    expect(ann.presence.nextDeadline()).toBeNull();
    net.run(SECOND);
    net.kill(ann);
    net.run(7 * SECOND);
    expect(net.statesOf(ann)).toEqual(new Set([null]));
    expect(net.seenBy(...net.members).filter((seen) => seen.startsWith("1 "))).toEqual([
      "1 came",
      "1 here",
      "1 gone",
    ]);
  });

  test("[V6] nobody sees anything of a reload, with a last word or without", () => {
    for (const says of [true, false]) {
      const net = Net.mesh(5);
      const ann = net.members[0]!;
      net.forgetSeen();
      if (says) ann.presence.leave();
      net.run(100);
      net.kill(ann, 200);
      net.run(2 * SECOND);
      const reloaded = new Member(net, 1, 2);
      net.members.push(reloaded);
      for (const other of net.members) if (other !== reloaded) net.link(reloaded, other);
      net.run(3 * MINUTE);
      const others = net.members.filter((member) => member !== reloaded);
      expect(net.seenBy(...others)).toEqual([]);
      expect(net.statesOf(reloaded)).toEqual(new Set(["here"]));
      for (const other of others) {
        expect(other.presence.peerAt(address(1_002))).toBe(reloaded.id);
        expect(other.presence.peerAt(address(1_001))).toBeNull();
      }
    }
  });

  test("[V4a] a tab that crashed is away after seconds and gone within 40, in a graph, for everyone", () => {
    for (const seed of [1, 2, 3]) {
      const net = Net.graph(40, seed);
      const ann = net.members[0]!;
      net.kill(ann);
      net.run(15 * SECOND);
      expect(net.statesOf(ann)).toEqual(new Set(["away"]));
      net.run(10 * SECOND);
      expect(net.statesOf(ann)).toEqual(new Set([null]));
    }
  });

  test("[V3a] a link that breaks and comes back within 3 s means nothing", () => {
    const net = Net.mesh(4);
    const [ann, ben] = net.members as [Member, Member];
    net.forgetSeen();
    net.unlink(ann, ben);
    net.run(2 * SECOND);
    net.link(ann, ben);
    net.run(MINUTE);
    expect(net.members.flatMap(({ sent }) => sent)).toEqual([]);
    expect(net.seenBy(...net.members)).toEqual([]);
  });

  test("[V3][V4] a peer that gave no answer on its link is away here at once, and suspected elsewhere", () => {
    const { presence, sent, gone, run } = alone();
    presence.applied(peer(5), 1, 0, profile(5), peer(1), 0);
    presence.linkUp(peer(5), 0);
    presence.linkDown(peer(5), "quiet", SECOND);
    expect(sent).toHaveLength(3);
    expect(presence.stateOf(peer(5))).toBe("away");
    run(SECOND, 17 * SECOND);
    expect(gone).toEqual([]);
    run(17 * SECOND, 19 * SECOND);
    expect(gone).toEqual([peer(5)]);
  });

  test("[V5] a word through the room shows that only the link ended", () => {
    const { presence, gone, run } = alone();
    presence.applied(peer(5), 1, 0, profile(5), peer(1), 0);
    presence.linkDown(peer(5), "quiet", SECOND);
    presence.applied(peer(5), 1, 1, profile(5), peer(2), 2 * SECOND);
    expect(presence.stateOf(peer(5))).toBe("here");
    run(2 * SECOND, MINUTE);
    expect(gone).toEqual([]);
  });

  test("[V3a] the end of a link that nobody needed means nothing either", () => {
    const { presence, sent, run } = alone();
    presence.applied(peer(5), 1, 0, profile(5), peer(1), 0);
    presence.linkUp(peer(5), 0);
    presence.linkDown(peer(5), "other", SECOND);
    run(SECOND, MINUTE);
    expect(sent).toEqual([]);
    expect(presence.stateOf(peer(5))).toBe("here");
  });

  test("[V2a] [V4a] when many fail at once, peers whose neighbours all failed too are noticed by their silence", () => {
    const net = Net.graph(30, 4);
    // Nobody sees a link break: the suspicions come from silence alone.
    const dead = net.members.filter((_, at) => at % 3 === 0);
    for (const member of dead) {
      member.awake = false;
      for (const other of member.neighbors) other.neighbors.delete(member);
    }
    net.members = net.members.filter(({ awake }) => awake);
    const alive = [...net.members];
    alive.forEach((member, at) => net.link(member, alive[(at + 1) % alive.length]!));
    net.run(4 * MINUTE);
    for (const member of alive)
      expect([...member.presence.people()].sort()).toEqual(
        alive.flatMap(({ id }) => (id === member.id ? [] : [id])).sort(),
      );
  });

  test("[V4a] in a room of two the other one is away and gone too", () => {
    const net = Net.mesh(2);
    const [ann, ben] = net.members as [Member, Member];
    net.kill(ann);
    net.run(20 * SECOND);
    expect(ben.presence.stateOf(ann.id)).toBe("away");
    net.run(MINUTE);
    expect(ben.presence.stateOf(ann.id)).toBeNull();
  });
});

describe("coming back", () => {
  test("[V5] a phone that sleeps for 35 s is away, and then here again, once", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const net = Net.mesh(6, seed);
      const phone = net.members[0]!;
      net.forgetSeen();
      phone.awake = false;
      for (const other of [...phone.neighbors]) net.unlink(phone, other, SILENT_LINK_MS);
      net.run(35 * SECOND);
      expect(net.statesOf(phone)).toEqual(new Set(["away"]));
      phone.awake = true;
      // One link is enough: the others hear of it through the room.
      net.link(phone, net.members[3]!);
      net.run(3 * SECOND);
      expect(net.statesOf(phone)).toEqual(new Set(["here"]));
      net.run(2 * MINUTE);
      for (const other of net.members) if (other !== phone) expect(other.seen).toEqual(["1 away", "1 here"]);
    }
  });

  test("[K2a] a device that slept for an hour says a word at once, and one that slept for a moment does not", () => {
    const { presence, said } = alone();
    presence.tick(MINUTE);
    said.length = 0;
    presence.woke(5 * SECOND, MINUTE + SECOND);
    expect(said).toHaveLength(0);
    presence.woke(60 * MINUTE, MINUTE + SECOND);
    expect(said).toHaveLength(1);
    presence.woke(5 * SECOND, MINUTE + SECOND);
    expect(said).toHaveLength(1);
  });

  test("[V7] a peer without a neighbour suspects nobody", () => {
    const { presence, gone, neighbors, run } = alone();
    for (let i = 1; i <= 5; i++) presence.applied(peer(i), 1, 0, profile(i), peer(1), 0);
    neighbors.length = 0;
    run(0, 20 * MINUTE);
    expect(gone).toEqual([]);
  });

  test("[V8] two halves that took each other for gone are one room again within 10 s of the first link", () => {
    const net = Net.mesh(12);
    const [left, right] = [net.members.filter((_, at) => at < 6), net.members.filter((_, at) => at >= 6)];
    for (const a of left) for (const b of right) net.unlink(a, b);
    net.run(3 * MINUTE);
    for (const member of net.members) expect(member.presence.peopleCount).toBe(5);
    net.link(left[0]!, right[0]!);
    net.run(10 * SECOND);
    for (const member of net.members) expect(member.presence.peopleCount).toBe(11);
  });

  test("[V8] a newcomer that took a gone peer for present is corrected by the next peer it meets", () => {
    const net = Net.mesh(4);
    const [ann, ben, cem, dee] = net.members as [Member, Member, Member, Member];
    const ghost = ann.id;
    net.kill(ann);
    net.run(2 * MINUTE);
    const late = new Member(net, 9);
    net.members.push(late);
    // As a neighbour that has not noticed yet would.
    late.hear(ghost, { epoch: 1, seq: 2, profile: profile(1) }, null);
    for (const other of [ben, cem, dee]) other.buried.set(ghost, { epoch: 1, seq: 2, profile: profile(1) });
    net.link(late, ben);
    net.run(10 * SECOND);
    expect(late.presence.stateOf(ghost)).toBe("away");
    net.run(MINUTE);
    expect(late.presence.stateOf(ghost)).toBeNull();
  });
});

describe("hostile peers", () => {
  test("[V5] a peer that is suspected falsely answers, and nobody sees anything of it", () => {
    const net = Net.mesh(6);
    const [ann, liar] = [net.members[0]!, net.members[5]!];
    net.forgetSeen();
    const before = ann.said;
    for (let second = 0; second < 120; second++) {
      const { epoch, seq } = liar.words.get(ann.id)!;
      const lie: SuspectFrame = { type: "suspect", author: ann.id, epoch, seq };
      for (const other of liar.neighbors)
        net.deliver(liar, other.id, () => other.presence.frame(liar.id, lie, other.now));
      net.run(SECOND);
    }
    expect(net.seenBy(...net.members)).toEqual([]);
    expect(ann.said - before).toBeLessThanOrEqual(120 / 5 + 3);
    expect(ann.said - before).toBeGreaterThan(10);
  });

  test("[V5a] a peer that gets a link to a suspected peer tells it of the suspicion", () => {
    const { presence, sent, run } = alone();
    presence.applied(peer(5), 3, 7, profile(5), peer(1), 0);
    presence.linkUp(peer(5), 0);
    expect(sent).toEqual([]);
    presence.frame(peer(1), { type: "suspect", author: peer(5), epoch: 3, seq: 7 }, 0);
    run(0, SECOND);
    sent.length = 0;
    presence.linkUp(peer(5), SECOND);
    expect(sent).toEqual([{ type: "suspect", author: peer(5), epoch: 3, seq: 7, to: peer(5) }]);
  });

  test("[V3b] a peer that answers no call and was silent for a minute is suspected, and nobody else is", () => {
    const { presence, sent, run } = alone();
    presence.applied(peer(5), 3, 7, profile(5), peer(1), 0);
    presence.unanswered(address(5), MINUTE - 1);
    presence.unanswered(address(6), MINUTE);
    expect(sent).toEqual([]);
    presence.unanswered(address(5), MINUTE);
    presence.unanswered(address(5), MINUTE + 1);
    const suspicion = { type: "suspect", author: peer(5), epoch: 3, seq: 7 };
    expect(sent).toEqual([1, 2, 3].map((number) => ({ ...suspicion, to: peer(number) })));
    run(MINUTE, 2 * MINUTE);
    expect(presence.stateOf(peer(5))).toBeNull();
  });

  test("[V3b][V7] an unanswered call means nothing to a peer that has just lost all neighbours", () => {
    const { presence, neighbors } = alone();
    presence.applied(peer(5), 3, 7, profile(5), peer(1), 0);
    presence.tick(MINUTE);
    neighbors.splice(0);
    presence.unanswered(address(5), MINUTE + 1);
    presence.tick(MINUTE + 10 * SECOND);
    expect(presence.stateOf(peer(5))).toBe("here");
  });

  test("[V3b][V7] an unanswered call means nothing to a peer that was alone", () => {
    const { presence, sent, neighbors } = alone();
    presence.applied(peer(5), 3, 7, profile(5), peer(1), 0);
    const all = neighbors.splice(0);
    presence.unanswered(address(5), MINUTE);
    neighbors.push(...all);
    presence.unanswered(address(5), MINUTE + SECOND);
    expect(sent).toEqual([]);
    presence.unanswered(address(5), 2 * MINUTE);
    expect(sent).toHaveLength(3);
  });

  test("[V4] suspicions of other words than the last, and of unknown people, are not passed on", () => {
    const { presence, sent, run } = alone();
    presence.applied(peer(5), 3, 7, profile(5), peer(1), 0);
    for (const [author, epoch, seq] of [
      [5, 3, 6],
      [5, 3, 8],
      [5, 2, 7],
      [5, 4, 7],
      [6, 3, 7],
    ] as const)
      presence.frame(peer(1), { type: "suspect", author: peer(author), epoch, seq }, 0);
    run(0, 30 * SECOND);
    expect(sent).toEqual([]);
    expect(presence.stateOf(peer(5))).toBe("here");
    presence.frame(peer(1), { type: "suspect", author: peer(5), epoch: 3, seq: 7 }, 30 * SECOND);
    // Once, to everyone but the one it came from.
    presence.frame(peer(2), { type: "suspect", author: peer(5), epoch: 3, seq: 7 }, 30 * SECOND);
    expect(sent.map(({ to }) => to)).toEqual([peer(2), peer(3)]);
  });

  test("[V9] a flood of suspicions is refused by name, and costs few words", () => {
    const { presence, sent, refused } = alone();
    for (let i = 1; i <= 100; i++) presence.applied(peer(i), 1, 0, profile(i), peer(1), 0);
    for (let i = 1; i <= 3_000; i++)
      presence.frame(peer(1), { type: "suspect", author: peer(i), epoch: 1, seq: 0 }, 0);
    expect(refused).toEqual(Array.from({ length: 3_000 - 1_024 }, () => "too-many-requests"));
    expect(sent).toHaveLength(2 * 100);
  });

  test("[V9] in a large room one neighbour may suspect everyone at once, and then few", () => {
    const { presence, sent, refused } = alone();
    const suspectAll = (): void => {
      for (let i = 1; i <= 3_000; i++)
        presence.frame(peer(1), { type: "suspect", author: peer(i), epoch: 1, seq: 0 }, 0);
    };
    // When it says its first, the room is still small.
    presence.frame(peer(1), { type: "suspect", author: peer(1), epoch: 1, seq: 0 }, 0);
    for (let i = 1; i <= 3_000; i++) presence.applied(peer(i), 1, 0, profile(i), peer(1), 0);
    suspectAll();
    expect(sent).toHaveLength(2 * 2_999);
    suspectAll();
    expect(refused).toHaveLength(3_001);
  });

  test("[V9] people are bounded by the size of a room", () => {
    const { presence, came } = alone();
    for (let i = 1; i <= 10_000; i++) presence.applied(peer(i), 1, 0, profile(i), peer(1), 0);
    expect(presence.peopleCount).toBe(8_192);
    expect(came).toHaveLength(8_192);
  });

  test("[V1] an older word, of this epoch or an earlier one, changes nothing", () => {
    const { presence } = alone();
    presence.applied(peer(5), 3, 7, profile(5), peer(1), 0);
    for (const [epoch, seq] of [
      [3, 7],
      [3, 6],
      [2, 9],
    ] as const)
      presence.applied(peer(5), epoch, seq, { ...profile(6), state: "left" }, peer(2), SECOND);
    presence.tick(MINUTE);
    expect(presence.nameOf(peer(5))).toBe("Peer 5");
    expect(presence.stateOf(peer(5))).toBe("here");
    expect(presence.routeTo(peer(5))).toBe(peer(1));
  });

  test("[V1] a peer that names another's address does not get that peer's envelopes", () => {
    const { presence } = alone();
    presence.applied(peer(5), 1, 0, profile(5), peer(1), 0);
    presence.applied(peer(6), 1, 0, { ...profile(6), address: address(5) }, peer(1), 0);
    expect(presence.peerAt(address(5))).toBe(peer(5));
    presence.applied(peer(6), 1, 1, profile(6), peer(1), 0);
    expect(presence.peerAt(address(5))).toBe(peer(5));
    expect(presence.peerAt(address(6))).toBe(peer(6));
  });

  test("[V6] nothing is kept of a peer whose first word here is `left`", () => {
    const { presence, came, gone } = alone();
    presence.applied(peer(5), 1, 4, { ...profile(5), state: "left" }, peer(1), 0);
    expect(presence.peopleCount).toBe(0);
    expect(came).toEqual([]);
    expect(gone).toEqual([peer(5)]);
  });
});

test("[V2] a room of 5,000 is checked no more often than a small one, and a check costs only the changes", () => {
  const { presence, run } = alone();
  for (let i = 1; i <= 5_000; i++) presence.applied(peer(i), 1, 0, profile(i), peer(1), 0);
  let ticks = 0;
  for (let minute = 0; minute < 45; minute++) ticks += run(minute * MINUTE, (minute + 1) * MINUTE);
  expect(ticks).toBeLessThan(100);
});

// -- details -----------------------------------------------------------------------------------------------------------

const profile = (number: number): Profile => ({
  type: "profile",
  name: `Peer ${number}`,
  address: address(number),
  state: "here",
});

/** One presence, number 0, with neighbours 1, 2 and 3 that do nothing by themselves. */
const alone = (seed = 3) => {
  const sent: (SuspectFrame & { to: PeerId })[] = [];
  const refused: Refusal[] = [];
  const said: Profile[] = [];
  const came: PeerId[] = [];
  const gone: PeerId[] = [];
  const neighbors = [peer(1), peer(2), peer(3)];
  const random = new SeededRandom(seed);
  const presence = new Presence(
    {
      me: peer(0),
      epoch: 1,
      address: address(0),
      name: "Me",
      queue: (event) => {
        if (event.type === "append") said.push(event.entries[0]);
        if (event.type === "send") sent.push({ ...(event.frame as SuspectFrame), to: event.to });
        if (event.type === "pass-over") refused.push(event.refusal);
        if (event.type === "came") came.push(event.peer);
        if (event.type === "gone") gone.push(event.peer);
      },
      view: { neighbors: () => neighbors },
      random: () => random.next(),
    },
    0,
  );
  /** Ticks at every deadline within the time. @returns how often. */
  const run = (from: Time, to: Time): number => {
    let ticks = 0;
    for (let now = from; now <= to; now = Math.max(now + 1, presence.nextDeadline() ?? Infinity), ticks++)
      presence.tick(now);
    return ticks;
  };
  return { presence, sent, refused, said, came, gone, neighbors, run };
};
