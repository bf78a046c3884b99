/**
 * Decides which calls this peer makes and answers. When a call fails, the address rests (call-budget.ts), or is called
 * through a friend; while a friend carries the link, the direct path is tried again. PROTOCOL.md, rules I6 to I8, Y2
 * and Y6.
 *
 * It does not know why somebody is called, nor what a link is for once it is proven.
 */
import type { Address } from "@swapmeet/shared";
import { CallBudget, type ConnectionsLeft } from "./call-budget.ts";
import type { Introduction, Introductions, RelayOffer } from "./introductions.ts";
import { telling } from "../io/effect.ts";
import type { Apart, LinkEnd, Output, Signal } from "../io/io.ts";
import type { Time } from "../base/time.ts";
import type { QueueOfLinks } from "./events.ts";
import type { Link } from "./link.ts";
import type { LinkTable } from "./link-table.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";
import type { RelayedLinks } from "./relayed-links.ts";

/** Links that exist at a time, attempts included. Guess; each costs the browser threads and memory. */
const MAX_LINKS = 48;
/** So many of them may be links to peers that called: the rest are kept for own calls. */
const MAX_CALLERS = 32;
/** After so many attempts that were answered and made no connection, a friend is asked. */
const FAILURES_BEFORE_RELAY = 2;
/** A direct path is tried anew, each time after twice as long: every attempt is one of the tab's connections. Guess. */
const FIRST_DIRECT_RETRY_MS = 60_000;
const LAST_DIRECT_RETRY_MS = 16 * 60_000;

export interface CallsOptions {
  readonly queue: QueueOfLinks;
  readonly links: LinkTable;
  readonly introductions: Introductions;
  readonly relayed: RelayedLinks;
  random(bytes: number): Uint8Array;
  /** The connections that the page made in earlier visits. [I8a] */
  readonly connectionsSpent: number;
}

interface DirectRetry {
  readonly at: Time;
  readonly thenAfterMs: number;
}

export class Calls {
  readonly #queue: QueueOfLinks;
  readonly #links: LinkTable;
  readonly #introductions: Introductions;
  readonly #relayed: RelayedLinks;
  readonly #budget: CallBudget;
  /** The person is told of spent connections once while this peer is alone (`true`), and once while it is not. */
  readonly #toldWhenAlone = new Set<boolean>();
  #toldOfThisBrowser = false;
  /** The retries for links through a friend that this peer made. They end with their links. */
  readonly #directRetryByLink = new WeakMap<Link, DirectRetry>();

  constructor({ queue, links, introductions, relayed, random, connectionsSpent }: CallsOptions) {
    this.#queue = queue;
    this.#links = links;
    this.#introductions = introductions;
    this.#relayed = relayed;
    this.#budget = new CallBudget(() => (random(1)[0] ?? 0) / 256, connectionsSpent);
  }

  woke(sleptMs: number): void {
    this.#budget.passed(sleptMs);
  }

  get connectionsLeft(): ConnectionsLeft {
    return this.#budget.left;
  }

  // -- calling ---------------------------------------------------------------------------------------------------

  /** Begins a call. False: one is under way or failed a moment ago, or there are too many links. */
  dial(address: Address, now: Time): boolean {
    return this.mayDial(address, now) && this.#dialDirect(address, now);
  }

  /** Whether a call there may begin, if a connection is left for it. */
  mayDial(address: Address, now: Time): boolean {
    for (const { introduction } of this.#links.all())
      if (introduction.address === address && !isHearsay(introduction)) return false;
    return !this.#budget.isResting(address, now) && this.#mayCall(address);
  }

  /** [Y2] */
  dialThroughFriend(address: Address, now: Time): boolean {
    if (!this.#mayCall(address) || !this.#relayed.hasFriends(now)) return false;
    const link = this.#links.add(this.#introductions.begin(address, now), true, now);
    this.#introductions.tell(link.introduction, this.#relayed.begin(link.id, link.introduction, now));
    return true;
  }

  /** Called now and then for each proven link: tries the direct path of one through a friend when it is time. [Y6a] */
  retryDirect(link: Link, now: Time): void {
    const retry = this.#directRetryByLink.get(link);
    if (!retry || now < retry.at) return;
    const { thenAfterMs } = retry;
    const next = Math.min(LAST_DIRECT_RETRY_MS, 2 * thenAfterMs);
    this.#directRetryByLink.set(link, { at: now + thenAfterMs, thenAfterMs: next });
    this.#dialDirect(link.introduction.address, now);
  }

  #dialDirect(address: Address, now: Time): boolean {
    if (!this.#mayCall(address)) return false;
    const isAlone = this.#links.peerCount === 0;
    if (!this.#budget.spendOnDial(isAlone)) {
      if (!this.#toldWhenAlone.has(isAlone)) this.#queue(telling({ type: "connections-spent" }));
      this.#toldWhenAlone.add(isAlone);
      return false;
    }
    const link = this.#links.add(this.#introductions.begin(address, now), false, now);
    this.#emit({ type: "dial", link: link.id });
    return true;
  }

  #mayCall(address: Address): boolean {
    const { membership, isOnline } = this.#introductions;
    if (!membership || address === membership.address || this.#links.size >= MAX_LINKS) return false;
    return isOnline || this.#links.peerCount > 0;
  }

  // -- being called ----------------------------------------------------------------------------------------------

  /** Answers a call. When both sides call at once, the call of the smaller address stands. [I7] */
  answer(call: Introduction, said: Signal | RelayOffer, now: Time): Refusal | null {
    const { address } = this.#introductions.membership as { address: Address };
    const isRelayed = typeof said !== "string";
    if (!this.#mayAnswer(isRelayed, now)) return "too-many-introductions";
    this.#introductions.accept(call);
    for (const other of [...this.#links.all()]) {
      const { introduction } = other;
      if (introduction.address !== call.address || other.stage.type !== "introducing") continue;
      if (introduction.role === "initiator" && address < call.address) {
        this.#introductions.end(call);
        return null;
      }
      if (!isHearsay(call)) this.#drop(other); // a hearsay call need not come from the same peer
    }
    if (isRelayed) this.#answerThroughFriend(call, said, now);
    else {
      this.#budget.answered();
      const link = this.#links.add(call, false, now);
      this.#emit({ type: "accept", link: link.id });
      this.#emit({ type: "signal", link: link.id, signal: said });
    }
    return null;
  }

  #answerThroughFriend(call: Introduction, offer: RelayOffer, now: Time): void {
    const link = this.#links.add(call, true, now);
    const answer = this.#relayed.answer(link.id, call, offer, now);
    this.#introductions.tell(call, answer);
    if (answer.friends.length === 0) this.#drop(link);
  }

  /** Gives up an attempt that another one replaces; this is no failure. */
  #drop(link: Link): void {
    this.#emit({ type: "close-link", link: link.id });
    this.end(link);
  }

  /** [I8] */
  #mayAnswer(isRelayed: boolean, now: Time): boolean {
    let callers = 0;
    for (const { introduction } of this.#links.all()) if (introduction.role === "responder") callers++;
    if (callers >= MAX_CALLERS || this.#links.size >= MAX_LINKS) return false;
    return this.#budget.mayAnswer(isRelayed, this.#links.peerCount, now);
  }

  /** Ends a link or an attempt. @returns the peer that has lost its link, or null. */
  end(link: Link): PeerId | null {
    this.#relayed.end(link.id);
    this.#introductions.end(link.introduction);
    return this.#links.remove(link);
  }

  // -- what became of it -----------------------------------------------------------------------------------------

  /** The link is proven. */
  succeeded(link: Link, now: Time): void {
    const { address, role } = link.introduction;
    this.#budget.succeeded(address);
    if (!link.isRelayed || role !== "initiator") return;
    const retry = { at: now + FIRST_DIRECT_RETRY_MS, thenAfterMs: 2 * FIRST_DIRECT_RETRY_MS };
    this.#directRetryByLink.set(link, retry);
  }

  /** The link ended before it was proven. */
  failed(link: Link, reason: LinkEnd, now: Time): void {
    const { introduction, isRelayed } = link;
    const { address, peer, role, unanswered } = introduction;
    if (isHearsay(introduction)) return;
    if (this.#links.at(address)) return; // there is a way through a friend
    if (reason === "no-candidates") this.#tellOfThisBrowser();
    // If the call was answered and there is no channel, something keeps the two apart. Otherwise the other has left.
    const isApart = (unanswered === null && reason !== "closed") || reason === "no-candidates";
    const failures = this.#budget.failed(address, isApart ? this.#apart(link, reason) : null, now);
    if (role === "responder") return;
    if (isApart && failures.count >= FAILURES_BEFORE_RELAY) {
      if (!isRelayed && this.dialThroughFriend(address, now)) return;
      const because = failures.apart ?? "network";
      if (!failures.isTold && because !== "this-browser")
        this.#queue(telling({ type: "no-route", peer, because }));
      failures.isTold = true;
    }
    this.#queue({ type: "dial-failed", address, wasSilent: reason === "timeout" && unanswered !== null });
  }

  /** The obstacle between the two. A failed attempt through a friend tells nothing new about it. */
  #apart({ introduction, isRelayed, isReachable }: Link, reason: LinkEnd): Apart {
    if (reason === "no-candidates") return "this-browser";
    if (isRelayed) return this.#budget.apartFrom(introduction.address) ?? "network";
    return isReachable ? "network" : "their-browser";
  }

  #tellOfThisBrowser(): void {
    if (!this.#toldOfThisBrowser) this.#queue(telling({ type: "no-candidates" }));
    this.#toldOfThisBrowser = true;
  }

  /** Whether somebody answers at this address and no connection comes about. */
  isApart(address: Address): boolean {
    return this.#budget.apartFrom(address) !== null;
  }

  #emit(output: Output): void {
    this.#queue({ type: "output", output });
  }

  /** Never calls the address again, if it is certain that the peer was there. */
  shun({ address, way }: Introduction): void {
    if (way === "server") this.#budget.shun(address);
  }
}

/** A call that peers brought can name any sender: it says nothing of the address in it. [I4a] */
const isHearsay = ({ role, way }: Introduction): boolean => role === "responder" && way === "peers";
