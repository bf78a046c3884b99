/**
 * All links of this peer: one for each peer once they are proven, the frames on them, and their end. PROTOCOL.md, rules
 * P4, W8 and I12. Its parts are calls (calls.ts), their envelopes (introductions.ts), the proof (proving.ts), whether
 * the other side is still there and the link is still of use (pulse.ts), links through friends (relayed-links.ts), and
 * carrying for others as a friend (relay.ts).
 *
 * The other parts of the engine hear of a link when it is proven. Frames for them are handed on unread.
 */
import type { Address, Result, RoomTag } from "@swapmeet/shared";
import type { Time } from "../base/time.ts";
import { telling } from "../io/effect.ts";
import type { LinkEnd, LinkId, Output, Route, Signal } from "../io/io.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";
import type { Frame } from "../wire/frame.ts";
import { decodeFrame, encodeFrame } from "../wire/frame-codec.ts";
import type { ConnectionsLeft } from "./call-budget.ts";
import { Calls } from "./calls.ts";
import type { LinksView, QueueOfLinks } from "./events.ts";
import { FrameAllowances, type Beyond } from "./frame-allowances.ts";
import { Introductions, type Letter } from "./introductions.ts";
import { deadlineOf, type Link } from "./link.ts";
import { LinkTable } from "./link-table.ts";
import { Proving, type ProvingStep } from "./proving.ts";
import { Pulse } from "./pulse.ts";
import { Refusals } from "./refusals.ts";
import { RelayedLinks, type RelayedNews } from "./relayed-links.ts";
import { Relay } from "./relay.ts";

/** The refusal for a frame beyond its allowance. */
const REFUSAL_BEYOND: Readonly<Record<Exclude<Beyond, "passed over">, Refusal>> = {
  dropped: "too-many-requests",
  hostile: "flood",
  "second proof": "second-proof",
};

export interface LinksOptions {
  readonly me: PeerId;
  readonly queue: QueueOfLinks;
  readonly view: LinksView;
  /** Cryptographically random in production. */
  random(bytes: number): Uint8Array;
  /** The key that seals envelopes in the room with this tag. */
  envelopeKey(tag: RoomTag): Uint8Array;
  /** The connections that the page made in earlier visits; none by default. [I8a] */
  readonly connectionsSpent?: number | undefined;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #queue: QueueOfLinks;
  readonly #table = new LinkTable();
  readonly #introductions: Introductions;
  readonly #relay: Relay;
  readonly #relayed: RelayedLinks;
  readonly #calls: Calls;
  readonly #refusals = new Refusals();

  constructor(options: LinksOptions) {
    this.#options = options;
    const { me, queue, view, random, envelopeKey, connectionsSpent = 0 } = options;
    const links = this.#table;
    this.#queue = queue;
    this.#introductions = new Introductions({
      ...{ me, queue, random, envelopeKey },
      view: {
        peerAt: (address) => view.peerAt(address),
        routeTo: (peer) => view.routeTo(peer),
        neighbors: () => view.neighbors(),
        isLinked: (peer) => this.isLinked(peer),
        linkedAt: (address) => links.at(address)?.introduction.peer ?? null,
      },
    });
    this.#relay = new Relay(queue, {
      directAddressOf: (peer) => links.directAddressOf(peer),
      directAt: (address) => {
        const link = links.at(address);
        return link && !link.isRelayed ? link.introduction.peer : null;
      },
    });
    this.#relayed = new RelayedLinks({
      ...{ queue, random },
      view: {
        address: () => this.#introductions.membership?.address ?? null,
        roomKey: () => envelopeKey((this.#introductions.membership as { tag: RoomTag }).tag),
        friends: () => links.friends(),
      },
    });
    this.#calls = new Calls({
      ...{ queue, links, random, connectionsSpent },
      introductions: this.#introductions,
      relayed: this.#relayed,
    });
  }

  // -- the server ------------------------------------------------------------------------------------------------

  get isOnline(): boolean {
    return this.#introductions.isOnline;
  }

  serverJoined(tag: RoomTag, address: Address): void {
    this.#introductions.enter(tag, address);
  }

  /** The server is lost. Links stay, and envelopes go through them. */
  serverLost(): void {
    this.#introductions.serverLost();
  }

  /** Begins a call. False: one is under way or failed a moment ago, or there are too many links. */
  dial(address: Address, now: Time): boolean {
    return this.#calls.dial(address, now);
  }

  /** Whether a call there may begin, if a connection is left for it. */
  mayDial(address: Address, now: Time): boolean {
    return this.#calls.mayDial(address, now);
  }

  get connectionsLeft(): ConnectionsLeft {
    return this.#calls.connectionsLeft;
  }

  /** After a sleep all links are pinged at once, because the other sides may have ended them. */
  woke(sleptMs: number, now: Time): void {
    this.#calls.woke(sleptMs);
    for (const { stage } of this.#table.all()) if (stage.type === "proven") stage.pulse.woke(sleptMs, now);
    this.#table.lookAtBeats();
  }

  envelope(from: Address, bytes: Uint8Array, now: Time): void {
    this.#hear(this.#introductions.envelope(from, bytes, now), now);
  }

  /** A refused envelope is only counted, because its sender may be another peer than it names. */
  #hear(letter: Result<Letter, Refusal>, now: Time): void {
    const refusal = letter.ok ? this.#read(letter.value, now) : letter.problem;
    if (refusal) this.count(refusal);
  }

  /** @returns the reason why the letter has no effect, or null. */
  #read({ introduction, isCall, peer, said }: Letter, now: Time): Refusal | null {
    if (isCall && (this.#refusals.isDropped(peer) || peer === this.#options.me)) return "stale-envelope";
    if (isCall) return this.#calls.answer(introduction, said, now);
    const link = this.#table.of(introduction);
    if (!link) return "stale-envelope";
    if (this.#refusals.isDropped(peer)) {
      this.#end(link, now);
      this.#calls.shun(introduction);
      return "stale-envelope";
    }
    if (link.isRelayed !== (typeof said !== "string")) return "malformed-envelope";
    if (typeof said === "string") this.#emit({ type: "signal", link: link.id, signal: said });
    else {
      const keys = this.#relayed.answered(link.id, said, now);
      if (keys) this.opened(link.id, keys.local, keys.remote, now);
      else this.#end(link, now, "no-route");
    }
    return null;
  }

  // -- a connection ----------------------------------------------------------------------------------------------

  signal(id: LinkId, signal: Signal): void {
    const link = this.#table.get(id);
    if (link) this.#introductions.tell(link.introduction, signal);
  }

  reachable(id: LinkId): void {
    const link = this.#table.get(id);
    if (link) link.isReachable = true;
  }

  routed(id: LinkId, route: Route): void {
    const link = this.#table.get(id);
    if (link) link.route = route;
  }

  opened(id: LinkId, local: string, remote: string, now: Time): void {
    const link = this.#table.get(id);
    const { membership } = this.#introductions;
    if (!link || !membership || link.stage.type !== "introducing") return;
    const { introduction } = link;
    const { peer } = introduction;
    if (!peer) return this.#end(link, now); // no envelope ever named it: can't be
    const proving = new Proving(this.#options.me, introduction, peer, { local, remote }, now);
    this.#table.moveOn(link, { type: "proving", proving });
    const then = (signature: Uint8Array, at: Time): void => {
      if (!this.#table.has(link)) return;
      this.#sendFrame(link, proving.signed(signature));
      if (proving.isDone) this.#proven(link, peer, proving.waiting, at);
    };
    this.#queue({ type: "sign", bytes: proving.textOf(membership), then });
  }

  bytes(id: LinkId, bytes: Uint8Array, now: Time): void {
    const link = this.#table.get(id);
    if (!link || this.#refusals.isDoomed(link)) return;
    const decoded = decodeFrame(bytes);
    if (!decoded.ok) return this.#refuse(link, decoded.problem, now);
    const frame = decoded.value;
    switch (link.stage.type) {
      case "introducing":
        return this.#refuse(link, "frame-before-proof", now);
      case "proving": {
        const { proving } = link.stage;
        return this.#prove(link, proving, proving.frame(frame, this.#introductions.membership), now);
      }
      case "proven":
        link.stage.pulse.heard(now);
        return this.#frame(link, link.stage.pulse, frame, now);
    }
  }

  #prove(link: Link, proving: Proving, step: ProvingStep, now: Time): void {
    switch (step.type) {
      case "nothing":
        return;
      case "refuse":
        return this.#refuse(link, step.refusal, now);
      case "check": {
        const peer = link.introduction.peer as PeerId;
        const then = (isValid: boolean, at: Time): void => {
          if (!this.#table.has(link)) return;
          if (!isValid) return this.#refuse(link, "false-proof", at);
          proving.checked();
          if (proving.isDone) this.#proven(link, peer, proving.waiting, at);
        };
        return this.#queue({ type: "verify", by: peer, bytes: step.bytes, signature: step.signature, then });
      }
    }
  }

  #proven(link: Link, peer: PeerId, waiting: readonly Frame[], now: Time): void {
    const { address, role } = link.introduction;
    if (this.#refusals.isDropped(peer)) return this.#end(link, now);
    const older = this.#table.to(peer);
    if (older && link.isRelayed && !older.isRelayed) return this.#end(link, now);
    if (older) this.#end(older, now); // one link for each peer: the newer one works
    const pulse = new Pulse(() => this.#options.view.isNeeded(peer), now);
    this.#table.moveOn(link, { type: "proven", pulse, allowances: new FrameAllowances() });
    if (link.isRelayed) this.#emit({ type: "open-relay", link: link.id });
    this.#table.assign(link, peer);
    this.#calls.succeeded(link, now);
    this.#queue({ type: "peer-up", peer, address, calledUs: role === "responder" });
    for (const frame of waiting) this.#frame(link, pulse, frame, now);
  }

  #frame(link: Link, pulse: Pulse, frame: Frame, now: Time): void {
    const peer = link.introduction.peer as PeerId;
    if (!this.#mayCome(link, frame, now)) return;
    switch (frame.type) {
      case "prove":
        return; // never gets past #mayCome
      case "ping":
        return this.#sendFrame(link, { type: "pong", nonce: frame.nonce });
      case "pong":
        return pulse.pong(now);
      case "introduce": {
        const letter = this.#introductions.frame(peer, frame, now);
        return letter ? this.#hear(letter, now) : undefined;
      }
      case "relay": {
        pulse.used();
        if (frame.to !== this.#introductions.membership?.address) return this.#relay.carry(peer, frame, now);
        const news = this.#relayed.frame(peer, frame);
        return news ? this.#relayedNews(news, now) : undefined;
      }
      default:
        pulse.used();
        this.#queue({ type: "frame", peer, frame });
    }
  }

  /** Whether the peer may send one more frame of this type. [W3a] */
  #mayCome(link: Link, frame: Frame, now: Time): boolean {
    const beyond = link.stage.type === "proven" ? link.stage.allowances.spend(frame.type, now) : null;
    if (beyond === null) return true;
    if (beyond === "passed over") this.count("too-many-requests");
    else this.#refuse(link, REFUSAL_BEYOND[beyond], now);
    return false;
  }

  /** The connection is gone, whichever side ended it. */
  closed(id: LinkId, reason: LinkEnd, now: Time): void {
    const link = this.#table.get(id);
    if (link) this.#closed(link, reason, now);
  }

  #closed(link: Link, reason: LinkEnd, now: Time): void {
    const peer = this.#calls.end(link);
    if (link.stage.type !== "proven") return this.#calls.failed(link, reason, now);
    if (peer === null) return;
    this.#introductions.peerDown(peer);
    this.#relay.peerDown(peer);
    this.#queue({ type: "peer-down", peer, wasQuiet: link.stage.pulse.isQuiet(now) });
    if (!link.isRelayed) for (const relayed of this.#relayed.peerDown(peer)) this.#relayLost(relayed, now);
  }

  // -- links through a friend ------------------------------------------------------------------------------------

  /** Sends a block over a link through a friend. */
  relayedFrame(id: LinkId, bytes: Uint8Array): void {
    this.#relayed.send(id, bytes, true);
  }

  #relayedNews({ link: id, opened, said }: RelayedNews, now: Time): void {
    if (opened) this.opened(id, opened.local, opened.remote, now);
    switch (said.type) {
      case "part":
        return;
      case "frame":
        return this.bytes(id, said.bytes, now);
      case "end":
        return this.#endOf(id, now);
      case "lost":
        this.#relayed.distrust(id, now);
        return this.#relayLost(id, now);
    }
  }

  #endOf(id: LinkId, now: Time): void {
    const link = this.#table.get(id);
    if (link) this.#end(link, now);
  }

  /** The friend no longer carries the link: it ends, and another friend is asked at once. [Y6] */
  #relayLost(id: LinkId, now: Time): void {
    const link = this.#table.get(id);
    if (!link) return;
    this.#end(link, now);
    if (link.stage.type === "proven") this.#calls.dialThroughFriend(link.introduction.address, now);
  }

  // -- what others ask -------------------------------------------------------------------------------------------

  /** Sends a frame, or the bytes of one that came. @returns the output that sends it, or null. */
  send(peer: PeerId, frame: Frame | Uint8Array): Output | null {
    const link = this.#table.to(peer);
    if (link?.stage.type !== "proven") return null;
    link.stage.pulse.used();
    return this.#sending(link, frame);
  }

  linkOf(peer: PeerId): LinkId | null {
    return this.#table.to(peer)?.id ?? null;
  }

  peers(): IterableIterator<PeerId> {
    return this.#table.peers();
  }

  /** Attempts included. */
  get linkCount(): number {
    return this.#table.size;
  }

  get peerCount(): number {
    return this.#table.peerCount;
  }

  isLinked(peer: PeerId): boolean {
    return this.#table.to(peer) !== undefined;
  }

  /** Whether the peer is linked and has owed an answer for too long. [W8a] */
  isQuiet(peer: PeerId, now: Time): boolean {
    const stage = this.#table.to(peer)?.stage;
    return stage?.type === "proven" && stage.pulse.isQuiet(now);
  }

  /** Whether somebody answers at this address and no connection comes about. */
  isApart(address: Address): boolean {
    return this.#calls.isApart(address) && this.#table.at(address) === null;
  }

  /** Whether the peer's link goes through a friend. */
  isRelayed(peer: PeerId): boolean {
    return this.#table.to(peer)?.isRelayed ?? false;
  }

  /** How the peer's link travels, unless a friend carries it; null: there is none. */
  routeTo(peer: PeerId): Route | null {
    return this.#table.to(peer)?.route ?? null;
  }

  rttMs(peer: PeerId): number | null {
    const stage = this.#table.to(peer)?.stage;
    return stage?.type === "proven" ? stage.pulse.rttMs : null;
  }

  /** Counts a refusal. If only a hostile peer can cause it, the peer is dropped once the input is handled. */
  refuse(peer: PeerId, refusal: Refusal, now: Time): void {
    const link = this.#table.to(peer);
    if (link) this.#refuse(link, refusal, now);
    else this.count(refusal);
  }

  #refuse(link: Link, refusal: Refusal, now: Time): void {
    const isDroppedFor = this.#refusals.refuse(link, refusal, now);
    if (!isDroppedFor) return;
    this.#calls.shun(link.introduction);
    const peer = link.introduction.peer as PeerId;
    this.#queue(telling({ type: "peer-dropped", peer, refusal: isDroppedFor }));
  }

  /** Counts a refusal for which no peer is to blame. */
  count(refusal: Refusal): void {
    this.#refusals.count(refusal);
  }

  /** How often each refusal was made, since the start. */
  get refusals(): ReadonlyMap<Refusal, number> {
    return this.#refusals.counts;
  }

  /** After each input, when the queue is empty: ends the links of hostile peers, and sends through friends. */
  settle(now: Time): void {
    for (const link of this.#refusals.takeDoomed()) this.#end(link, now);
    for (const id of this.#relayed.overfull()) this.#endOf(id, now);
    this.#relayed.flush(now);
  }

  tick(now: Time): void {
    this.#table.lookAtBeats();
    for (const link of [...this.#table.all()]) {
      if (!this.#table.has(link)) continue; // it ended with its friend
      if (link.stage.type === "proven") this.#beat(link, link.stage.pulse, now);
      else if (now >= deadlineOf(link)) this.#end(link, now, "timeout");
    }
    this.#introductions.tick(now);
  }

  #beat(link: Link, pulse: Pulse, now: Time): void {
    switch (pulse.beat(now)) {
      case "nothing":
      case "quiet": // the page sees it
        return;
      case "ping":
        this.#sendFrame(link, { type: "ping", nonce: 0 });
        return this.#calls.retryDirect(link, now);
      case "silent":
        if (!link.isRelayed) return this.#end(link, now);
        this.#relayed.distrust(link.id, now);
        return this.#relayLost(link.id, now);
      case "idle":
        return this.#end(link, now);
    }
  }

  nextDeadline(): Time | null {
    const next = Math.min(
      this.#introductions.nextDeadline() ?? Infinity,
      this.#relayed.nextDeadline() ?? Infinity,
      this.#table.nextBeat,
    );
    return next === Infinity ? null : next;
  }

  /** Ends links through friends before the others, because their last message goes over those. */
  endRelayed(now: Time): void {
    for (const link of [...this.#table.all()]) if (link.isRelayed) this.#end(link, now);
  }

  closeAll(now: Time): void {
    this.#introductions.leave();
    for (const link of [...this.#table.all()]) this.#end(link, now);
  }

  // -- details ---------------------------------------------------------------------------------------------------

  #emit(output: Output): void {
    this.#queue({ type: "output", output });
  }

  #sendFrame(link: Link, frame: Frame): void {
    const output = this.#sending(link, frame);
    if (output) this.#emit(output);
  }

  /** The output that sends a frame. Null: it waits until a friend may carry it. */
  #sending(link: Link, frame: Frame | Uint8Array): Output | null {
    const bytes = frame instanceof Uint8Array ? frame : encodeFrame(frame);
    if (!link.isRelayed) return { type: "send", link: link.id, bytes };
    this.#relayed.send(link.id, bytes);
    return null;
  }

  #end(link: Link, now: Time, reason: LinkEnd = "closed"): void {
    if (!this.#table.has(link)) return;
    this.#emit({ type: "close-link", link: link.id });
    this.#closed(link, reason, now);
  }
}
