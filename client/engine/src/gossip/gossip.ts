/**
 * Feeds, replicated to everyone in the room over a few neighbours: what is new is broadcast, what is missing is asked
 * for, and who lies is proven a liar. PROTOCOL.md, rules E1 to E14.
 *
 * Knows nothing of links, nor of what entries mean: it sends frames to neighbours by name, and hands verified entries to
 * `applied`. The parts know nothing of each other; they meet here.
 */
import { Allowance } from "../base/allowance.ts";
import { Answers } from "./answers.ts";
import { Archive } from "./archive.ts";
import { entriesOf, type Batch, type EntryHash, type FeedName } from "../feed/batch.ts";
import { Broadcast, tellHeads } from "./broadcast.ts";
import { Comparisons } from "./comparisons.ts";
import { Checks, type Arrival, type Verify } from "./checks.ts";
import { decodeEntry, topicOf, type Entry, type Topic } from "../feed/entry.ts";
import { MARK_DIGITS, type Feed, type Fit, type Head } from "../feed/feed.ts";
import type { Fork } from "../feed/fork.ts";
import { SUMMARY_BUCKET_BYTES, type GossipFrame } from "../wire/frame.ts";
import { decodeFrame, encodeFrame } from "../wire/frame-codec.ts";
import type { Time } from "../base/time.ts";
import { Missing } from "./missing.ts";
import { OwnFeeds } from "./own-feeds.ts";
import type { PeerId } from "../names/peer-id.ts";
import { Proofs } from "./proofs.ts";
import type { Refusal } from "../names/refusal.ts";

/** In a room of so few everybody is everybody's neighbour, and nobody hears by others. */
const PROBED_FROM_AUTHORS = 13;
/** What a neighbour may send that is known already: at once, and each second. Twice what an honest one can. Guess. */
const KNOWN_BYTES_AT_ONCE = 16 * 1024 * 1024;
/** Heads, summaries and proofs from a neighbour. A summary is charged like the heads that answer it. Guess. */
const TALK_BYTES_AT_ONCE = 16 * 1024 * 1024;
const BYTES_PER_SECOND = 256 * 1024;
/** Batches of authors not known here that a neighbour may bring: a room of the largest at once, then a busy door. */
const STRANGERS_AT_ONCE = 8_192;
const STRANGERS_PER_SECOND = 16;
const HEAD_BYTES = 72;
const SUMMARY_CHARGE_BYTES = 1024 * 1024;
/** In the place of an entry's number, where a proof is kept on the device. */
export const FORK_PLACE = -1;

export interface GossipContext {
  readonly me: PeerId;
  readonly epoch: number;
  /** To a neighbour. Bytes are a frame as it came. */
  send(peer: PeerId, frame: GossipFrame | Uint8Array): void;
  refuse(peer: PeerId, refusal: Refusal): void;
  sign(bytes: Uint8Array, then: (signature: Uint8Array, now: Time) => void): void;
  verify: Verify;
  /** [0, 1) */
  random(): number;
  /**
   * Verified entries `first`, `first + 1`, ... of a feed; null: of a kind unknown here. `last`: the hash of the last; of
   * a board and of presence they come one by one. In order, but for a board's older posts, which follow the latest.
   * `from`: the neighbour they came from; null: written here, or restored.
   */
  applied(
    feed: FeedName,
    first: number,
    entries: readonly (Entry | null)[],
    last: EntryHash,
    from: PeerId | null,
    now: Time,
  ): void;
  /** Entries [from, to) no longer count: replaced by a new life, forgotten, frozen, or beyond what is kept. */
  dropped(feed: FeedName, from: number, to: number): void;
  /** The author said two things of one place; what it said from entry `length` on does not count. */
  forked(feed: FeedName, length: number): void;
  /** To be kept on the device, for `restore`: a board's batch, or at FORK_PLACE the proof of a lie. */
  keep(feed: FeedName, first: number, frame: Uint8Array): void;
  unkeep(feed: FeedName, first: number): void;
  /** A neighbour that was told nothing of some news told us of it in time, or did not. */
  told(peer: PeerId): void;
  missed(peer: PeerId): void;
  /** This neighbour was the first to bring somebody else's news. */
  brought(peer: PeerId): void;
  /** A neighbour has a word of somebody who is gone here, and it is no later one. */
  vouched(author: PeerId, epoch: number, seq: number, by: PeerId): void;
}

interface Neighbor {
  readonly known: Allowance;
  readonly talk: Allowance;
  readonly strangers: Allowance;
}

export class Gossip {
  readonly #context: GossipContext;
  readonly #archive: Archive;
  readonly #broadcast: Broadcast;
  readonly #missing: Missing;
  readonly #answers: Answers;
  readonly #comparisons: Comparisons;
  readonly #checks: Checks;
  readonly #proofs: Proofs;
  readonly #own: OwnFeeds;
  /** It has had a neighbour. */
  #isIntroduced = false;
  readonly #neighborById = new Map<PeerId, Neighbor>();

  constructor(context: GossipContext) {
    this.#context = context;
    const { send, refuse } = context;
    const feed = (name: FeedName): Feed | null => this.#archive.feed(name);
    this.#archive = new Archive(context);
    this.#broadcast = new Broadcast(context);
    this.#missing = new Missing({
      feed,
      authors: () => this.#archive.size,
      send,
      late: (peer) => this.#broadcast.graft(peer),
    });
    this.#answers = new Answers({ feed, send, refuse });
    this.#comparisons = new Comparisons({
      tell: (peer, buckets, isAnswer) => this.#tellSummary(peer, buckets, isAnswer),
      authors: () => this.#archive.size,
      isFetching: () => this.#missing.isFetching,
      neighbors: () => this.#broadcast.neighbors,
      random: context.random,
    });
    this.#checks = new Checks(context.verify, (arrival, valid, now) => this.#checked(arrival, valid, now));
    this.#proofs = new Proofs({
      verify: context.verify,
      isKnown: (author) => this.#archive.isKnown(author),
      lookBack: (...question) => this.#missing.lookBack(...question),
      proven: (fork, shownBy) => this.#proven(fork, shownBy),
      disproven: (shownBy) => refuse(shownBy, "false-fork"),
    });
    this.#own = new OwnFeeds(context, (batch, now) => this.#take({ batch, from: null, way: "own" }, now));
  }

  /** Appends to an own feed; `applied` follows once it is signed. @returns the number of the first of them */
  append(topic: Topic, entries: readonly Entry[]): number {
    return this.#own.append(topic, entries);
  }

  /** What an earlier life was given to keep. It is verified like everything else. */
  restore(frames: readonly Uint8Array[], now: Time): void {
    const kept = frames.flatMap((bytes) => {
      const frame = decodeFrame(bytes);
      return frame.ok ? [frame.value] : [];
    });
    for (const frame of kept) if (frame.type === "fork") this.#proofs.shown(frame.batches, null);
    const batches = kept.flatMap((frame) => (frame.type === "batch" ? [frame.batch] : []));
    // Within a life in order: what does not continue what is there would have to wait for a neighbour.
    for (const batch of batches.sort((a, b) => a.epoch - b.epoch || a.first - b.first))
      this.#arrived(null, batch, now);
  }

  neighborUp(peer: PeerId, now: Time): void {
    this.#neighborById.set(peer, {
      known: new Allowance(KNOWN_BYTES_AT_ONCE, BYTES_PER_SECOND),
      talk: new Allowance(TALK_BYTES_AT_ONCE, BYTES_PER_SECOND),
      strangers: new Allowance(STRANGERS_AT_ONCE, STRANGERS_PER_SECOND),
    });
    this.#broadcast.peerUp(peer);
    this.#missing.peerUp(peer);
    this.#introduceTo(peer);
    this.#comparisons.peerUp(peer, now);
  }

  /** A newcomer is news: whoever lets it in passes on its word, and the beginning of its library. */
  #introduceTo(peer: PeerId): void {
    if (this.#isIntroduced) return;
    this.#isIntroduced = true;
    const { me: author, epoch } = this.#context;
    for (const topic of ["presence", "library"] as const) {
      const [batch] = this.#archive.feed({ author, epoch, topic })?.batches ?? [];
      if (batch) this.#context.send(peer, batch.bytes);
    }
  }

  neighborDown(peer: PeerId, now: Time): void {
    this.#neighborById.delete(peer);
    this.#broadcast.peerDown(peer);
    this.#answers.peerDown(peer);
    this.#comparisons.peerDown(peer);
    this.#missing.peerDown(peer);
    this.#missing.ask(now);
  }

  frame(peer: PeerId, frame: GossipFrame, now: Time): void {
    const neighbor = this.#neighborById.get(peer);
    if (!neighbor) return; // no longer one: what it still says is found elsewhere
    switch (frame.type) {
      case "batch":
        this.#arrived(peer, frame.batch, now);
        break;
      case "heads":
        if (this.#mayTalk(peer, neighbor, frame.heads.length * HEAD_BYTES, now))
          for (const head of frame.heads) this.#heard(peer, head, frame.areNews, now);
        break;
      case "wants":
        return this.#answers.want(peer, frame, now);
      case "answered":
        this.#missing.answered(peer, frame.id, frame.count);
        break;
      case "summary":
        if (this.#mayTalk(peer, neighbor, SUMMARY_CHARGE_BYTES, now))
          this.#compare(peer, frame.sums, frame.isAnswer, now);
        return;
      case "eager":
        return this.#broadcast.eager(peer, frame.eager);
      case "fork": {
        const bytes = frame.batches[0].bytes.length + frame.batches[1].bytes.length;
        if (this.#mayTalk(peer, neighbor, bytes, now)) this.#proofs.shown(frame.batches, peer);
        return;
      }
    }
    this.#missing.ask(now);
  }

  /** Drops presence and library of an author that is gone. Only a later word brings it back. */
  forget(author: PeerId, now: Time): void {
    if (author !== this.#context.me) this.#archive.forget(author, now);
  }

  /** What is here of a feed, in order; null: of a kind unknown here. */
  *entries(name: FeedName): Iterable<{ readonly seq: number; readonly entry: Entry | null }> {
    const feed = this.#archive.feed(name);
    if (!feed) return;
    let seq = feed.base;
    for (const batch of feed.batches)
      for (const entry of readEntries(batch, seq, feed.length)) yield { seq: seq++, entry };
  }

  headOf(name: FeedName): Head | null {
    return this.#archive.feed(name)?.head ?? null;
  }

  tick(now: Time): void {
    this.#missing.tick(now);
    this.#broadcast.tick(now);
    this.#answers.tick(now);
    this.#comparisons.tick(now);
  }

  nextDeadline(): Time | null {
    const next = Math.min(
      this.#missing.nextDeadline(),
      this.#broadcast.nextDeadline(),
      this.#answers.nextDeadline(),
      this.#comparisons.nextDeadline(),
    );
    return next === Infinity ? null : next;
  }

  // -- batches ---------------------------------------------------------------------------------------------------

  #arrived(from: PeerId | null, batch: Batch, now: Time): void {
    if (from) this.#broadcast.knows(from, batch, 0, batch.end);
    if (this.#archive.isOver(batch, batch.end)) return void this.#mayRepeat(from, batch, now);
    const fit = this.#fitOf(batch);
    const underWay = fit === "known" ? "none" : this.#checks.has(batch);
    if (fit === "known" || underWay === "it") return this.#repeated(from, batch, now);
    if (this.#isOwn(batch) && fit !== "fork") return;
    if (from) {
      if (this.#archive.isFlooding(batch.author, now))
        return this.#context.refuse(batch.author, "author-flood");
      if (!this.#hasRoomFor(batch) || !this.#mayBring(from, batch, now))
        return this.#context.refuse(from, "too-many-entries");
    }
    if (fit === "fork") this.#proofs.arrived(batch, from);
    const way = from ? this.#missing.arrived(from, batch) : "restored";
    // What is under way may lie between.
    if (
      underWay === "none" &&
      (fit === "apart" || (fit === "gap" && !this.#hasMovedOn({ batch, from, way })))
    ) {
      this.#missing.checked(batch);
      return fit === "gap" ? this.#afterGap(from, batch, now) : undefined;
    }
    this.#checks.add({ batch, from, way });
  }

  #checked(arrival: Arrival, valid: boolean, now: Time): void {
    const { batch, from } = arrival;
    if (valid) this.#take(arrival, now);
    else if (from) this.#context.refuse(from, "false-entry");
    this.#proofs.checked(batch, from);
    this.#missing.checked(batch);
    this.#missing.ask(now);
  }

  /** A verified batch. What was known when it came may have changed since. */
  #take(arrival: Arrival, now: Time): void {
    const { batch, from, way } = arrival;
    if (this.#archive.isOver(batch, batch.end)) return;
    const fork = this.#proofs.of(batch);
    if (fork && !this.#archive.feed(batch)) this.#archive.freeze(batch, fork.at); // it had gone, and comes back
    const known = this.#archive.feed(batch);
    switch (this.#fitOf(batch)) {
      case "next":
        return this.#append(arrival, now);
      case "earlier":
        if (known && this.#archive.prepend(known, batch)) return this.#prepended(known, arrival, now);
        break;
      case "gap":
        if (!known || !this.#hasMovedOn(arrival)) {
          this.#afterGap(from, batch, now);
          break;
        }
        this.#archive.clear(known);
        return this.#append(arrival, now);
      case "fork":
        if (known) this.#proofs.contradicted(known, batch, from, now);
        break;
      case "apart":
      case "known":
        break;
    }
    if (way === "restored") this.#context.unkeep(batch, batch.first);
  }

  #append(arrival: Arrival, now: Time): void {
    const { batch, from, way } = arrival;
    const hasReturned = batch.topic === "presence" && this.#archive.isGone(batch.author);
    const { feed, from: first } = this.#archive.append(batch, now);
    if (from && way === "pushed" && from !== batch.author) this.#context.brought(from);
    const told = this.#missing.knowing(feed);
    if (from) told.add(from);
    if (way === "fetched" || way === "restored") this.#announce(feed, told, now);
    else this.#broadcast.push(feed, batch, told, this.#archive.size >= PROBED_FROM_AUTHORS, now);
    // A board that begins with news: what was said before is where the news came from.
    if (feed.base === batch.first && batch.topic === "board" && way === "pushed")
      this.#afterGap(from, batch, now);
    this.#missing.grew(feed, from, now);
    this.#apply(feed, first, arrival, now);
    this.#proofs.appeared(batch.author);
    // Its library went with it. Who has the one will have the other.
    if (hasReturned && from)
      this.#missing.heard(from, { ...ANY_LIBRARY, ...nameOf(batch), topic: "library" }, false, now);
  }

  #prepended(feed: Feed, arrival: Arrival, now: Time): void {
    this.#announce(feed, this.#missing.knowing(feed), now);
    this.#missing.grew(feed, arrival.from, now);
    this.#apply(feed, arrival.batch.first, arrival, now);
  }

  #announce(feed: Feed, told: Set<PeerId>, now: Time): void {
    for (const peer of this.#comparisons.waiting()) told.add(peer);
    this.#broadcast.announce(feed, told, now);
  }

  #apply(feed: Feed, first: number, { batch, from, way }: Arrival, now: Time): void {
    if (feed.topic === "board" && way !== "restored") this.#context.keep(feed, batch.first, batch.bytes);
    this.#context.applied(feed, first, readEntries(batch, first, feed.length), batch.head, from, now);
  }

  /** Something before it may be missing: whoever sent it has that too. */
  #afterGap(from: PeerId | null, batch: Batch, now: Time): void {
    if (!from) return;
    const base = this.#missing.baseAt(from, batch) ?? 0;
    const mark = batch.head.slice(0, MARK_DIGITS);
    this.#heard(from, { ...nameOf(batch), base, length: batch.end, mark }, false, now);
  }

  /** A board that went on so far that who was asked for what joins this to what is here does not keep it any more. */
  #hasMovedOn({ batch, from, way }: Arrival): boolean {
    if (batch.topic !== "board" || !from || this.#proofs.isOpen(batch)) return false;
    const base = this.#missing.baseAt(from, batch) ?? 0;
    return way !== "pushed" || base > (this.#archive.feed(batch)?.length ?? 0);
  }

  #repeated(from: PeerId | null, batch: Batch, now: Time): void {
    if (!from || !this.#mayRepeat(from, batch, now)) return;
    if (this.#missing.arrived(from, batch) === "pushed") this.#broadcast.prune(from);
    this.#missing.checked(batch);
  }

  /** Whether a neighbour may bring what is known here, or over. [E5b] */
  #mayRepeat(from: PeerId | null, { bytes }: Batch, now: Time): boolean {
    const neighbor = from && this.#neighborById.get(from);
    if (!neighbor) return false;
    const may = neighbor.known.spend(bytes.length, now);
    if (!may) this.#context.refuse(from, "flood");
    return may;
  }

  #hasRoomFor(batch: Batch): boolean {
    return !this.#checks.areMany && !this.#archive.feed(batch)?.isFull && this.#archive.hasRoomFor(batch);
  }

  /** A library comes behind its author's first word, which may still be being checked. */
  #mayBring(from: PeerId, { author, epoch }: Batch, now: Time): boolean {
    return (
      this.#archive.isKnown(author) ||
      this.#checks.isUnderWay({ author, epoch, topic: "presence" }) ||
      !!this.#neighborById.get(from)?.strangers.spend(1, now)
    );
  }

  #fitOf(batch: Batch): Fit {
    const feed = this.#archive.feed(batch);
    return feed ? feed.fitOf(batch) : batch.topic === "library" && batch.first > 0 ? "gap" : "next";
  }

  // -- what others know ------------------------------------------------------------------------------------------

  #heard(peer: PeerId, head: Head, isNews: boolean, now: Time): void {
    if (this.#isOwn(head)) return;
    if (this.#archive.isOver(head, head.length)) {
      if (head.topic === "presence" && this.#archive.isGone(head.author))
        this.#context.vouched(head.author, head.epoch, head.length - 1, peer);
      return;
    }
    this.#broadcast.knows(peer, head, head.base, head.length);
    const feed = this.#archive.feed(head);
    if (feed ? !feed.isBehind(head) : head.length === 0) return;
    if (this.#archive.isFlooding(head.author, now) || !this.#archive.hasRoomFor(head)) return;
    if (!this.#missing.heard(peer, head, isNews, now)) this.#context.refuse(peer, "too-many-entries");
  }

  /** Tells what differs from a neighbour's summary; proofs first, so that nothing is asked for that does not count. */
  #compare(peer: PeerId, sums: Uint8Array, isAnswer: boolean, now: Time): void {
    const feeds = [...this.#archive.unlike(sums)];
    for (const feed of feeds) {
      const fork = feed.frozenAt === null ? null : this.#proofs.of(feed);
      if (fork) this.#context.send(peer, { type: "fork", batches: fork.batches });
    }
    const heads = feeds.filter(({ isEmpty }) => !isEmpty).map(({ head }) => head);
    tellHeads(this.#context.send, peer, false, heads);
    if (this.#comparisons.heard(peer, isAnswer, now))
      this.#tellSummary(peer, sums.length / SUMMARY_BUCKET_BYTES, true);
  }

  #tellSummary(peer: PeerId, buckets: number, isAnswer: boolean): void {
    this.#context.send(peer, { type: "summary", sums: this.#archive.summary(buckets), isAnswer });
  }

  #mayTalk(peer: PeerId, { talk }: Neighbor, bytes: number, now: Time): boolean {
    const may = talk.spend(bytes, now);
    if (!may) this.#context.refuse(peer, "too-many-requests");
    return may;
  }

  // -- lies ------------------------------------------------------------------------------------------------------

  /** Freezes the feed, and shows the proof to everyone but who showed it. */
  #proven(fork: Fork, shownBy: PeerId | null): void {
    const [name] = fork.batches;
    const frozenAt = this.#archive.feed(name)?.frozenAt ?? Infinity;
    if (frozenAt <= fork.at || this.#archive.isOver(name, 0)) return;
    this.#archive.freeze(name, fork.at);
    const bytes = encodeFrame({ type: "fork", batches: fork.batches });
    for (const peer of this.#broadcast.neighbors) if (peer !== shownBy) this.#context.send(peer, bytes);
    if (name.topic === "board") this.#context.keep(name, FORK_PLACE, bytes);
    this.#missing.frozen(name);
    this.#context.forked(name, fork.at);
  }

  #isOwn({ author, epoch }: FeedName): boolean {
    return author === this.#context.me && epoch === this.#context.epoch;
  }
}

const nameOf = ({ author, epoch, topic }: FeedName): FeedName => ({ author, epoch, topic });

/** Of presence. Read once, by however many engines of a simulation. */
const wordByBatch = new WeakMap<Batch, readonly (Entry | null)[]>();

/** Entries [from, to) of the batch, as far as it has them. Null: nothing that belongs into its feed. */
const readEntries = (batch: Batch, from: number, to: number): readonly (Entry | null)[] => {
  const known = wordByBatch.get(batch);
  if (known && from === batch.first && to >= batch.end) return known;
  const bytes = entriesOf(batch).slice(from - batch.first, Math.max(0, to - batch.first));
  const entries = bytes.map((entry) => readEntry(batch, entry));
  if (batch.topic === "presence" && entries.length === 1) wordByBatch.set(batch, entries);
  return entries;
};

const readEntry = ({ topic }: Batch, bytes: Uint8Array): Entry | null => {
  const entry = decodeEntry(bytes);
  return entry && topicOf(entry) === topic ? entry : null;
};

/** The claim to have some of a feed, however much. */
const ANY_LIBRARY = { base: 0, length: Number.MAX_SAFE_INTEGER, mark: "" } as const;
