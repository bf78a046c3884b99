/**
 * Presence: it says who is here, who is away, and who is gone. PROTOCOL.md, rules V1 to V9.
 *
 * It is derived from the profiles ("words") that each author writes and gossip carries to all. No other peer can
 * declare an author gone: a suspicion only asks, and an author that is there answers it with a new word.
 *
 * All peers in one of the lists below wait equally long, so only the first of each is checked: a room of thousands
 * costs no more than a small one.
 */
import { MAX_ROOM_MEMBERS, type Address } from "@swapmeet/shared";
import { Allowance } from "../base/allowance.ts";
import { ByAge } from "../base/by-age.ts";
import type { Profile } from "../feed/entry.ts";
import type { SuspectFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PassOverEffect, SendEffect } from "../io/effect.ts";
import { safePersonName } from "../names/name.ts";
import type { PeerId } from "../names/peer-id.ts";

/** Each peer says a word this often; in a large room less, so that all together say about two words a second. */
const WORD_EVERY_MS = 60_000;
const WORD_EVERY_MS_PER_PERSON = 500;
/** At least this share of that interval passes. */
const LEAST_WAIT = 0.8;
/** A peer is suspected after so many usual intervals of silence. One word may have got lost. */
const SILENT_INTERVALS = 2;
/** Changes within this time make one word: a name being typed, a tab that is looked into. */
const CHANGE_EVERY_MS = 1_000;
const ANSWER_EVERY_MS = 5_000;
/** After a reload or in a lift, a broken link comes back within this time. Guess. */
const LINK_BACK_WITHIN_MS = 3_000;
/** Time for suspicion and answer to cross the room, the latter after ANSWER_EVERY_MS. Then "away" is shown. Guess. */
const DOUBT_MS = 7_000;
/**
 * The time from an unanswered suspicion to gone. With the 20 s until a link has ended [W8] that is less than 40, and so
 * a phone that comes back from its file picker after 30 was never gone. Guess.
 */
const GONE_AFTER_MS = 17_000;
/** A peer that said `left` and is reloading says another word within this. Guess. */
const LEFT_GRACE_MS = 5_000;
const LOOK_EVERY_MS = 60_000;
const LOOK_AT_MOST_EVERY_MS = 1_000;
/**
 * Suspicions that one neighbour may pass on, since each may cause a word: at once as many as there are people, because
 * a room may fall apart. Without a suspicion only silence tells, after an hour in a room of thousands. Guess.
 */
const LEAST_SUSPICIONS_AT_ONCE = 1_024;
const SUSPICIONS_PER_SECOND = 4;

/** The kind of a link that ended. "quiet": the other side owed an answer. */
export type EndedLink = "quiet" | "neighbor" | "other";

interface Person {
  epoch: number;
  seq: number;
  /** Sanitized. */
  name: string;
  address: Address;
  said: "here" | "away";
  /** The neighbour that its last word came from. */
  route: PeerId | null;
}

export type PresenceEvent =
  | SendEffect<SuspectFrame>
  | PassOverEffect
  /** A new word of this peer, for its presence feed. */
  | { readonly type: "append"; readonly topic: "presence"; readonly entries: readonly [Profile] }
  | { readonly type: "came"; readonly peer: PeerId }
  /**
   * Its presence and library do not count any more. `last` is null for a peer whose first word here is `left`: its
   * address and name were never known.
   */
  | {
      readonly type: "gone";
      readonly peer: PeerId;
      readonly last: { readonly address: Address; readonly name: string } | null;
    };

export interface PresenceOptions {
  readonly me: PeerId;
  readonly epoch: number;
  readonly address: Address;
  readonly name: string;
  readonly queue: (event: PresenceEvent) => void;
  readonly view: { neighbors(): Iterable<PeerId> };
  /** [0, 1) */
  random(): number;
}

export class Presence {
  readonly #options: PresenceOptions;
  #name: string;
  #state: "here" | "away" = "here";
  #hasLeft = false;
  /** Sequence number of this peer's last word that is signed. */
  #seq = -1;
  #saidAt: Time = 0;
  /** Random share of the usual interval until the next word, so that peers that came together do not speak in step. */
  #wait = 1;
  /** When a word is due before its time, because something changed or somebody asked; null: none is. */
  #sayAt: Time | null = null;

  readonly #people = new Map<PeerId, Person>();
  readonly #peerByAddress = new Map<Address, PeerId>();
  /** The peers that are neither suspected nor leaving, by the time when their last word came. */
  readonly #heard = new ByAge<PeerId>();
  /** Neighbours whose link broke a moment ago. */
  readonly #cutOff = new ByAge<PeerId>();
  /** Suspected peers, by the time of the suspicion: `#doubted` are not shown yet, `#missing` are shown as away. */
  readonly #doubted = new ByAge<PeerId>();
  readonly #missing = new ByAge<PeerId>();
  readonly #leaving = new ByAge<PeerId>();
  /** Suspected peers that did not answer this peer itself. They are shown as away at once. */
  readonly #quiet = new Set<PeerId>();
  readonly #allowanceByPeer = new Map<PeerId, Allowance>();
  #lookAt: Time;
  #lookedAt: Time;
  /** How often the others may be expected to speak: it grows with the room at once, and shrinks in a while. */
  #intervalMs = WORD_EVERY_MS;
  /** Up to this time this peer could not hear: others may have spoken all the same. */
  #deafUntil: Time = -Infinity;

  constructor(options: PresenceOptions, now: Time) {
    this.#options = options;
    this.#name = safePersonName(options.name);
    this.#lookedAt = now;
    this.#lookAt = now + LOOK_EVERY_MS;
    this.#say(now);
    this.#wait = options.random();
  }

  // -- this peer's word ----------------------------------------------------------------------------------------------

  rename(name: string, now: Time): void {
    const safe = safePersonName(name);
    if (safe === this.#name) return;
    this.#name = safe;
    this.#sayWithin(CHANGE_EVERY_MS, now);
  }

  be(state: "here" | "away", now: Time): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#sayWithin(CHANGE_EVERY_MS, now);
  }

  /** Says the last word. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#append("left");
  }

  /** Says a word now, or `ms` after the last one. */
  #sayWithin(ms: number, now: Time): void {
    if (this.#hasLeft) return;
    this.#sayAt = Math.min(this.#sayAt ?? Infinity, this.#saidAt + ms);
    this.#sayIfDue(now);
  }

  #sayIfDue(now: Time): void {
    if (!this.#hasLeft && now >= this.#nextWordAt()) this.#say(now);
  }

  #nextWordAt(): Time {
    return Math.min(this.#sayAt ?? Infinity, this.#saidAt + this.#wait * this.#usualIntervalMs());
  }

  #say(now: Time): void {
    this.#sayAt = null;
    this.#saidAt = now;
    this.#wait = LEAST_WAIT + (1 - LEAST_WAIT) * this.#options.random();
    this.#append(this.#state);
  }

  #append(state: Profile["state"]): void {
    const profile: Profile = { type: "profile", name: this.#name, address: this.#options.address, state };
    this.#options.queue({ type: "append", topic: "presence", entries: [profile] });
  }

  #usualIntervalMs(): number {
    return Math.max(WORD_EVERY_MS, WORD_EVERY_MS_PER_PERSON * (this.#people.size + 1));
  }

  // -- what others say -----------------------------------------------------------------------------------------------

  /** Takes a word of a presence feed, also this peer's own. `from`: the neighbour it came from. */
  applied(
    author: PeerId,
    epoch: number,
    seq: number,
    profile: Profile,
    from: PeerId | null,
    now: Time,
  ): void {
    if (author === this.#options.me) {
      if (epoch === this.#options.epoch) this.#seq = Math.max(this.#seq, seq);
      return;
    }
    const known = this.#people.get(author);
    if (known && !isNewer({ epoch, seq }, known)) return;
    const { address, state } = profile;
    if (state === "left") return this.#said(author, known, { epoch, seq, route: from }, now);
    if (!known && this.#people.size >= MAX_ROOM_MEMBERS) return;
    if (known && known.address !== address) this.#unmap(author, known.address);
    const name = safePersonName(profile.name);
    this.#people.set(author, { epoch, seq, name, address, said: state, route: from });
    // The peer that was first at an address keeps it: another one only claims it.
    if (!this.#peerByAddress.has(address)) this.#peerByAddress.set(address, author);
    this.#unlist(author);
    this.#heard.add(author, now);
    if (!known) this.#options.queue({ type: "came", peer: author });
    this.#sayIfDue(now); // a background tab's own ticks may be a minute late
  }

  #said(
    author: PeerId,
    known: Person | undefined,
    word: Pick<Person, "epoch" | "seq" | "route">,
    now: Time,
  ): void {
    if (!known) return this.#options.queue({ type: "gone", peer: author, last: null });
    Object.assign(known, word);
    this.#unlist(author);
    this.#leaving.add(author, now);
    this.#lookNoLaterThan(now + LEFT_GRACE_MS);
  }

  /** A link to a peer is proven. If it is suspected, it is asked: its answer tells the whole room. [V5a] */
  linkUp(peer: PeerId, now: Time): void {
    this.#cutOff.delete(peer);
    const person = this.#people.get(peer);
    if (person && this.#isSuspected(peer)) this.#ask(peer, peer, person);
    this.#sayIfDue(now);
  }

  /** Only the end of a quiet link or of a neighbour's means something: others end when nobody needs them. [V3] */
  linkDown(peer: PeerId, link: EndedLink, now: Time): void {
    this.#allowanceByPeer.delete(peer);
    if (link === "other" || !this.#heard.has(peer)) return;
    if (link === "quiet") {
      this.#suspect(peer, this.#people.get(peer)!, null, now);
      this.#quiet.add(peer);
      return;
    }
    this.#cutOff.add(peer, now);
    this.#lookNoLaterThan(now + LINK_BACK_WITHIN_MS);
  }

  /**
   * A call to this address was not answered. A peer that has spoken lately is only busy; another may be gone, together
   * with all neighbours that would have noticed. [V3]
   */
  unanswered(address: Address, now: Time): void {
    if (now >= this.#lookAt) this.#look(now); // whether this peer was alone meanwhile
    const peer = this.#peerByAddress.get(address);
    const heardAt = peer ? this.#heard.timeOf(peer) : null;
    if (!peer || heardAt === null || this.#isAlone()) return;
    if (now - Math.max(heardAt, this.#deafUntil) < WORD_EVERY_MS) return;
    this.#suspect(peer, this.#people.get(peer)!, null, now);
  }

  /** A suspicion: another peer lost its link to the author, or has not heard from it for long. [V4] */
  frame(peer: PeerId, { author, epoch, seq }: SuspectFrame, now: Time): void {
    let allowance = this.#allowanceByPeer.get(peer);
    if (!allowance) {
      allowance = new Allowance(LEAST_SUSPICIONS_AT_ONCE, SUSPICIONS_PER_SECOND);
      this.#allowanceByPeer.set(peer, allowance);
    }
    allowance.raise(this.#people.size);
    if (!allowance.spend(1, now))
      return this.#options.queue({ type: "pass-over", peer, refusal: "too-many-requests" });
    if (author === this.#options.me) {
      if (epoch === this.#options.epoch && seq === this.#seq) this.#sayWithin(ANSWER_EVERY_MS, now);
      return;
    }
    const person = this.#people.get(author);
    // A suspicion of another word than the last one known here is answered already, or invented.
    if (person?.epoch === epoch && person.seq === seq && this.#heard.has(author))
      this.#suspect(author, person, peer, now);
  }

  /**
   * A neighbour has the last known word of a peer that is gone here. So the neighbour is asked to find out: it asks the
   * author, which may answer. So peers that a cut made look gone are back once it has healed. [V8]
   */
  vouched(author: PeerId, epoch: number, seq: number, by: PeerId): void {
    if (author !== this.#options.me && !this.#people.has(author)) this.#ask(by, author, { epoch, seq });
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    if (this.#hasLeft) return;
    this.#sayIfDue(now);
    if (now >= this.#lookAt) this.#look(now);
  }

  /** After a sleep the next word is due as if the device had been awake. */
  woke(sleptMs: number, now: Time): void {
    this.#saidAt -= sleptMs;
    this.#sayIfDue(now);
  }

  nextDeadline(): Time | null {
    return this.#hasLeft ? null : Math.min(this.#lookAt, this.#nextWordAt());
  }

  #look(now: Time): void {
    if (this.#isAlone()) this.#deafUntil = now;
    const halved = this.#intervalMs * 2 ** (-(now - this.#lookedAt) / WORD_EVERY_MS);
    this.#intervalMs = Math.max(this.#usualIntervalMs(), halved);
    const silentMs = SILENT_INTERVALS * this.#intervalMs;

    for (const [peer] of this.#leaving.takeUntil(now - LEFT_GRACE_MS)) this.#bury(peer);
    for (const [peer] of this.#missing.takeUntil(now - GONE_AFTER_MS)) this.#bury(peer);
    for (const [peer, since] of this.#doubted.takeUntil(now - DOUBT_MS)) this.#missing.add(peer, since);
    for (const [peer] of this.#cutOff.takeUntil(now - LINK_BACK_WITHIN_MS))
      this.#suspect(peer, this.#people.get(peer)!, null, now);
    if (now - this.#deafUntil >= silentMs)
      for (const [peer] of this.#heard.takeUntil(now - silentMs))
        this.#suspect(peer, this.#people.get(peer)!, null, now);

    this.#lookedAt = now;
    const next = Math.min(
      this.#leaving.oldest() + LEFT_GRACE_MS,
      this.#missing.oldest() + GONE_AFTER_MS,
      this.#doubted.oldest() + DOUBT_MS,
      this.#cutOff.oldest() + LINK_BACK_WITHIN_MS,
      this.#heard.oldest() + silentMs,
      now + LOOK_EVERY_MS,
    );
    this.#lookAt = Math.max(next, now + LOOK_AT_MOST_EVERY_MS);
  }

  #lookNoLaterThan(at: Time): void {
    this.#lookAt = Math.min(this.#lookAt, at);
  }

  #suspect(peer: PeerId, person: Person, from: PeerId | null, now: Time): void {
    this.#unlist(peer);
    this.#doubted.add(peer, now);
    this.#lookNoLaterThan(now + DOUBT_MS);
    for (const neighbor of this.#options.view.neighbors())
      if (neighbor !== from) this.#ask(neighbor, peer, person);
  }

  #ask(to: PeerId, author: PeerId, { epoch, seq }: Pick<Person, "epoch" | "seq">): void {
    this.#options.queue({ type: "send", to, frame: { type: "suspect", author, epoch, seq } });
  }

  #bury(peer: PeerId): void {
    this.#unlist(peer);
    const person = this.#people.get(peer);
    if (person) this.#unmap(peer, person.address);
    this.#people.delete(peer);
    this.#options.queue({ type: "gone", peer, last: person ?? null });
  }

  // -- what others read ----------------------------------------------------------------------------------------------

  /** Null: the peer is not in the room. */
  stateOf(peer: PeerId): "here" | "away" | null {
    if (peer === this.#options.me) return this.#state;
    const person = this.#people.get(peer);
    if (!person) return null;
    return this.#missing.has(peer) || this.#quiet.has(peer) ? "away" : person.said;
  }

  /** "" for an unknown peer. */
  nameOf(peer: PeerId): string {
    return peer === this.#options.me ? this.#name : (this.#people.get(peer)?.name ?? "");
  }

  addressOf(peer: PeerId): Address | null {
    return peer === this.#options.me ? this.#options.address : (this.#people.get(peer)?.address ?? null);
  }

  peerAt(address: Address): PeerId | null {
    return this.#peerByAddress.get(address) ?? null;
  }

  /** The neighbour that its latest word came from: the way to it. It need not be a neighbour any more. */
  routeTo(peer: PeerId): PeerId | null {
    return this.#people.get(peer)?.route ?? null;
  }

  /** Everyone else in the room, here or away, in the order they came. */
  people(): IterableIterator<PeerId> {
    return this.#people.keys();
  }

  get peopleCount(): number {
    return this.#people.size;
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #isSuspected(peer: PeerId): boolean {
    return this.#doubted.has(peer) || this.#missing.has(peer);
  }

  #isAlone(): boolean {
    for (const _ of this.#options.view.neighbors()) return false;
    return true;
  }

  #unlist(peer: PeerId): void {
    this.#heard.delete(peer);
    this.#cutOff.delete(peer);
    this.#doubted.delete(peer);
    this.#missing.delete(peer);
    this.#leaving.delete(peer);
    this.#quiet.delete(peer);
  }

  #unmap(peer: PeerId, address: Address): void {
    if (this.#peerByAddress.get(address) === peer) this.#peerByAddress.delete(address);
  }
}

const isNewer = (a: Pick<Person, "epoch" | "seq">, b: Pick<Person, "epoch" | "seq">): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);
