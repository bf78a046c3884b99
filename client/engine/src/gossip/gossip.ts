/**
 * Gossip replicates feeds to everyone in the room over a few neighbours: it broadcasts news, asks for missing entries,
 * and proves lies. PROTOCOL.md, rules E1 to E14.
 *
 * It knows nothing of links, nor of the meaning of entries: it sends frames to neighbours by their id, and hands
 * verified entries on. Its parts know nothing of each other: each returns its findings, and this tells the others.
 */
import { Answers } from "./answers.ts";
import { Archive } from "./archive.ts";
import { feedNameOf, headText, signatureOf, type Batch, type FeedName } from "../feed/batch.ts";
import { Broadcast, tellHeads } from "./broadcast.ts";
import { Comparisons, type Comparison } from "./comparisons.ts";
import { Checks, type Arrival, type Check } from "./checks.ts";
import type { QueueOfGossip } from "./events.ts";
import type { Entry, Topic } from "../feed/entry.ts";
import { MARK_DIGITS, type Feed, type Fit, type Head } from "../feed/feed.ts";
import { SUMMARY_BUCKET_BYTES, type GossipFrame } from "../wire/frame.ts";
import { decodeFrame, encodeFrame } from "../wire/frame-codec.ts";
import type { Time } from "../base/time.ts";
import { Missing } from "./missing.ts";
import { Neighbors } from "./neighbors.ts";
import { OwnFeeds } from "./own-feeds.ts";
import type { PeerId } from "../names/peer-id.ts";
import { Proofs, type LookBack, type Proof } from "./proofs.ts";
import { readEntries } from "./reading.ts";
import type { Refusal } from "../names/refusal.ts";

/** In smaller rooms all peers are neighbours of each other, and so nobody hears news through a third peer. */
const PROBED_FROM_AUTHORS = 13;
const HEAD_BYTES = 72;
const SUMMARY_CHARGE_BYTES = 1024 * 1024;
/** Stands in the place of an entry's number when a proof is kept on the device. */
export const FORK_PLACE = -1;

export interface GossipOptions {
  readonly me: PeerId;
  readonly epoch: number;
  readonly queue: QueueOfGossip;
  /** [0, 1) */
  random(): number;
}

export class Gossip {
  readonly #me: PeerId;
  readonly #epoch: number;
  readonly #queue: QueueOfGossip;
  readonly #archive: Archive;
  readonly #broadcast: Broadcast;
  readonly #missing: Missing;
  readonly #answers: Answers;
  readonly #comparisons: Comparisons;
  readonly #checks = new Checks();
  readonly #proofs: Proofs;
  readonly #own: OwnFeeds;
  /** Whether this peer has had a neighbour. */
  #isIntroduced = false;
  readonly #neighbors = new Neighbors();

  constructor({ me, epoch, queue, random }: GossipOptions) {
    this.#me = me;
    this.#epoch = epoch;
    this.#queue = queue;
    const feed = (name: FeedName): Feed | null => this.#archive.feed(name);
    const authors = (): number => this.#archive.size;
    this.#archive = new Archive(queue);
    this.#broadcast = new Broadcast(queue, random);
    this.#missing = new Missing(queue, { feed, authors });
    this.#answers = new Answers(queue, { feed });
    const isFetching = (): boolean => this.#missing.isFetching;
    this.#comparisons = new Comparisons(
      { authors, isFetching, neighbors: () => this.#broadcast.neighbors },
      random,
    );
    this.#proofs = new Proofs((author) => this.#archive.isKnown(author));
    this.#own = new OwnFeeds(me, epoch);
  }

  /** Appends to an own feed; `applied` follows once it is signed. */
  append(topic: Topic, entries: readonly Entry[]): void {
    if (this.#own.append(topic, entries)) this.#signNext(topic);
  }

  #signNext(topic: Topic): void {
    const next = this.#own.next(topic);
    if (!next) return;
    const then = (signature: Uint8Array, now: Time): void => {
      this.#take({ batch: next.signed(signature), from: null, way: "own" }, now);
      this.#signNext(topic);
    };
    this.#queue({ type: "sign", bytes: next.bytes, then });
  }

  /** Takes the frames that this device kept in earlier visits. They are verified like all others. */
  restore(frames: readonly Uint8Array[], now: Time): void {
    const kept = frames.flatMap((bytes) => {
      const frame = decodeFrame(bytes);
      return frame.ok ? [frame.value] : [];
    });
    for (const frame of kept) if (frame.type === "fork") this.#shown(frame.batches, null);
    const batches = kept.flatMap((frame) => (frame.type === "batch" ? [frame.batch] : []));
    // In order within an epoch: a batch that does not continue its feed would have to wait for a neighbour.
    for (const batch of batches.sort((a, b) => a.epoch - b.epoch || a.first - b.first))
      this.#arrived(null, batch, now);
  }

  neighborUp(peer: PeerId, now: Time): void {
    this.#neighbors.up(peer);
    this.#broadcast.peerUp(peer);
    this.#missing.peerUp(peer);
    this.#introduceTo(peer);
    const comparison = this.#comparisons.peerUp(peer, now);
    if (comparison) this.#compareBy(comparison);
  }

  /** Sends this newcomer's profile and the beginning of its library to its first neighbour, as news. */
  #introduceTo(peer: PeerId): void {
    if (this.#isIntroduced) return;
    this.#isIntroduced = true;
    const [author, epoch] = [this.#me, this.#epoch];
    for (const topic of ["presence", "library"] as const) {
      const [batch] = this.#archive.feed({ author, epoch, topic })?.batches ?? [];
      if (batch) this.#send(peer, batch.bytes);
    }
  }

  neighborDown(peer: PeerId, now: Time): void {
    this.#neighbors.down(peer);
    this.#broadcast.peerDown(peer);
    this.#answers.peerDown(peer);
    this.#comparisons.peerDown(peer);
    for (const lookBack of this.#missing.peerDown(peer)) this.#lookedBack(lookBack);
    this.#missing.ask(now);
  }

  frame(peer: PeerId, frame: GossipFrame, now: Time): void {
    if (!this.#neighbors.has(peer)) return; // no longer a neighbour: others have what it still sends
    switch (frame.type) {
      case "batch":
        this.#arrived(peer, frame.batch, now);
        break;
      case "heads":
        if (this.#mayTalk(peer, frame.heads.length * HEAD_BYTES, now))
          for (const head of frame.heads) this.#heard(peer, head, frame.areNews, now);
        break;
      case "wants":
        return this.#answers.want(peer, frame, now);
      case "answered": {
        const lookBack = this.#missing.answered(peer, frame.id, frame.count);
        if (lookBack) this.#lookedBack(lookBack);
        break;
      }
      case "summary":
        if (this.#mayTalk(peer, SUMMARY_CHARGE_BYTES, now))
          this.#compare(peer, frame.sums, frame.isAnswer, now);
        return;
      case "eager":
        return this.#broadcast.eager(peer, frame.eager);
      case "fork": {
        const bytes = frame.batches[0].bytes.length + frame.batches[1].bytes.length;
        if (this.#mayTalk(peer, bytes, now)) this.#shown(frame.batches, peer);
        return;
      }
    }
    this.#missing.ask(now);
  }

  /** Drops presence and library of an author that is gone. Only a later profile brings it back. */
  forget(author: PeerId, now: Time): void {
    if (author !== this.#me) this.#archive.forget(author, now);
  }

  /** The known entries of a feed, in order; null: an entry of an unknown kind. */
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
    for (const peer of this.#missing.overdue(now)) this.#broadcast.graft(peer);
    for (const lookBack of this.#missing.endLate(now)) this.#lookedBack(lookBack);
    this.#missing.ask(now);
    this.#broadcast.tick(now);
    this.#answers.tick(now);
    for (const comparison of this.#comparisons.tick(now)) this.#compareBy(comparison);
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
      if (this.#archive.isFlooding(batch.author, now)) return this.#refuse(batch.author, "author-flood");
      if (!this.#hasRoomFor(batch) || !this.#mayBring(from, batch, now))
        return this.#refuse(from, "too-many-entries");
    }
    if (fit === "fork") this.#proofs.arrived(batch, from);
    const way = from ? this.#missing.arrived(from, batch) : "restored";
    // Batches that are under way may lie between.
    if (
      underWay === "none" &&
      (fit === "apart" || (fit === "gap" && !this.#hasMovedOn({ batch, from, way })))
    ) {
      this.#missing.checked(batch);
      return fit === "gap" ? this.#afterGap(from, batch, now) : undefined;
    }
    const check = this.#checks.add({ batch, from, way });
    this.#verify(batch, (isValid, at) => {
      for (const done of this.#checks.answered(check, isValid)) this.#checked(done, at);
    });
  }

  #checked({ arrival, isValid }: Check, now: Time): void {
    const { batch, from } = arrival;
    if (isValid) this.#take(arrival, now);
    else if (from) this.#refuse(from, "false-entry");
    this.#proven(this.#proofs.checked(batch, from));
    this.#missing.checked(batch);
    this.#missing.ask(now);
  }

  /** Takes a verified batch. The feed may have changed since the batch came. */
  #take(arrival: Arrival, now: Time): void {
    const { batch, from, way } = arrival;
    if (this.#archive.isOver(batch, batch.end)) return;
    const fork = this.#proofs.of(batch);
    if (fork && !this.#archive.feed(batch)) this.#archive.freeze(batch, fork.at); // its author was gone, and comes back
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
        if (known) this.#contradicted(known, batch, from, now);
        break;
      case "apart":
      case "known":
        break;
    }
    if (way === "restored") this.#queue({ type: "unkeep", feed: batch, first: batch.first });
  }

  #append(arrival: Arrival, now: Time): void {
    const { batch, from, way } = arrival;
    const hasReturned = batch.topic === "presence" && this.#archive.isGone(batch.author);
    const { feed, from: first } = this.#archive.append(batch, now);
    if (from && way === "pushed" && from !== batch.author) this.#queue({ type: "brought", peer: from });
    const told = this.#missing.knowing(feed);
    if (from) told.add(from);
    if (way === "fetched" || way === "restored") this.#announce(feed, told, now);
    else this.#broadcast.push(feed, batch, told, this.#archive.size >= PROBED_FROM_AUTHORS, now);
    // A board that begins with news: the neighbour that brought the news has the posts before it.
    if (feed.base === batch.first && batch.topic === "board" && way === "pushed")
      this.#afterGap(from, batch, now);
    this.#missing.grew(feed, from, now);
    this.#apply(feed, first, arrival);
    for (const proof of this.#proofs.appeared(batch.author)) this.#proven(proof);
    // Its library was dropped with it. The neighbour that has its presence will have the library too.
    if (hasReturned && from)
      this.#missing.heard(from, { ...ANY_LIBRARY, ...feedNameOf(batch), topic: "library" }, false, now);
  }

  #prepended(feed: Feed, arrival: Arrival, now: Time): void {
    this.#announce(feed, this.#missing.knowing(feed), now);
    this.#missing.grew(feed, arrival.from, now);
    this.#apply(feed, arrival.batch.first, arrival);
  }

  #announce(feed: Feed, told: Set<PeerId>, now: Time): void {
    for (const peer of this.#comparisons.waiting()) told.add(peer);
    this.#broadcast.announce(feed, told, now);
  }

  #apply(feed: Feed, first: number, { batch, from, way }: Arrival): void {
    if (feed.topic === "board" && way !== "restored")
      this.#queue({ type: "keep", feed, first: batch.first, frame: batch.bytes });
    const entries = readEntries(batch, first, feed.length);
    this.#queue({ type: "applied", feed, first, entries, last: batch.head, from });
  }

  /** Entries before this batch may be missing: the neighbour that sent it has them too. */
  #afterGap(from: PeerId | null, batch: Batch, now: Time): void {
    if (!from) return;
    const base = this.#missing.baseAt(from, batch) ?? 0;
    const mark = batch.head.slice(0, MARK_DIGITS);
    this.#heard(from, { ...feedNameOf(batch), base, length: batch.end, mark }, false, now);
  }

  /** Whether a board went on so far that the neighbour no longer keeps the posts between ours and this batch. */
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

  /** Whether a neighbour may bring a batch that is known already, or of an ended epoch. [E5b] */
  #mayRepeat(from: PeerId | null, { bytes }: Batch, now: Time): boolean {
    if (!from || !this.#neighbors.has(from)) return false;
    const may = this.#neighbors.mayRepeat(from, bytes.length, now);
    if (!may) this.#refuse(from, "flood");
    return may;
  }

  #hasRoomFor(batch: Batch): boolean {
    return !this.#checks.areMany && !this.#archive.feed(batch)?.isFull && this.#archive.hasRoomFor(batch);
  }

  /** Whether a neighbour may bring a batch of this author. Its profile came first, and may still be in its check. */
  #mayBring(from: PeerId, { author, epoch }: Batch, now: Time): boolean {
    return (
      this.#archive.isKnown(author) ||
      this.#checks.isUnderWay({ author, epoch, topic: "presence" }) ||
      this.#neighbors.mayBringStranger(from, now)
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
        this.#queue({
          ...{ type: "vouched", author: head.author, epoch: head.epoch },
          ...{ seq: head.length - 1, by: peer },
        });
      return;
    }
    this.#broadcast.knows(peer, head, head.base, head.length);
    const feed = this.#archive.feed(head);
    if (feed ? !feed.isBehind(head) : head.length === 0) return;
    if (this.#archive.isFlooding(head.author, now) || !this.#archive.hasRoomFor(head)) return;
    if (!this.#missing.heard(peer, head, isNews, now)) this.#refuse(peer, "too-many-entries");
  }

  /** Tells the feeds that differ by a neighbour's summary; proofs first, so that it asks for entries that count. */
  #compare(peer: PeerId, sums: Uint8Array, isAnswer: boolean, now: Time): void {
    const feeds = [...this.#archive.unlike(sums)];
    for (const feed of feeds) {
      const fork = feed.frozenAt === null ? null : this.#proofs.of(feed);
      if (fork) this.#send(peer, { type: "fork", batches: fork.batches });
    }
    const heads = feeds.filter(({ isEmpty }) => !isEmpty).map(({ head }) => head);
    tellHeads(this.#queue, peer, false, heads);
    if (this.#comparisons.heard(peer, isAnswer, now))
      this.#compareBy({ peer, buckets: sums.length / SUMMARY_BUCKET_BYTES, isAnswer: true });
  }

  #compareBy({ peer, buckets, isAnswer }: Comparison): void {
    this.#send(peer, { type: "summary", sums: this.#archive.summary(buckets), isAnswer });
  }

  #mayTalk(peer: PeerId, bytes: number, now: Time): boolean {
    const may = this.#neighbors.mayTalk(peer, bytes, now);
    if (!may) this.#refuse(peer, "too-many-requests");
    return may;
  }

  // -- lies ------------------------------------------------------------------------------------------------------

  /** A neighbour shows a proof; null: this device kept it. */
  #shown(batches: readonly [Batch, Batch], by: PeerId | null): void {
    const fork = this.#proofs.shown(batches);
    const disproven = (): void => (by ? this.#refuse(by, "false-fork") : undefined);
    if (fork === "false") return disproven();
    if (fork === "known") return;
    this.#verify(batches[0], (isFirstValid) =>
      this.#verify(batches[1], (isSecondValid) =>
        isFirstValid && isSecondValid ? this.#proven(this.#proofs.verified(fork, by)) : disproven(),
      ),
    );
  }

  #contradicted(feed: Feed, batch: Batch, from: PeerId | null, now: Time): void {
    const found = this.#proofs.contradicted(feed, batch, from);
    if (found === null || "shownBy" in found) return this.#proven(found);
    if (!this.#missing.lookBack(found, now)) this.#lookedBack(found);
  }

  #lookedBack(lookBack: LookBack): void {
    this.#proven(this.#proofs.lookedBack(lookBack));
  }

  /** Freezes the feed, and shows the proof to all neighbours but the one that showed it. */
  #proven(proof: Proof | null): void {
    if (!proof) return;
    const { fork, shownBy } = proof;
    const [name] = fork.batches;
    const frozenAt = this.#archive.feed(name)?.frozenAt ?? Infinity;
    if (frozenAt <= fork.at || this.#archive.isOver(name, 0)) return;
    this.#archive.freeze(name, fork.at);
    const bytes = encodeFrame({ type: "fork", batches: fork.batches });
    for (const peer of this.#broadcast.neighbors) if (peer !== shownBy) this.#send(peer, bytes);
    if (name.topic === "board") this.#queue({ type: "keep", feed: name, first: FORK_PLACE, frame: bytes });
    this.#missing.frozen(name);
    this.#queue({ type: "forked", feed: name, length: fork.at });
  }

  // -- details ---------------------------------------------------------------------------------------------------

  #send(to: PeerId, frame: GossipFrame | Uint8Array): void {
    this.#queue({ type: "send", to, frame });
  }

  #refuse(peer: PeerId, refusal: Refusal): void {
    this.#queue({ type: "refuse", peer, refusal });
  }

  #verify(batch: Batch, then: (isValid: boolean, now: Time) => void): void {
    const { author, head } = batch;
    this.#queue({ type: "verify", by: author, bytes: headText(head), signature: signatureOf(batch), then });
  }

  #isOwn({ author, epoch }: FeedName): boolean {
    return author === this.#me && epoch === this.#epoch;
  }
}

/** The claim to have an unknown number of entries of a feed. */
const ANY_LIBRARY = { base: 0, length: Number.MAX_SAFE_INTEGER, mark: "" } as const;
