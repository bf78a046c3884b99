/** Instances of Gossip on a virtual clock, linked with a delay; tests may disturb the frames. */
import type { Address } from "@swapmeet/shared";
import { SeededRandom } from "../../../testing/random.ts";
import { fastSigning, type Signer } from "../../../sim/room/signing.ts";
import {
  encodeBatch,
  headOf,
  headText,
  keyOf,
  NO_ENTRY,
  type EntryHash,
  type FeedName,
} from "../../src/feed/batch.ts";
import { encodeEntry, type Entry, type Topic } from "../../src/feed/entry.ts";
import { fileIdOf } from "../../src/names/file-id.ts";
import { type GossipFrame } from "../../src/wire/frame.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame-codec.ts";
import type { GossipEvent } from "../../src/gossip/events.ts";
import { Gossip } from "../../src/gossip/gossip.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import type { Refusal } from "../../src/names/refusal.ts";

const signing = fastSigning(new Uint8Array(32).fill(7));

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class Net {
  readonly random: SeededRandom;
  readonly nodes: Node[] = [];
  now = 0;
  /** Every frame that was sent; a test may look, and send some again. */
  readonly sent: { from: Node; to: Node; bytes: Uint8Array }[] = [];
  /** How often each frame arrives. */
  copiesOf: () => number = () => 1;
  /** Frames may overtake each other. */
  isOrdered = true;
  readonly #events: Event[] = [];
  #order = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  add(options: { signer?: Signer; epoch?: number } = {}): Node {
    const node = new Node(this, options.signer ?? newSigner(this.random), options.epoch ?? 1);
    this.nodes.push(node);
    return node;
  }

  addMany(count: number): Node[] {
    return Array.from({ length: count }, () => this.add());
  }

  link(a: Node, b: Node): void {
    if (a === b || a.links.has(b.id)) return;
    const delayMs = 10 + this.random.below(50);
    a.links.set(b.id, { node: b, delayMs, freeAt: 0 });
    b.links.set(a.id, { node: a, delayMs, freeAt: 0 });
    a.gossip.neighborUp(b.id, this.now);
    b.gossip.neighborUp(a.id, this.now);
  }

  unlink(a: Node, b: Node): void {
    if (!a.links.delete(b.id)) return;
    b.links.delete(a.id);
    a.gossip.neighborDown(b.id, this.now);
    b.gossip.neighborDown(a.id, this.now);
  }

  /** Links each node with about `degree` others, all in one graph. */
  linkAtRandom(nodes: readonly Node[], degree: number): void {
    for (const [i, node] of nodes.entries()) {
      if (i > 0) this.link(node, nodes[this.random.below(i)]!);
      while (node.links.size < degree / 2) this.link(node, nodes[this.random.below(nodes.length)]!);
    }
    for (const node of nodes)
      for (let tries = 0; node.links.size < degree && tries < 20; tries++) {
        const other = nodes[this.random.below(nodes.length)]!;
        if (other.links.size < degree) this.link(node, other);
      }
  }

  after(ms: number, run: () => void): void {
    const event = { at: this.now + ms, order: this.#order++, run };
    this.#events.push(event);
    let child = this.#events.length - 1;
    for (let parent = (child - 1) >> 1; child > 0; child = parent, parent = (child - 1) >> 1) {
      if (!isBefore(event, this.#events[parent]!)) break;
      this.#events[child] = this.#events[parent]!;
      this.#events[parent] = event;
    }
  }

  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const at = Math.min(this.#events[0]?.at ?? Infinity, ...this.nodes.map((node) => node.wakeAt()));
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (this.#events[0] && this.#events[0].at <= this.now) this.#pop().run();
      else for (const node of this.nodes) if (node.wakeAt() <= this.now) node.tick();
    }
    this.now = until;
  }

  #pop(): Event {
    const first = this.#events[0]!;
    const last = this.#events.pop()!;
    if (this.#events.length === 0) return first;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= this.#events.length) break;
      if (child + 1 < this.#events.length && isBefore(this.#events[child + 1]!, this.#events[child]!))
        child++;
      if (!isBefore(this.#events[child]!, last)) break;
      this.#events[parent] = this.#events[child]!;
      parent = child;
    }
    this.#events[parent] = last;
    return first;
  }
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

interface Link {
  readonly node: Node;
  readonly delayMs: number;
  freeAt: number;
}

export class Node {
  readonly id: PeerId;
  readonly gossip: Gossip;
  readonly links = new Map<PeerId, Link>();
  readonly refused: { peer: PeerId; refusal: Refusal }[] = [];
  readonly forks: { feed: FeedName; length: number }[] = [];
  readonly kept = new Map<string, Uint8Array>();
  readonly told: PeerId[] = [];
  readonly missed: PeerId[] = [];
  /** The entries that count after all `applied` and `dropped` events, by feed and sequence number. */
  readonly #feeds = new Map<string, Map<number, Entry | null>>();
  /** The number of batches that came, and of frames sent by type. */
  payloads = 0;
  /** The topics of applied entries, in order. */
  readonly topics: string[] = [];
  get applications(): number {
    return this.topics.length;
  }
  readonly #net: Net;

  constructor(net: Net, signer: Signer, epoch: number) {
    this.#net = net;
    this.signer = signer;
    this.epoch = epoch;
    this.id = this.signer.id;
    this.gossip = new Gossip({
      me: this.id,
      epoch: this.epoch,
      queue: (event) => this.#perform(event),
      random: () => net.random.next(),
    });
  }

  #perform(event: GossipEvent): void {
    const net = this.#net;
    const soon = (run: () => void): void => net.after(net.random.below(3), run);
    switch (event.type) {
      case "send":
        return this.send(event.to, event.frame);
      case "refuse":
        return void this.refused.push({ peer: event.peer, refusal: event.refusal });
      case "sign":
        return soon(() => event.then(this.signer.sign(event.bytes), net.now));
      case "verify": {
        const { by, bytes, signature, then } = event;
        return soon(() => then(signing.verify(by, bytes, signature), net.now));
      }
      case "applied": {
        const { feed, first, entries } = event;
        this.topics.push(feed.topic);
        let known = this.#feeds.get(keyOf(feed));
        if (!known || feed.topic === "presence") this.#feeds.set(keyOf(feed), (known = new Map()));
        for (const [i, entry] of entries.entries()) known.set(first + i, entry);
        return;
      }
      case "dropped": {
        const known = this.#feeds.get(keyOf(event.feed));
        for (let seq = event.begin; seq < event.end; seq++) known?.delete(seq);
        if (known?.size === 0) this.#feeds.delete(keyOf(event.feed));
        return;
      }
      case "forked":
        return void this.forks.push({ feed: event.feed, length: event.length });
      case "keep":
        return void this.kept.set(`${keyOf(event.feed)} ${event.first}`, event.frame);
      case "unkeep":
        return void this.kept.delete(`${keyOf(event.feed)} ${event.first}`);
      case "told":
        return void this.told.push(event.peer);
      case "missed":
        return void this.missed.push(event.peer);
      case "brought":
      case "vouched":
        return;
    }
  }

  readonly signer: Signer;
  readonly epoch: number;

  send(peer: PeerId, frame: GossipFrame | Uint8Array): void {
    const link = this.links.get(peer);
    if (!link) return;
    const bytes = frame instanceof Uint8Array ? frame : encodeFrame(frame);
    this.#net.sent.push({ from: this, to: link.node, bytes });
    for (let copies = this.#net.copiesOf(); copies > 0; copies--) this.#deliver(link, bytes);
  }

  #deliver(link: Link, bytes: Uint8Array): void {
    const net = this.#net;
    const arrives = net.now + link.delayMs + net.random.below(net.isOrdered ? 5 : 300);
    link.freeAt = net.isOrdered ? Math.max(link.freeAt, arrives) : arrives;
    net.after(link.freeAt - net.now, () => {
      if (this.links.get(link.node.id) === link) link.node.receive(this.id, bytes);
    });
  }

  receive(from: PeerId, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (!frame.ok) return void this.refused.push({ peer: from, refusal: frame.problem });
    if (frame.value.type === "batch") this.payloads++;
    this.gossip.frame(from, frame.value as GossipFrame, this.#net.now);
  }

  /** Hears a frame from a neighbour that nobody else knows, and that sends nothing else. */
  hear(bytes: Uint8Array): void {
    if (!this.#stranger) {
      this.#stranger = newSigner(this.#net.random).id;
      this.gossip.neighborUp(this.#stranger, this.#net.now);
    }
    this.receive(this.#stranger, bytes);
  }
  #stranger: PeerId | null = null;

  wakeAt(): number {
    return this.gossip.nextDeadline() ?? Infinity;
  }

  tick(): void {
    this.gossip.tick(this.#net.now);
  }

  /** All entries that count here, in a fixed order. */
  state(): Record<string, unknown> {
    const feeds = [...this.#feeds].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      feeds.map(([key, entries]) => [key, [...entries].sort(([a], [b]) => a - b)] as const),
    );
  }

  /** The known entries of an author, in order. */
  of(author: Node, topic: Topic, epoch = author.epoch): (Entry | null)[] {
    const known =
      this.#feeds.get(keyOf({ author: author.id, epoch, topic })) ?? new Map<number, Entry | null>();
    return [...known].sort(([a], [b]) => a - b).map(([, entry]) => entry);
  }
}

export const newSigner = (random: SeededRandom): Signer => signing.newSigner((count) => random.bytes(count));

export const here = (name: string, state: "here" | "away" | "left" = "here"): Entry => ({
  type: "profile",
  name,
  address: "ab".repeat(16) as Address,
  state,
});

export const shares = (count: number, from = 0): Entry[] =>
  Array.from({ length: count }, (_, i) => ({
    type: "share",
    file: fileIdOf(new Uint8Array(32).fill(from + i), from + i),
    name: `field recording ${from + i}, north pier at dawn.flac`,
    folder: "Field recordings",
  }));

export const post = (text: string): Entry => ({
  type: "post",
  group: "general",
  text,
  replyTo: null,
  after: [],
  writtenAt: 0,
  authorName: "Ada",
});

/** Writes a feed by hand, true or false, in batches of one entry each. */
export class Pen {
  readonly name: FeedName;
  readonly #signer: Signer;
  #length: number;
  #head: EntryHash;

  constructor(signer: Signer, topic: Topic, epoch = 1) {
    this.#signer = signer;
    this.name = { author: signer.id, epoch, topic };
    this.#length = 0;
    this.#head = NO_ENTRY;
  }

  /** Another pen that goes on from here. */
  fork(): Pen {
    const fork = new Pen(this.#signer, this.name.topic, this.name.epoch);
    fork.#length = this.#length;
    fork.#head = this.#head;
    return fork;
  }

  write(...entries: readonly (Entry | Uint8Array)[]): Uint8Array {
    const encoded = entries.map((entry) => (entry instanceof Uint8Array ? entry : encodeEntry(entry)));
    const head = headOf(this.name, this.#length, this.#head, encoded);
    const signature = this.#signer.sign(headText(head));
    const bytes = encodeBatch(this.name, this.#length, this.#head, encoded, signature);
    this.#length += encoded.length;
    this.#head = head;
    return bytes;
  }
}
