/**
 * Feeds that neighbours have and we lack: which neighbour is asked for them, and in which order. PROTOCOL.md, rules E10
 * and E11.
 *
 * One neighbour at a time is asked for a feed, and a neighbour gets one question at a time; several neighbours are
 * asked at once. A claim without the feed is dropped: so no claim can keep a feed from us.
 */
import { feedNameOf, keyOf, type FeedName } from "../feed/batch.ts";
import type { Feed, Head } from "../feed/feed.ts";
import type { Want } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { QueueOfGossip } from "./events.ts";
import type { LookBack } from "./proofs.ts";

/** Twice as many as a room has feeds worth asking for. A neighbour gets half of what others leave, so all get some. */
const MAX_ITEMS = 65_536;
/**
 * A feed that is told as news should come by itself over an eager link. It is asked for after this time. Guess: longer
 * than a slow link's delay, and more in a larger room, where the way over the tree can be longer.
 */
const NEWS_COMES_WITHIN_MS = 500;
const SMALL_ROOM_AUTHORS = 50;
const NEWS_COMES_WITHIN_MS_PER_DOUBLING = 150;
/** A neighbour that was asked and brings nothing new for this long is passed over. Guess. */
const ANSWER_WITHIN_MS = 5_000;
/** It is also passed over after this time, however much it brings: an answer over 300 kbit/s takes as long. Guess. */
const ANSWER_WHOLE_WITHIN_MS = 30_000;
/** One question asks for about so much, by a guess of the size of each feed; the answer is cut there too. */
const ASKED_BYTES = 1024 * 1024;
const MAX_WANTS = 256;
/** Batches asked for at once: of a library when it is begun, when it goes on; of a board. */
const LIBRARY_BATCHES = 16;
const BOARD_BATCHES = 64;

/** The order in which a newcomer needs feeds: presences, beginnings of libraries, the rest of them, boards. */
const RANKS = [{ bytes: 256 }, { bytes: 16 * 1024 }, { bytes: 256 * 1024 }, { bytes: 16 * 1024 }] as const;
type Queue = Map<string, Item>;

interface Item {
  readonly key: string;
  readonly name: FeedName;
  readonly headByPeer: Map<PeerId, Head>;
  /** It was told as news that an eager link should have brought: it is passed on like news. */
  readonly isNews: boolean;
  readonly notBefore: Time;
  /** The neighbour that was the first to claim it. */
  readonly claimant: Neighbor;
  asked: PeerId | null;
  /** Whether the neighbour that was asked has brought some of it. */
  brought: boolean;
  /** Neighbours that brought nothing when asked; emptied once all that have the feed were asked. */
  leftOverBy: readonly PeerId[];
  /** How many of its batches have their signature checked at the moment. */
  checking: number;
  queue: Queue | null;
}

interface Question {
  readonly id: number;
  readonly items: readonly Item[];
  /** The reason for a question that is not about items. */
  readonly lookBack: LookBack | null;
  until: Time;
  readonly latest: Time;
}

interface Neighbor {
  readonly questions: Question[];
  /** True when it has nothing that waits to be asked for. */
  idle: boolean;
  /** Items that it was the first to claim. */
  items: number;
}

export interface MissingView {
  feed(name: FeedName): Feed | null;
  /** The number of authors whose profile is known here. */
  authors(): number;
}

export class Missing {
  readonly #queue: QueueOfGossip;
  readonly #view: MissingView;
  readonly #itemByKey = new Map<string, Item>();
  readonly #neighborById = new Map<PeerId, Neighbor>();
  /** Items told as news that may still come by themselves, in the order of `notBefore`. */
  readonly #expected: Queue = new Map();
  readonly #queues: readonly Queue[] = RANKS.map(() => new Map<string, Item>());
  #nextId = 1;

  constructor(queue: QueueOfGossip, view: MissingView) {
    this.#queue = queue;
    this.#view = view;
  }

  peerUp(peer: PeerId): void {
    this.#neighborById.set(peer, { questions: [], idle: true, items: 0 });
  }

  /** @returns the look backs that this neighbour will not answer any more. */
  peerDown(peer: PeerId): LookBack[] {
    const neighbor = this.#neighborById.get(peer);
    if (!neighbor) return [];
    this.#neighborById.delete(peer);
    for (const item of [...this.#itemByKey.values()]) {
      item.leftOverBy = item.leftOverBy.filter((id) => id !== peer);
      if (!item.headByPeer.delete(peer) && item.asked !== peer) continue;
      if (item.asked === peer) item.asked = null;
      this.#settle(item);
    }
    return neighbor.questions.flatMap(({ lookBack }) => lookBack ?? []);
  }

  /** A neighbour has more of a feed than we do. False: it has made too many claims. */
  heard(peer: PeerId, head: Head, isNews: boolean, now: Time): boolean {
    const neighbor = this.#neighborById.get(peer);
    if (!neighbor) return true;
    const key = keyOf(head);
    let item = this.#itemByKey.get(key);
    if (!item) {
      if (neighbor.items >= MAX_ITEMS - this.#itemByKey.size) return false;
      item = newItem(
        key,
        head,
        neighbor,
        isNews,
        now + (isNews ? newsComeWithinMs(this.#view.authors()) : 0),
      );
      this.#itemByKey.set(key, item);
      neighbor.items++;
      if (isNews) this.#moveTo(item, this.#expected);
    }
    item.headByPeer.set(peer, head);
    neighbor.idle = false;
    if (!isNews || item.queue !== this.#expected) this.#settle(item);
    return true;
  }

  /** Whether something is asked for, or waits to be asked for. */
  get isFetching(): boolean {
    return this.#itemByKey.size > this.#expected.size;
  }

  /** The neighbours that say they have all of a feed that we have, or more. */
  knowing(feed: Feed): Set<PeerId> {
    const knowing = new Set<PeerId>();
    for (const [peer, { base, length }] of this.#itemByKey.get(keyOf(feed))?.headByPeer ?? [])
      if (length >= feed.length && base <= feed.base) knowing.add(peer);
    return knowing;
  }

  /** The first entry of a feed that a neighbour says it keeps; null: it says nothing. */
  baseAt(peer: PeerId, name: FeedName): number | null {
    return this.#itemByKey.get(keyOf(name))?.headByPeer.get(peer)?.base ?? null;
  }

  /** A batch has come and is being checked. Returns whether it was pushed, or asked for as late news, or asked for. */
  arrived(peer: PeerId, name: FeedName): "pushed" | "late" | "fetched" {
    const item = this.#itemByKey.get(keyOf(name));
    if (!item) return "pushed";
    item.checking++;
    if (item.asked !== peer) return "pushed";
    return item.isNews ? "late" : "fetched";
  }

  checked(name: FeedName): void {
    const item = this.#itemByKey.get(keyOf(name));
    if (!item) return;
    item.checking = Math.max(0, item.checking - 1);
    this.#settle(item);
  }

  /** The feed has grown by a batch of this neighbour; null: by other means. A batch that was known is no answer. */
  grew(name: FeedName, from: PeerId | null, now: Time): void {
    const item = this.#itemByKey.size > 0 && this.#itemByKey.get(keyOf(name));
    if (!item) return;
    if (from && item.asked === from) {
      item.brought = true;
      for (const question of this.#neighborById.get(from)?.questions ?? [])
        question.until = Math.min(now + ANSWER_WITHIN_MS, question.latest);
    }
    this.#settle(item);
  }

  /** The feed is frozen. */
  frozen(name: FeedName): void {
    const item = this.#itemByKey.size > 0 && this.#itemByKey.get(keyOf(name));
    if (item) this.#settle(item);
  }

  /** @returns the look back that this answers, or null. */
  answered(peer: PeerId, id: number, count: number): LookBack | null {
    const neighbor = this.#neighborById.get(peer);
    const index = neighbor?.questions.findIndex((question) => question.id === id) ?? -1;
    const question = neighbor?.questions[index];
    if (!neighbor || !question) return null;
    neighbor.questions.splice(index, 1);
    this.#end(peer, question, count);
    return question.lookBack;
  }

  /** Asks for the batch with the entry before `at`, besides all other questions. False: the neighbour is gone. */
  lookBack(lookBack: LookBack, now: Time): boolean {
    const { peer, at, fork } = lookBack;
    const neighbor = this.#neighborById.get(peer);
    if (!neighbor) return false;
    const want = { ...feedNameOf(fork.batches[0]), from: at, batches: -1 };
    this.#send(peer, neighbor, [], [want], lookBack, now);
    return true;
  }

  /** Asks all neighbours that owe no answer for items that are due. */
  ask(now: Time): void {
    for (const [peer, neighbor] of this.#neighborById)
      if (!neighbor.idle && neighbor.questions.length === 0) this.#askNeighbor(peer, neighbor, now);
  }

  /** @returns the neighbours that told of news which did not come in time: they are to push from now on. */
  overdue(now: Time): PeerId[] {
    const late: PeerId[] = [];
    for (const item of this.#expected.values()) {
      if (now < item.notBefore) break;
      this.#moveTo(item, null);
      this.#settle(item);
      const [first] = item.headByPeer.keys();
      if (first) late.push(first);
    }
    return late;
  }

  /** Ends the questions that were not answered in time. @returns the look backs among them. */
  endLate(now: Time): LookBack[] {
    const ended: LookBack[] = [];
    for (const [peer, neighbor] of this.#neighborById)
      while (neighbor.questions[0] && now >= neighbor.questions[0].until) {
        const question = neighbor.questions.shift()!;
        this.#end(peer, question, Infinity);
        if (question.lookBack) ended.push(question.lookBack);
      }
    return ended;
  }

  nextDeadline(): Time {
    const [expected] = this.#expected.values();
    let next = expected?.notBefore ?? Infinity;
    for (const { questions } of this.#neighborById.values())
      next = Math.min(next, questions[0]?.until ?? Infinity);
    return next;
  }

  // -- details ---------------------------------------------------------------------------------------------------

  #askNeighbor(peer: PeerId, neighbor: Neighbor, now: Time): void {
    const items: Item[] = [];
    const wants: Want[] = [];
    let bytesLeft = ASKED_BYTES;
    for (const [rank, queue] of this.#queues.entries()) {
      for (const item of queue.values()) {
        if (bytesLeft <= 0 || wants.length >= MAX_WANTS) break;
        const head = item.headByPeer.get(peer);
        if (!head || !isTurnOf(peer, item)) continue;
        wants.push(wantOf(this.#view.feed(item.name), head));
        items.push(item);
        bytesLeft -= RANKS[rank]!.bytes;
      }
    }
    neighbor.idle = items.length === 0;
    if (neighbor.idle) return;
    for (const item of items) {
      this.#moveTo(item, null);
      item.asked = peer;
      item.brought = false;
    }
    this.#send(peer, neighbor, items, wants, null, now);
  }

  #send(
    peer: PeerId,
    neighbor: Neighbor,
    items: readonly Item[],
    wants: readonly Want[],
    lookBack: LookBack | null,
    now: Time,
  ): void {
    const id = this.#nextId++ % 2 ** 32;
    const [until, latest] = [now + ANSWER_WITHIN_MS, now + ANSWER_WHOLE_WITHIN_MS];
    neighbor.questions.push({ id, items, lookBack, until, latest });
    this.#queue({ type: "send", to: peer, frame: { type: "wants", id, wants } });
  }

  /** Ends a question. `count` items were dealt with; if any brought something, the rest did not fit the answer. */
  #end(peer: PeerId, { items }: Question, count: number): void {
    const dealtWith = items.some(isBrought) ? count : Infinity;
    for (const [i, item] of items.entries()) {
      if (item.asked !== peer) continue;
      item.asked = null;
      if (!isBrought(item)) {
        item.leftOverBy = [...item.leftOverBy, peer];
        if (i < dealtWith) item.headByPeer.delete(peer);
      }
      this.#settle(item);
    }
  }

  /** Moves the item to where it belongs now: done, on its way, or in a queue to be asked for. */
  #settle(item: Item): void {
    if (this.#itemByKey.get(item.key) !== item) return;
    const feed = this.#view.feed(item.name);
    for (const [peer, head] of item.headByPeer)
      if (feed && !feed.isBehind(head)) item.headByPeer.delete(peer);
    if (item.asked !== null || item.checking > 0 || item.queue === this.#expected) {
      if (item.headByPeer.size === 0 && item.queue === this.#expected) this.#remove(item);
      return;
    }
    if (item.headByPeer.size === 0) return this.#remove(item);
    this.#moveTo(item, this.#queues[rankOf(item.name, feed)]!);
    for (const peer of item.headByPeer.keys()) {
      const neighbor = this.#neighborById.get(peer);
      if (neighbor) neighbor.idle = false;
    }
  }

  #moveTo(item: Item, queue: Queue | null): void {
    if (item.queue === queue) return;
    item.queue?.delete(item.key);
    queue?.set(item.key, item);
    item.queue = queue;
  }

  #remove(item: Item): void {
    this.#moveTo(item, null);
    if (this.#itemByKey.delete(item.key)) item.claimant.items--;
  }
}

/** The time within which news come in a room with so many authors. */
const newsComeWithinMs = (authors: number): number =>
  NEWS_COMES_WITHIN_MS +
  Math.round(NEWS_COMES_WITHIN_MS_PER_DOUBLING * Math.max(0, Math.log2(authors / SMALL_ROOM_AUTHORS)));

const newItem = (key: string, head: Head, claimant: Neighbor, isNews: boolean, notBefore: Time): Item => ({
  key,
  name: feedNameOf(head),
  headByPeer: new Map(),
  isNews,
  notBefore,
  claimant,
  asked: null,
  brought: false,
  leftOverBy: [],
  checking: 0,
  queue: null,
});

/** Some of it has come, or is being checked. */
const isBrought = ({ brought, checking }: Item): boolean => brought || checking > 0;

/** A neighbour that left an item over waits until all others that have it were asked. */
const isTurnOf = (peer: PeerId, item: Item): boolean => {
  if (!item.leftOverBy.includes(peer)) return true;
  for (const other of item.headByPeer.keys()) if (!item.leftOverBy.includes(other)) return false;
  item.leftOverBy = [];
  return true;
};

const rankOf = ({ topic }: FeedName, feed: Feed | null): number => {
  switch (topic) {
    case "presence":
      return 0;
    case "library":
      return feed && !feed.isEmpty ? 2 : 1;
    case "board":
      return 3;
  }
};

/** The want for a neighbour with this head: a board's latest posts first; where the two differ, its last batch. */
const wantOf = (feed: Feed | null, head: Head): Want => {
  const name = feedNameOf(head);
  const known = feed && !feed.isEmpty ? feed : null;
  const differs = known?.length === head.length && known.head.mark !== head.mark;
  if (head.topic === "presence" || differs) return { ...name, from: head.length, batches: -1 };
  if (head.topic === "library")
    return { ...name, from: known?.length ?? 0, batches: known ? LIBRARY_BATCHES : 1 };
  if (!known || head.base > known.length) return { ...name, from: head.length, batches: -BOARD_BATCHES };
  if (head.length > known.length) return { ...name, from: known.length, batches: BOARD_BATCHES };
  return { ...name, from: known.base, batches: -BOARD_BATCHES };
};
