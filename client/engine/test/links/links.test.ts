import { bytesToHex } from "@noble/hashes/utils.js";
import { ADDRESS_BYTES, type Address, type RoomTag } from "@swapmeet/shared";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../../testing/random.ts";
import type { LinkId, Notice, Output } from "../../src/io/io.ts";
import type { Time } from "../../src/base/time.ts";
import type { LinksEvent } from "../../src/links/events.ts";
import { Links } from "../../src/links/links.ts";
import type { Frame } from "../../src/wire/frame.ts";
import { peerIdOf, type PeerId } from "../../src/names/peer-id.ts";

const TAG = "ab".repeat(32) as RoomTag;

/** Links alone, on connections that open at once and never fail. */
class Network {
  readonly random = new SeededRandom(1);
  readonly members: Member[] = [];
  now: Time = 0;
  /** Whether connections come about, once a call is answered. */
  reaches = true;
  readonly #due: (() => void)[] = [];

  add(): Member {
    const member = new Member(this);
    this.members.push(member);
    return member;
  }

  soon(run: () => void): void {
    this.#due.push(run);
  }

  /** Lets everything happen that needs no time. */
  settle(): void {
    for (let next = this.#due.shift(); next; next = this.#due.shift()) {
      next();
      for (const { links } of this.members) links.settle(this.now);
    }
  }

  pass(ms: Time): void {
    const until = this.now + ms;
    for (;;) {
      const next = Math.min(...this.members.map(({ links }) => links.nextDeadline() ?? Infinity));
      if (next > until) break;
      this.now = Math.max(this.now, next);
      for (const { links } of this.members)
        if ((links.nextDeadline() ?? Infinity) <= this.now) links.tick(this.now);
      this.settle();
    }
    this.now = until;
  }
}

class Member {
  readonly links: Links;
  readonly id: PeerId;
  readonly address: Address;
  readonly up: { peer: PeerId; address: Address; calledUs: boolean }[] = [];
  readonly down: PeerId[] = [];
  readonly failed: Address[] = [];
  /** Those of the failed calls that nobody answered. */
  readonly silent: Address[] = [];
  readonly notices: Notice["type"][] = [];
  needed = new Set<PeerId>();
  /** The member that carries its envelopes while it has no server. */
  courier: Member | null = null;
  readonly #network: Network;
  readonly #otherEnd = new Map<LinkId, { member: Member; link: LinkId }>();

  constructor(network: Network) {
    this.#network = network;
    this.id = peerIdOf(network.random.bytes(32));
    this.address = bytesToHex(network.random.bytes(ADDRESS_BYTES)) as Address;
    this.links = new Links({
      me: this.id,
      queue: (event) => this.#hear(event),
      view: {
        isNeeded: (peer) => this.needed.has(peer),
        peerAt: () => null,
        routeTo: () => null,
        neighbors: () => (this.courier ? [this.courier.id] : []),
      },
      random: (bytes) => network.random.bytes(bytes),
      envelopeKey: () => new Uint8Array(32),
    });
    this.links.serverJoined(TAG, this.address);
  }

  send(to: PeerId, frame: Frame | Uint8Array): void {
    const output = this.links.send(to, frame);
    if (output) this.#network.soon(() => this.#perform(output));
  }

  /** Routes events as engine.ts does. */
  #hear(event: LinksEvent): void {
    const network = this.#network;
    switch (event.type) {
      case "output": {
        const { output } = event;
        if (output.type === "notice") this.notices.push(output.notice.type);
        else network.soon(() => this.#perform(output));
        return;
      }
      case "send":
        return this.send(event.to, event.frame);
      case "refuse":
        return this.links.refuse(event.peer, event.refusal, network.now);
      case "sign":
        return network.soon(() => event.then(new Uint8Array(64), network.now));
      case "verify":
        return network.soon(() => event.then(true, network.now));
      case "peer-up": {
        const { peer, address, calledUs } = event;
        return void this.up.push({ peer, address, calledUs });
      }
      case "peer-down":
        return void this.down.push(event.peer);
      case "dial-failed":
        this.failed.push(event.address);
        if (event.wasSilent) this.silent.push(event.address);
        return;
      case "frame":
        return;
    }
  }

  #perform(output: Output): void {
    const { members, now } = this.#network;
    switch (output.type) {
      case "send-envelope":
        return members
          .find(({ address }) => address === output.to)
          ?.links.envelope(this.address, output.bytes, now);
      case "dial":
        return this.links.signal(output.link, `offer ${members.indexOf(this)} ${output.link}`);
      case "signal": {
        const [kind, index, link] = output.signal.split(" ");
        const other = { member: members[Number(index)]!, link: Number(link) };
        this.#otherEnd.set(output.link, other);
        if (kind === "offer")
          return this.links.signal(output.link, `answer ${members.indexOf(this)} ${output.link}`);
        if (!this.#network.reaches) return;
        other.member.links.opened(other.link, "b", "a", now);
        return this.links.opened(output.link, "a", "b", now);
      }
      case "send": {
        const other = this.#otherEnd.get(output.link);
        return other?.member.links.bytes(other.link, output.bytes, now);
      }
      case "close-link": {
        const other = this.#otherEnd.get(output.link);
        return other?.member.links.closed(other.link, "closed", now);
      }
      default:
    }
  }
}

const pair = () => {
  const network = new Network();
  const [ada, ben] = [network.add(), network.add()];
  expect(ada.links.dial(ben.address, network.now)).toBe(true);
  network.settle();
  return { network, ada, ben };
};

describe("a link", () => {
  test("names its caller and the caller's address", () => {
    const { ada, ben } = pair();
    expect(ada.up).toEqual([{ peer: ben.id, address: ben.address, calledUs: false }]);
    expect(ben.up).toEqual([{ peer: ada.id, address: ada.address, calledUs: true }]);
  });

  test("is begun once: not while a call is under way or a link is there, nor to the peer itself", () => {
    const network = new Network();
    const [ada, ben] = [network.add(), network.add()];
    expect(ada.links.dial(ada.address, 0)).toBe(false);
    expect(ada.links.dial(ben.address, 0)).toBe(true);
    expect(ada.links.dial(ben.address, 0)).toBe(false);
    network.settle();
    expect(ada.links.peerCount).toBe(1);
    expect(ada.links.dial(ben.address, 0)).toBe(false);
  });

  test("that nobody answers fails after 12 s, and is not tried again at once", () => {
    const network = new Network();
    const ada = network.add();
    const nobody = "cd".repeat(ADDRESS_BYTES) as Address;
    ada.links.dial(nobody, network.now);
    network.pass(11_999);
    expect(ada.failed).toEqual([]);
    network.pass(1);
    expect(ada.failed).toEqual([nobody]);
    expect(ada.silent).toEqual([nobody]);
    expect(ada.links.dial(nobody, network.now)).toBe(false);
    network.pass(2_000);
    expect(ada.links.dial(nobody, network.now)).toBe(true);
  });
});

test("[J16] a link is direct until the host says that it goes by a relay server, and again when it says so", () => {
  const { ada, ben } = pair();
  const id = ada.links.linkOf(ben.id)!;
  expect(ada.links.routeTo(ben.id)).toBe("direct");
  ada.links.routed(id, "turn");
  expect(ada.links.routeTo(ben.id)).toBe("turn");
  expect(ben.links.routeTo(ada.id)).toBe("direct");
  ada.links.routed(id, "direct");
  expect(ada.links.routeTo(ben.id)).toBe("direct");
  ada.links.routed(id + 100, "turn");
  expect(ada.links.routeTo(ada.id)).toBe(null);
});

test("[V3b] a call that was answered, and made no connection, fails without saying that nobody is there", () => {
  const network = new Network();
  network.reaches = false;
  const [ada, ben] = [network.add(), network.add()];
  ada.links.dial(ben.address, network.now);
  network.settle();
  network.pass(60_000);
  expect(ada.failed).toEqual([ben.address]);
  expect(ada.silent).toEqual([]);
});

test("[I4b][W4] a dropped peer whose call named another's address does not take that address along: the other can be called", () => {
  const network = new Network();
  const [fred, ada, ben, mallory] = [network.add(), network.add(), network.add(), network.add()];
  for (const { links } of [ada, mallory]) links.dial(fred.address, network.now);
  network.settle();
  mallory.links.serverJoined(TAG, ben.address);
  mallory.links.serverLost();
  mallory.courier = fred;
  mallory.links.dial(ada.address, network.now);
  network.settle();
  expect(ada.up.at(-1)).toEqual({ peer: mallory.id, address: ben.address, calledUs: true });
  mallory.send(ada.id, { type: "prove", peer: mallory.id, signature: new Uint8Array(64) });
  network.settle();
  expect(ada.down).toEqual([mallory.id]);
  expect(ada.links.dial(ben.address, network.now)).toBe(true);
  network.settle();
  expect(ada.up.at(-1)).toEqual({ peer: ben.id, address: ben.address, calledUs: false });
});

describe("[I12] a link that nobody needs", () => {
  test("ends after a minute, on both sides, and can be made again", () => {
    const { network, ada, ben } = pair();
    network.pass(59_000);
    expect([ada.down, ben.down]).toEqual([[], []]);
    network.pass(22_000);
    expect([ada.down, ben.down]).toEqual([[ben.id], [ada.id]]);
    expect(ada.failed).toEqual([]);
    expect(ada.links.dial(ben.address, network.now)).toBe(true);
  });

  test("stays while both need it", () => {
    const { network, ada, ben } = pair();
    ada.needed.add(ben.id);
    ben.needed.add(ada.id);
    network.pass(600_000);
    expect(ada.down).toEqual([]);
    ada.needed.clear();
    ben.needed.clear();
    network.pass(81_000);
    expect(ada.down).toEqual([ben.id]);
  });

  test("stays while something is said on it", () => {
    const { network, ada, ben } = pair();
    for (let i = 0; i < 20; i++) {
      ben.send(ada.id, { type: "queue", position: 1 });
      network.settle();
      network.pass(50_000);
    }
    expect(ada.down).toEqual([]);
  });
});

describe("[I8] [I8a] [I8b] [I8c] the number of links", () => {
  const crowd = (size: number) => {
    const network = new Network();
    const ada = network.add();
    const others = Array.from({ length: size }, () => network.add());
    for (const other of others) {
      ada.needed.add(other.id);
      other.needed.add(ada.id);
    }
    return { network, ada, others };
  };

  test("is at most 48, of which at most 32 are to peers that called", () => {
    const { network, ada, others } = crowd(80);
    for (const other of others.slice(0, 40)) other.links.dial(ada.address, network.now);
    network.settle();
    expect(ada.links.peerCount).toBe(32);
    expect(ada.links.refusals.get("too-many-introductions")).toBe(8);
    const dialled = others.slice(40).filter(({ address }) => ada.links.dial(address, network.now));
    network.settle();
    expect(dialled).toHaveLength(16);
    expect(ada.links.peerCount).toBe(48);
  });

  test("is bounded for calls in a short time, whether they succeed or not", () => {
    const { network, ada, others } = crowd(70);
    for (const [i, other] of others.entries()) {
      other.links.dial(ada.address, network.now);
      network.settle();
      if (i % 10 === 9) for (const { links } of others.slice(i - 9, i + 1)) links.closeAll(network.now);
      network.settle();
    }
    expect(ada.up).toHaveLength(48);
    network.pass(5_000);
    const late = network.add();
    late.links.dial(ada.address, network.now);
    network.settle();
    expect(ada.up).toHaveLength(49);
  });

  test("in a tab's life has a reserve of 60 for a peer without links, and the person is told when it is needed", () => {
    const { network, ada, others } = crowd(1);
    const [ben] = others as [Member];
    const stranger = () => bytesToHex(network.random.bytes(ADDRESS_BYTES)) as Address;
    const dialsUntilNone = () => {
      let dials = 0;
      for (; ada.links.dial(stranger(), network.now); dials++) network.pass(12_000);
      return dials;
    };
    ben.links.dial(ada.address, network.now);
    network.settle();
    expect(dialsUntilNone()).toBe(340);
    expect(ada.links.connectionsLeft).toBe("few");
    ada.links.dial(stranger(), network.now);
    expect(ada.notices).toEqual(["connections-spent"]);
    ben.links.closeAll(network.now);
    network.settle();
    expect(dialsUntilNone()).toBe(60);
    ada.links.dial(stranger(), network.now);
    expect(ada.notices).toEqual(["connections-spent", "connections-spent"]);
  });

  const comeAndGo = (network: Network, to: Member, times: number) => {
    for (let i = 0; i < times; i++) {
      const other = network.add();
      other.links.dial(to.address, network.now);
      network.settle();
      other.links.closeAll(network.now);
      network.settle();
      network.members.pop();
      network.pass(5_000);
    }
  };

  test("in a tab's life includes at most 280 calls of others", () => {
    const { network, ada } = crowd(0);
    comeAndGo(network, ada, 300);
    expect(ada.up).toHaveLength(280);
  });

  test("in a tab's life may still grow to two linked peers by calls of others when 60 are left", () => {
    const { network, ada, others } = crowd(3);
    comeAndGo(network, ada, 100);
    for (let dials = 0; dials < 320; dials++) {
      ada.links.dial(bytesToHex(network.random.bytes(ADDRESS_BYTES)) as Address, network.now);
      network.pass(12_000);
    }
    for (const other of others) {
      other.links.dial(ada.address, network.now);
      network.settle();
    }
    expect(ada.links.peerCount).toBe(2);
  });

  test("in a tab's life leaves some for calls of others, and some for own calls", () => {
    const { network, ada } = crowd(0);
    let dials = 0;
    for (let i = 0; i < 600; i++) {
      const address = bytesToHex(network.random.bytes(ADDRESS_BYTES)) as Address;
      if (ada.links.dial(address, network.now)) dials++;
      network.pass(12_000);
    }
    expect(dials).toBe(400);
    let calls = 0;
    for (let i = 0; i < 300; i++) {
      const other = network.add();
      other.links.dial(ada.address, network.now);
      network.settle();
      if (ada.links.peerCount > 0) calls++;
      other.links.closeAll(network.now);
      network.settle();
      network.members.pop();
      network.pass(5_000);
    }
    expect(calls).toBe(80);
  });
});
