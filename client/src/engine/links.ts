/**
 * Links: how this peer is introduced to others, proves itself, and keeps one link per peer.
 * PROTOCOL.md, rules I6 to I8 and P1 to P4 (proof).
 *
 * A link goes through three stages: introducing (envelopes, see introductions.ts), proving (the channel is open, both
 * sides sign what they saw of it), proven. Nothing but a proof is accepted before the third, and nobody outside this
 * file hears of a link before it.
 */
import type { Address, RoomTag } from "@swapmeet/shared";
import { CallBudget } from "./call-budget.ts";
import { decodeFrame, encodeFrame, type Frame, type RelayFrame } from "./frame.ts";
import {
  Introductions,
  type Introduction,
  type IntroductionsContext,
  type RelayOffer,
  type Word,
} from "./introductions.ts";
import type { LinkEnd, LinkId, Notice, Signal, Time } from "./io.ts";
import type { PeerId } from "./peer-id.ts";
import { Proving, type ProvingContext } from "./proving.ts";
import { Pulse } from "./pulse.ts";
import { isHostile, type Refusal } from "./refusal.ts";
import { RelayedLinks } from "./relayed-links.ts";
import { Relay } from "./relay.ts";

/** Links that exist at a time, attempts included. Guess; each costs the browser threads and memory. */
const MAX_LINKS = 48;
/** Of them, links to peers that called: the rest is for those this peer calls. */
const MAX_CALLERS = 32;
/** From the first envelope to an open channel. ICE gives up after about 15 s by itself. */
const INTRODUCING_MS = 20_000;
/** Nobody answers, neither through the server nor through peers: the other one has left. Guess. */
const UNANSWERED_MS = 12_000;
/** Attempts that were answered and made no connection. */
const FAILURES_BEFORE_RELAY = 2;
/** A direct path is tried anew, each time after twice as long: every attempt is one of the connections above. Guess. */
const FIRST_DIRECT_RETRY_MS = 60_000;
const LAST_DIRECT_RETRY_MS = 16 * 60_000;

type Stage =
  | { readonly type: "introducing"; readonly since: Time }
  | { readonly type: "proving"; readonly proving: Proving }
  | {
      readonly type: "proven";
      readonly pulse: Pulse;
      /** Of a link through a friend that this peer made: when the direct path is tried again, and how long after that. */
      directRetry: { readonly at: Time; readonly thenAfterMs: number } | null;
    };

interface Link {
  readonly id: LinkId;
  readonly introduction: Introduction;
  /** Through a friend. [Y2] */
  readonly isRelayed: boolean;
  stage: Stage;
}

export interface LinksContext
  extends
    Pick<IntroductionsContext, "me" | "emit" | "random" | "envelopeKey" | "nextHop">,
    Pick<ProvingContext, "sign" | "verify"> {
  notify(notice: Notice): void;
  /** `calledUs`: it was not this peer that chose. */
  peerUp(peer: PeerId, at: { readonly address: Address; readonly calledUs: boolean }, now: Time): void;
  peerDown(peer: PeerId, now: Time): void;
  /** Nobody is there, or the network keeps the two apart. */
  dialFailed(address: Address, now: Time): void;
  /** Somebody wants the link to stay although nothing is said on it. */
  isNeeded(peer: PeerId): boolean;
  frame(peer: PeerId, frame: Frame, now: Time): void;
}

export class Links {
  readonly #context: LinksContext;
  readonly #introductions: Introductions;
  readonly #relay: Relay;
  readonly #relayed: RelayedLinks;
  readonly #linkById = new Map<LinkId, Link>();
  readonly #linkByIntroduction = new Map<Introduction, Link>();
  readonly #linkByPeer = new Map<PeerId, Link>();
  readonly #budget: CallBudget;
  readonly #dropped = new Set<PeerId>();
  readonly #doomed = new Set<Link>();
  readonly refusals = new Map<Refusal, number>();
  #nextLinkId = 1;

  constructor(context: LinksContext) {
    this.#context = context;
    this.#budget = new CallBudget(() => (context.random(1)[0] ?? 0) / 256);
    this.#introductions = new Introductions({
      ...context,
      heard: (word, now) => this.#hear(word, now),
      refused: (refusal) => this.#count(refusal),
      send: (peer, frame) => this.send(peer, frame),
      refuse: (peer, refusal) => this.refuse(peer, refusal),
      isLinked: (peer) => this.isLinked(peer),
      linkedAt: (address) => this.#linkedAt(address)?.introduction.peer ?? null,
    });
    const send = (peer: PeerId, frame: RelayFrame) => this.send(peer, frame);
    const refuse = (peer: PeerId, refusal: Refusal) => this.refuse(peer, refusal);
    this.#relay = new Relay({
      addressOf: (peer) => this.#directTo(peer)?.introduction.address ?? null,
      directAt: (address) => {
        const link = this.#linkedAt(address);
        return link && !link.isRelayed ? link.introduction.peer : null;
      },
      send,
      refuse,
    });
    this.#relayed = new RelayedLinks({
      address: () => this.#introductions.place?.address ?? null,
      roomKey: () => context.envelopeKey((this.#introductions.place as { tag: RoomTag }).tag),
      random: (bytes) => context.random(bytes),
      friends: () => this.#friends(),
      send,
      refuse,
      opened: (link, local, remote, now) => this.opened(link, local, remote, now),
      bytes: (link, bytes, now) => this.bytes(link, bytes, now),
      took: (link) => context.emit({ type: "relay-took", link }),
      ended: (link, isLost, now) => this.#relayEnded(link, isLost, now),
    });
  }

  // -- the server ------------------------------------------------------------------------------------------------

  get isOnline(): boolean {
    return this.#introductions.isOnline;
  }

  serverJoined(tag: RoomTag, address: Address): void {
    this.#introductions.enter(tag, address);
  }

  /** Links stay, and introductions go on through them. */
  serverLost(): void {
    this.#introductions.serverLost();
  }

  /** Begins an introduction. False: it is under way, failed a moment ago, or there are too many. */
  dial(address: Address, now: Time): boolean {
    for (const { introduction } of this.#linkById.values())
      if (introduction.address === address) return false;
    return !this.#budget.isResting(address, now) && this.#dialDirect(address, now);
  }

  #dialDirect(address: Address, now: Time): boolean {
    if (!this.#mayCall(address) || !this.#budget.spendOnDial()) return false;
    const link = this.#add(this.#introductions.begin(address, now), false, now);
    this.#context.emit({ type: "dial", link: link.id });
    return true;
  }

  /** [Y2] */
  #dialThroughFriend(address: Address, now: Time): boolean {
    if (!this.#mayCall(address) || !this.#relayed.hasFriends(now)) return false;
    const link = this.#add(this.#introductions.begin(address, now), true, now);
    this.#introductions.tell(link.introduction, this.#relayed.begin(link.id, link.introduction, now));
    return true;
  }

  #mayCall(address: Address): boolean {
    const { place, isOnline } = this.#introductions;
    if (!place || address === place.address || this.linkCount >= MAX_LINKS) return false;
    return isOnline || this.peerCount > 0;
  }

  envelope(from: Address, bytes: Uint8Array, now: Time): void {
    this.#introductions.envelope(from, bytes, now);
  }

  #hear(word: Word, now: Time): Refusal | null {
    const { introduction, isCall, peer, said } = word;
    if (isCall) return this.#answer(introduction, peer, said, now);
    const link = this.#linkByIntroduction.get(introduction);
    if (!link) return "stale-envelope";
    if (this.#dropped.has(peer)) {
      this.#end(link, now);
      this.#budget.shun(introduction.address);
      return "stale-envelope";
    }
    if (link.isRelayed !== (typeof said !== "string")) return "malformed-envelope";
    if (typeof said === "string") this.#context.emit({ type: "signal", link: link.id, signal: said });
    else if (!this.#relayed.answered(link.id, said, now)) this.#end(link, now, "no-route");
    return null;
  }

  /** Somebody calls. When both call at once, the offer of the smaller address stands. [I7] */
  #answer(call: Introduction, peer: PeerId, said: Signal | RelayOffer, now: Time): Refusal | null {
    const { address } = this.#introductions.place as { address: Address };
    if (this.#dropped.has(peer) || peer === this.#context.me) return "stale-envelope";
    const isRelayed = typeof said !== "string";
    if (!this.#mayAnswer(isRelayed, now)) return "too-many-introductions";
    this.#introductions.accept(call);
    for (const other of this.#linkById.values()) {
      const { introduction } = other;
      if (introduction.address !== call.address || other.stage.type !== "introducing") continue;
      if (introduction.role === "initiator" && address < call.address) {
        this.#introductions.end(call);
        return null;
      }
      this.#drop(other);
    }
    if (isRelayed) this.#answerThroughFriend(call, said, now);
    else {
      this.#budget.answered();
      const link = this.#add(call, false, now);
      this.#context.emit({ type: "accept", link: link.id });
      this.#context.emit({ type: "signal", link: link.id, signal: said });
    }
    return null;
  }

  #answerThroughFriend(call: Introduction, offer: RelayOffer, now: Time): void {
    const link = this.#add(call, true, now);
    const answer = this.#relayed.answer(link.id, call, offer, now);
    this.#introductions.tell(call, answer);
    if (answer.friends.length === 0) this.#drop(link);
  }

  /** [I8] */
  #mayAnswer(isRelayed: boolean, now: Time): boolean {
    let callers = 0;
    for (const { introduction } of this.#linkById.values()) if (introduction.role === "responder") callers++;
    if (callers >= MAX_CALLERS || this.linkCount >= MAX_LINKS) return false;
    return this.#budget.mayAnswer(isRelayed, now);
  }

  #add(introduction: Introduction, isRelayed: boolean, now: Time): Link {
    const stage: Stage = { type: "introducing", since: now };
    const link: Link = { id: this.#nextLinkId++, introduction, isRelayed, stage };
    this.#linkById.set(link.id, link);
    this.#linkByIntroduction.set(introduction, link);
    return link;
  }

  // -- a connection ----------------------------------------------------------------------------------------------

  signal(id: LinkId, signal: Signal): void {
    const link = this.#linkById.get(id);
    if (link) this.#introductions.tell(link.introduction, signal);
  }

  opened(id: LinkId, local: string, remote: string, now: Time): void {
    const link = this.#linkById.get(id);
    const { place } = this.#introductions;
    if (!link || !place || link.stage.type !== "introducing") return;
    const { introduction } = link;
    const { peer } = introduction;
    if (!peer) return this.#end(link, now); // no envelope ever named it: can't be
    const context = {
      ...this.#context,
      place: () => this.#introductions.place,
      isOver: () => this.#linkById.get(id) !== link,
      send: (frame: Frame) => this.#sendFrame(link, frame),
      refuse: (refusal: Refusal) => this.#refuse(link, refusal),
      proven: (waiting: readonly Frame[], now: Time) => this.#proven(link, peer, waiting, now),
    };
    const proving = new Proving(introduction, peer, { local, remote }, context, now);
    link.stage = { type: "proving", proving };
    proving.begin(place, now);
  }

  bytes(id: LinkId, bytes: Uint8Array, now: Time): void {
    const link = this.#linkById.get(id);
    if (!link || this.#doomed.has(link)) return;
    const decoded = decodeFrame(bytes);
    if (!decoded.ok) return this.#refuse(link, decoded.problem);
    const frame = decoded.value;
    switch (link.stage.type) {
      case "introducing":
        return this.#refuse(link, "frame-before-proof");
      case "proving":
        return link.stage.proving.frame(frame);
      case "proven":
        link.stage.pulse.heard(now);
        return this.#frame(link, link.stage.pulse, frame, now);
    }
  }

  #proven(link: Link, peer: PeerId, waiting: readonly Frame[], now: Time): void {
    const { address, role } = link.introduction;
    if (this.#dropped.has(peer)) return this.#end(link, now);
    const older = this.#linkByPeer.get(peer);
    if (older && link.isRelayed && !older.isRelayed) return this.#end(link, now);
    if (older) this.#end(older, now); // one link a peer: the newer one works
    const pulse = new Pulse(() => this.#context.isNeeded(peer), now);
    link.stage = {
      type: "proven",
      pulse,
      directRetry:
        link.isRelayed && role === "initiator"
          ? { at: now + FIRST_DIRECT_RETRY_MS, thenAfterMs: 2 * FIRST_DIRECT_RETRY_MS }
          : null,
    };
    if (link.isRelayed) this.#context.emit({ type: "open-relay", link: link.id });
    this.#linkByPeer.set(peer, link);
    this.#budget.succeeded(address);
    this.#context.peerUp(peer, { address, calledUs: role === "responder" }, now);
    for (const frame of waiting) this.#frame(link, pulse, frame, now);
  }

  #frame(link: Link, pulse: Pulse, frame: Frame, now: Time): void {
    const peer = link.introduction.peer as PeerId;
    switch (frame.type) {
      case "prove":
        return this.#refuse(link, "second-proof");
      case "ping":
        return this.#sendFrame(link, { type: "pong", nonce: frame.nonce });
      case "pong":
        return pulse.pong(now);
      case "introduce":
        return this.#introductions.frame(peer, frame, now);
      case "relay":
        pulse.used();
        if (frame.to === this.#introductions.place?.address) return this.#relayed.frame(peer, frame, now);
        return this.#relay.carry(peer, frame, now);
      default:
        pulse.used();
        this.#context.frame(peer, frame, now);
    }
  }

  /** The connection is gone, whoever ended it. */
  closed(id: LinkId, reason: LinkEnd, now: Time): void {
    const link = this.#linkById.get(id);
    if (!link) return;
    this.#remove(link);
    if (link.stage.type === "proven") {
      const peer = link.introduction.peer as PeerId;
      if (this.#linkByPeer.get(peer) === link) {
        this.#linkByPeer.delete(peer);
        this.#introductions.peerDown(peer);
        this.#relay.peerDown(peer);
        this.#context.peerDown(peer, now);
        if (!link.isRelayed) this.#relayed.peerDown(peer, now);
      }
      return;
    }
    this.#failed(link, reason, now);
  }

  #failed(link: Link, reason: LinkEnd, now: Time): void {
    const { address, peer, role, unanswered } = link.introduction;
    if (this.#linkedAt(address)) return; // there is a way through a friend
    // Answered, and yet no channel: the network keeps the two apart. Not answered: the other one has left.
    const isApart = unanswered === null && reason !== "closed";
    const failures = this.#budget.failed(address, isApart, now);
    if (role === "responder") return;
    if (isApart && failures.count >= FAILURES_BEFORE_RELAY) {
      if (!link.isRelayed && this.#dialThroughFriend(address, now)) return;
      if (!failures.isTold) this.#context.notify({ type: "no-route", peer });
      failures.isTold = true;
    }
    this.#context.dialFailed(address, now);
  }

  /** A block for a link through a friend. */
  relayedFrame(id: LinkId, bytes: Uint8Array): void {
    this.#relayed.send(id, bytes, true);
  }

  /** Where another friend may do what this one no longer does, it is asked at once. [Y6] */
  #relayEnded(id: LinkId, isLost: boolean, now: Time): void {
    const link = this.#linkById.get(id);
    if (!link) return;
    this.#end(link, now);
    if (isLost && link.stage.type === "proven") this.#dialThroughFriend(link.introduction.address, now);
  }

  // -- what others ask -------------------------------------------------------------------------------------------

  /** Bytes are those of a frame, as it came. */
  send(peer: PeerId, frame: Frame | Uint8Array): void {
    const link = this.#linkByPeer.get(peer);
    if (link?.stage.type !== "proven") return;
    link.stage.pulse.used();
    this.#sendFrame(link, frame);
  }

  linkOf(peer: PeerId): LinkId | null {
    return this.#linkByPeer.get(peer)?.id ?? null;
  }

  peers(): IterableIterator<PeerId> {
    return this.#linkByPeer.keys();
  }

  /** Attempts included. */
  get linkCount(): number {
    return this.#linkById.size;
  }

  get peerCount(): number {
    return this.#linkByPeer.size;
  }

  isLinked(peer: PeerId): boolean {
    return this.#linkByPeer.has(peer);
  }

  /** The peer is reached through a friend. */
  isRelayed(peer: PeerId): boolean {
    return this.#linkByPeer.get(peer)?.isRelayed ?? false;
  }

  #linkedAt(address: Address): Link | null {
    for (const link of this.#linkByPeer.values()) if (link.introduction.address === address) return link;
    return null;
  }

  #directTo(peer: PeerId): Link | null {
    const link = this.#linkByPeer.get(peer);
    return link && !link.isRelayed ? link : null;
  }

  *#friends(): IterableIterator<readonly [PeerId, Address]> {
    for (const [peer, { introduction, isRelayed }] of this.#linkByPeer)
      if (!isRelayed) yield [peer, introduction.address];
  }

  rttMs(peer: PeerId): number | null {
    const stage = this.#linkByPeer.get(peer)?.stage;
    return stage?.type === "proven" ? stage.pulse.rttMs : null;
  }

  /** Counts, and for what only a hostile peer can do, ends the link for this room once the input is handled. */
  refuse(peer: PeerId, refusal: Refusal): void {
    const link = this.#linkByPeer.get(peer);
    if (link) this.#refuse(link, refusal);
    else this.#count(refusal);
  }

  #refuse(link: Link, refusal: Refusal): void {
    this.#count(refusal);
    if (!isHostile(refusal) || this.#doomed.has(link)) return;
    this.#doomed.add(link);
    // Before the proof the name is only a claim: the link ends, the name is not blamed.
    const { peer, address } = link.introduction;
    if (link.stage.type !== "proven" || !peer) return;
    this.#dropped.add(peer);
    this.#budget.shun(address);
    this.#context.notify({ type: "peer-dropped", peer, refusal });
  }

  #count(refusal: Refusal): void {
    this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
  }

  /** Called by the engine after each input: ends the links that were refused, and sends through friends what waits. */
  settle(now: Time): void {
    for (const link of this.#doomed) this.#end(link, now);
    this.#doomed.clear();
    this.#relayed.flush(now);
  }

  tick(now: Time): void {
    for (const link of [...this.#linkById.values()]) {
      const { stage } = link;
      if (!this.#linkById.has(link.id)) continue; // it ended with its friend
      if (stage.type === "proven") this.#beat(link, stage, now);
      else if (now >= untilOf(link, stage)) this.#end(link, now, "timeout");
    }
    this.#introductions.tick(now);
  }

  #beat(link: Link, stage: Stage & { type: "proven" }, now: Time): void {
    switch (stage.pulse.beat(now)) {
      case "nothing":
        return;
      case "ping":
        this.#sendFrame(link, { type: "ping", nonce: 0 });
        return this.#retryDirect(link, stage, now);
      case "silent":
        return link.isRelayed ? this.#relayed.lost(link.id, now) : this.#end(link, now);
      case "idle":
        return this.#end(link, now);
    }
  }

  /** [Y6] */
  #retryDirect(link: Link, stage: Stage & { type: "proven" }, now: Time): void {
    if (!stage.directRetry || now < stage.directRetry.at) return;
    const { thenAfterMs } = stage.directRetry;
    const next = Math.min(LAST_DIRECT_RETRY_MS, 2 * thenAfterMs);
    stage.directRetry = { at: now + thenAfterMs, thenAfterMs: next };
    this.#dialDirect(link.introduction.address, now);
  }

  nextDeadline(): Time | null {
    let next = Math.min(
      this.#introductions.nextDeadline() ?? Infinity,
      this.#relayed.nextDeadline() ?? Infinity,
    );
    for (const link of this.#linkById.values()) {
      const { stage } = link;
      next = Math.min(next, stage.type === "proven" ? stage.pulse.deadline : untilOf(link, stage));
    }
    return next === Infinity ? null : next;
  }

  closeAll(now: Time): void {
    const links = [...this.#linkById.values()];
    for (const link of links) if (link.isRelayed) this.#end(link, now);
    this.#introductions.leave();
    for (const link of links) this.#end(link, now);
  }

  // -- details ---------------------------------------------------------------------------------------------------

  #sendFrame(link: Link, frame: Frame | Uint8Array): void {
    const bytes = frame instanceof Uint8Array ? frame : encodeFrame(frame);
    if (link.isRelayed) this.#relayed.send(link.id, bytes);
    else this.#context.emit({ type: "send", link: link.id, bytes });
  }

  #end(link: Link, now: Time, reason: LinkEnd = "closed"): void {
    if (!this.#linkById.has(link.id)) return;
    this.#context.emit({ type: "close-link", link: link.id });
    this.closed(link.id, reason, now);
  }

  /** Gives up an attempt that another one replaces: no failure. */
  #drop(link: Link): void {
    this.#context.emit({ type: "close-link", link: link.id });
    this.#remove(link);
  }

  #remove(link: Link): void {
    this.#relayed.end(link.id);
    this.#linkById.delete(link.id);
    this.#linkByIntroduction.delete(link.introduction);
    this.#introductions.end(link.introduction);
    this.#doomed.delete(link);
  }
}

/** When a link that is not proven yet is given up. */
const untilOf = ({ introduction }: Link, stage: Exclude<Stage, { type: "proven" }>): Time => {
  if (stage.type === "proving") return stage.proving.until;
  return stage.since + (introduction.unanswered ? UNANSWERED_MS : INTRODUCING_MS);
};
