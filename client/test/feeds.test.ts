import { ed25519 } from "@noble/curves/ed25519.js";
import { beforeEach, describe, expect, test } from "vitest";
import type { Address } from "@swapmeet/shared";
import { encodeEntry, entryHash, FIRST_HASH, headText, type Entry } from "../src/engine/entry.ts";
import { publicKeyOf } from "../src/engine/engine.ts";
import { Feeds } from "../src/engine/feeds.ts";
import { fileIdOf } from "../src/engine/file-id.ts";
import { encodeFrame, type EntriesFrame, type FeedFrame } from "../src/engine/frame.ts";
import { peerIdOf, type PeerId } from "../src/engine/peer-id.ts";
import type { Refusal } from "../src/engine/refusal.ts";

/** Feeds wired to each other without delay; what is sent is kept in `sent`. */
class Node {
  readonly secretKey: Uint8Array;
  readonly id: PeerId;
  readonly feeds: Feeds;
  readonly entries: { author: PeerId; seq: number; entry: Entry | null }[] = [];
  readonly sent: FeedFrame[] = [];
  readonly refused: Refusal[] = [];
  restarts = 0;
  readonly #links = new Map<PeerId, Node>();

  constructor(seed: number, epoch = 1) {
    this.secretKey = new Uint8Array(32).fill(seed);
    this.id = peerIdOf(ed25519.getPublicKey(this.secretKey));
    this.feeds = new Feeds(
      {
        send: (peer, frame) => {
          encodeFrame(frame); // throws if it is too large
          this.sent.push(frame);
          queue.push(() => this.#links.get(peer)?.feeds.frame(this.id, frame, now));
        },
        refuse: (_, refusal) => this.refused.push(refusal),
        sign: (bytes, then) => queue.push(() => then(ed25519.sign(bytes, this.secretKey))),
        verify: (by, bytes, signature, then) =>
          queue.push(() => then(ed25519.verify(signature, bytes, publicKeyOf(by)), now)),
        applied: (author, seq, entry) => this.entries.push({ author, seq, entry }),
        restarted: () => this.restarts++,
      },
      this.id,
      epoch,
    );
  }

  link(other: Node): void {
    this.#links.set(other.id, other);
    other.#links.set(this.id, this);
    this.feeds.peerUp(other.id);
    other.feeds.peerUp(this.id);
    settle();
  }

  share(count: number, from = 0): void {
    this.feeds.append(shares(count, from));
    settle();
  }

  /** What this node knows of an author, in the order it was applied. */
  of(author: Node): (Entry | null)[] {
    return this.entries.filter((e) => e.author === author.id).map(({ entry }) => entry);
  }
}

let queue: (() => void)[] = [];
let now = 0;
const nodes: Node[] = [];
const settle = (): void => {
  for (let rounds = 0; rounds < 20; rounds++) {
    for (let next = queue.shift(); next; next = queue.shift()) next();
    now += 1_000;
    for (const node of nodes) node.feeds.tick(now);
  }
};
const node = (seed: number, epoch = 1): Node => {
  const made = new Node(seed, epoch);
  nodes.push(made);
  return made;
};

const shares = (count: number, from = 0): Entry[] =>
  Array.from({ length: count }, (_, i) => ({
    type: "share",
    file: fileIdOf(new Uint8Array(32).fill(from + i), from + i),
    name: `field recording ${from + i}, north pier at dawn.flac`,
    folder: "Field recordings",
  }));

const batchOf = (
  author: Node,
  epoch: number,
  entries: Entry[],
  first = 0,
  previous = FIRST_HASH,
): EntriesFrame => {
  const encoded = entries.map(encodeEntry);
  const head = encoded.reduce((hash, e, i) => entryHash(author.id, epoch, first + i, hash, e), previous);
  const signature = ed25519.sign(headText(head), author.secretKey);
  return { type: "entries", author: author.id, epoch, first, entries: encoded, signature };
};

beforeEach(() => {
  queue = [];
  nodes.length = 0;
});

describe("two", () => {
  test("[E4] each learns what the other said before they met, and [E7] what it says afterwards", () => {
    const [ada, ben] = [node(1), node(2)];
    ada.share(3);
    ben.share(2);
    ada.link(ben);
    ada.share(1, 3);
    expect(ben.of(ada)).toEqual(shares(4));
    expect(ada.of(ben)).toEqual(shares(2));
  });

  test("[E4] a library of 10,000 files crosses in bounded batches, in order and once", () => {
    const [ada, ben] = [node(1), node(2)];
    ada.share(10_000);
    ada.link(ben);
    expect(ben.of(ada)).toEqual(shares(10_000));
    expect(ada.sent.filter(({ type }) => type === "entries").length).toBeLessThan(40);
  });
});

test("[E7] chain: news passes through those between", () => {
  const chain = Array.from({ length: 5 }, (_, i) => node(i + 1));
  for (let i = 1; i < chain.length; i++) chain[i - 1]!.link(chain[i]!);
  chain[0]!.share(5);
  settle();
  expect(chain[4]!.of(chain[0]!)).toEqual(shares(5));
});

test("[E7] full mesh: each gets each entry once, and nobody is sent a batch that it has", () => {
  const mesh = Array.from({ length: 6 }, (_, i) => node(i + 1));
  for (const a of mesh) for (const b of mesh) if (a.id < b.id) a.link(b);
  for (const each of mesh) each.sent.length = 0;
  mesh[0]!.share(1);
  settle();
  for (const each of mesh.slice(1)) expect(each.of(mesh[0]!)).toEqual(shares(1));
  const batches = mesh.flatMap(({ sent }) => sent).filter(({ type }) => type === "entries");
  expect(batches.length).toBe(mesh.length - 1);
});

describe("[E6] epochs", () => {
  test("a new life of a key replaces the old one", () => {
    const [old, ben] = [node(1, 1), node(2)];
    old.share(3);
    old.link(ben);
    const reborn = node(1, 2);
    reborn.share(1, 50);
    reborn.link(ben);
    expect(ben.restarts).toBe(1);
    expect(ben.of(old)).toEqual([...shares(3), ...shares(1, 50)]);
    ben.feeds.frame(old.id, batchOf(old, 1, shares(1, 90), 3), now);
    settle();
    expect(ben.of(old).length).toBe(4);
  });

  test("is not replaced by a claim that nobody signed", () => {
    const [ada, ben, mallory] = [node(1), node(2), node(3)];
    ada.share(2);
    ada.link(ben);
    const forged = { ...batchOf(ada, 9, shares(1)), signature: new Uint8Array(64) };
    ben.feeds.frame(mallory.id, forged, now);
    settle();
    expect(ben.refused).toEqual(["false-entry"]);
    expect(ben.restarts).toBe(0);
    ada.share(1, 2);
    expect(ben.of(ada)).toEqual(shares(3));
  });
});

describe("[E5] what does not fit the chain", () => {
  test.each<[string, (good: EntriesFrame) => EntriesFrame, Refusal[]]>([
    ["a changed entry", (good) => ({ ...good, entries: [encodeEntry(shares(1, 7)[0]!)] }), ["false-entry"]],
    ["a changed signature", (good) => ({ ...good, signature: new Uint8Array(64).fill(1) }), ["false-entry"]],
    ["another epoch's batch", (good) => ({ ...good, epoch: 3 }), ["false-entry"]],
    ["an oversize entry", (good) => ({ ...good, entries: [new Uint8Array(10_241)] }), ["oversize-entry"]],
    ["too many entries", (good) => ({ ...good, first: 200_000 }), ["too-many-entries"]],
    ["a gap", (good) => ({ ...good, first: 5 }), []],
  ])("%s is not applied", (_, spoil, refusals) => {
    const [ada, ben] = [node(1), node(2)];
    ben.feeds.frame(ada.id, spoil(batchOf(ada, 1, shares(1))), now);
    settle();
    expect(ben.of(ada)).toEqual([]);
    expect(ben.refused).toEqual(refusals);
  });

  test("a batch that came before is ignored", () => {
    const [ada, ben] = [node(1), node(2)];
    const batch = batchOf(ada, 1, shares(2));
    for (let i = 0; i < 3; i++) ben.feeds.frame(ada.id, batch, now);
    settle();
    expect(ben.of(ada)).toEqual(shares(2));
    expect(ben.refused).toEqual([]);
  });
});

describe("a hostile peer", () => {
  test("[E4] two that claim a feed and stay silent do not keep it from us", () => {
    const [ada, ben, carol] = [node(1), node(2), node(3)];
    ada.share(3);
    ada.link(carol);
    for (const silent of [node(4), node(5)]) {
      ben.feeds.peerUp(silent.id);
      const claim = { author: ada.id, epoch: 1, length: 9 };
      ben.feeds.frame(silent.id, { type: "feeds", feeds: [claim] }, now);
    }
    carol.link(ben);
    settle();
    expect(ben.of(ada)).toEqual(shares(3));
  });

  test("[E4] that wants a library a hundred times gets no more than a link can hold", () => {
    const [ada, ben] = [node(1), node(2)];
    ada.share(10_000);
    ada.link(ben);
    const wanted = (times: number): number => {
      ada.sent.length = 0;
      for (let i = 0; i < times; i++)
        ada.feeds.frame(ben.id, { type: "want", author: ada.id, epoch: 1, from: 0 }, now);
      return ada.sent.reduce((sum, frame) => sum + encodeFrame(frame).length, 0);
    };
    expect(wanted(100)).toBeLessThan(9 * 1024 * 1024);
    expect(ada.refused).toContain("too-many-requests");
    now += 10_000;
    expect(wanted(1)).toBeGreaterThan(500_000);
  });

  test("[E5] that never ends its feed fills a bounded part of the memory, and is not asked for more", () => {
    const [mallory, ben] = [node(1), node(2)];
    ben.feeds.peerUp(mallory.id);
    const entries = Array.from({ length: 29 }, () => new Uint8Array(2048).fill(7));
    let head = FIRST_HASH;
    let first = 0;
    for (; ben.refused.length === 0 && first < 29 * 700; first += 29) {
      head = entries.reduce((hash, e, i) => entryHash(mallory.id, 1, first + i, hash, e), head);
      const signature = ed25519.sign(headText(head), mallory.secretKey);
      ben.feeds.frame(
        mallory.id,
        { type: "entries", author: mallory.id, epoch: 1, first, entries, signature },
        now,
      );
      for (let next = queue.shift(); next; next = queue.shift()) next();
    }
    expect(ben.refused).toEqual(["too-many-entries"]);
    expect(first * 2048).toBeLessThan(33 * 1024 * 1024);
    ben.sent.length = 0;
    const more = { author: mallory.id, epoch: 1, length: 190_000 };
    ben.feeds.frame(mallory.id, { type: "feeds", feeds: [more] }, now);
    settle();
    expect(ben.sent).toEqual([]);
  });

  test("[E5] cannot make a feed look full that is another's", () => {
    const [ada, ben, mallory] = [node(1), node(2), node(3)];
    ada.share(2);
    ada.link(ben);
    ben.feeds.frame(mallory.id, { ...batchOf(ada, 1, shares(1)), first: 199_999 }, now);
    ben.feeds.frame(mallory.id, { ...batchOf(ada, 1, shares(1)), first: 200_000 }, now);
    ada.share(1, 2);
    expect(ben.of(ada)).toEqual(shares(3));
  });
});

test("[E3] a kind of a later version keeps its place and means nothing", () => {
  const [ada, ben] = [node(1), node(2)];
  const frame = batchOf(ada, 1, shares(2));
  const strange = Uint8Array.of(0x82, 0x18, 99, 0);
  const entries = [frame.entries[0]!, strange, frame.entries[1]!];
  const head = entries.reduce((hash, e, i) => entryHash(ada.id, 1, i, hash, e), FIRST_HASH);
  ben.feeds.frame(ada.id, { ...frame, entries, signature: ed25519.sign(headText(head), ada.secretKey) }, now);
  settle();
  expect(ben.of(ada).map((entry) => entry?.type)).toEqual(["share", undefined, "share"]);
});

test("[E3] a profile carries name, address and whether its author is there", () => {
  const [ada, ben] = [node(1), node(2)];
  const profile = {
    type: "profile",
    name: "Ada",
    address: "ab".repeat(16) as Address,
    state: "away",
  } as const;
  ada.feeds.append([profile]);
  ada.link(ben);
  expect(ben.of(ada)).toEqual([profile]);
});
