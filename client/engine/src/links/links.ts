/**
 * Links: which there are, one per peer once they are proven, what goes over them, and which end for what their peer
 * did. PROTOCOL.md, rules P4, W8 and I12; the others' rules are kept where this puts them together: who is called and
 * who is answered (calls.ts), how (introductions.ts), the proof (proving.ts), whether somebody is still there and the
 * link of use (pulse.ts), links through friends (relayed-links.ts) and for friends (relay.ts).
 *
 * Nobody outside hears of a link before it is proven. It does not know what frames mean that are not its own.
 */
import type { Address, RoomTag } from "@swapmeet/shared";
import type { ConnectionsLeft } from "./call-budget.ts";
import { Calls } from "./calls.ts";
import { type Frame, type RelayFrame } from "../wire/frame.ts";
import { FrameAllowances } from "./frame-allowances.ts";
import { decodeFrame, encodeFrame } from "../wire/frame-codec.ts";
import { Introductions, type Introduction, type IntroductionsContext, type Word } from "./introductions.ts";
import type { LinkEnd, LinkId, Notice, Signal } from "../io/io.ts";
import type { Time } from "../base/time.ts";
import { deadlineOf, type Link, type Stage } from "./link.ts";
import type { PeerId } from "../names/peer-id.ts";
import { Proving, type ProvingContext } from "./proving.ts";
import { Pulse } from "./pulse.ts";
import { isHostile, type Refusal } from "../names/refusal.ts";
import { RelayedLinks } from "./relayed-links.ts";
import { Relay } from "./relay.ts";

export interface LinksContext
  extends
    Pick<IntroductionsContext, "me" | "emit" | "random" | "envelopeKey" | "nextHop">,
    Pick<ProvingContext, "sign" | "verify"> {
  notify(notice: Notice): void;
  /** `calledUs`: it was not this peer that chose. */
  peerUp(peer: PeerId, at: { readonly address: Address; readonly calledUs: boolean }, now: Time): void;
  /** `wasQuiet`: it owed an answer. */
  peerDown(peer: PeerId, wasQuiet: boolean, now: Time): void;
  /** Nobody is there, or the network keeps the two apart. `wasSilent`: nobody answered at all. */
  dialFailed(address: Address, wasSilent: boolean, now: Time): void;
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
  readonly #calls: Calls;
  readonly #dropped = new Set<PeerId>();
  readonly #doomed = new Set<Link>();
  readonly refusals = new Map<Refusal, number>();
  /**
   * When the first beat of any link is due, or earlier: until it is looked at again, what is said on links only puts
   * their beats off. Null: links came, went or moved on.
   */
  #nextBeat: Time | null = null;
  #nextLinkId = 1;
  /** When the last bytes came. */
  #now: Time = 0;

  constructor(context: LinksContext) {
    this.#context = context;
    this.#introductions = new Introductions({
      ...context,
      heard: (word, now) => this.#hear(word, now),
      refused: (refusal) => this.count(refusal),
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
    this.#calls = new Calls(
      {
        ...context,
        links: this.#linkById,
        peerCount: () => this.peerCount,
        isLinkedAt: (address) => this.#linkedAt(address) !== null,
        add: (introduction, isRelayed, now) => this.#add(introduction, isRelayed, now),
        drop: (link) => this.#drop(link),
      },
      this.#introductions,
      this.#relayed,
    );
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
    return this.#calls.dial(address, now);
  }

  get connectionsLeft(): ConnectionsLeft {
    return this.#calls.connectionsLeft;
  }

  /** The others may have given up on this device while it slept: all links are pinged at once. */
  woke(sleptMs: number, now: Time): void {
    this.#calls.woke(sleptMs);
    for (const { stage } of this.#linkById.values())
      if (stage.type === "proven") stage.pulse.woke(sleptMs, now);
    this.#nextBeat = null;
  }

  envelope(from: Address, bytes: Uint8Array, now: Time): void {
    this.#introductions.envelope(from, bytes, now);
  }

  #hear(word: Word, now: Time): Refusal | null {
    const { introduction, isCall, peer, said } = word;
    if (isCall && (this.#dropped.has(peer) || peer === this.#context.me)) return "stale-envelope";
    if (isCall) return this.#calls.answer(introduction, said, now);
    const link = this.#linkByIntroduction.get(introduction);
    if (!link) return "stale-envelope";
    if (this.#dropped.has(peer)) {
      this.#end(link, now);
      this.#calls.shun(introduction);
      return "stale-envelope";
    }
    if (link.isRelayed !== (typeof said !== "string")) return "malformed-envelope";
    if (typeof said === "string") this.#context.emit({ type: "signal", link: link.id, signal: said });
    else if (!this.#relayed.answered(link.id, said, now)) this.#end(link, now, "no-route");
    return null;
  }

  #add(introduction: Introduction, isRelayed: boolean, now: Time): Link {
    const stage: Stage = { type: "introducing", since: now };
    const link = { id: this.#nextLinkId++, introduction, isRelayed, isReachable: false, stage };
    this.#linkById.set(link.id, link);
    this.#linkByIntroduction.set(introduction, link);
    this.#nextBeat = null;
    return link;
  }

  // -- a connection ----------------------------------------------------------------------------------------------

  signal(id: LinkId, signal: Signal): void {
    const link = this.#linkById.get(id);
    if (link) this.#introductions.tell(link.introduction, signal);
  }

  reachable(id: LinkId): void {
    const link = this.#linkById.get(id);
    if (link) link.isReachable = true;
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
    this.#moveOn(link, { type: "proving", proving });
    proving.begin(place);
  }

  bytes(id: LinkId, bytes: Uint8Array, now: Time): void {
    const link = this.#linkById.get(id);
    if (!link || this.#doomed.has(link)) return;
    this.#now = now;
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
    this.#moveOn(link, { type: "proven", pulse, allowances: new FrameAllowances() });
    if (link.isRelayed) this.#context.emit({ type: "open-relay", link: link.id });
    this.#linkByPeer.set(peer, link);
    this.#calls.succeeded(link, now);
    this.#context.peerUp(peer, { address, calledUs: role === "responder" }, now);
    for (const frame of waiting) this.#frame(link, pulse, frame, now);
  }

  #frame(link: Link, pulse: Pulse, frame: Frame, now: Time): void {
    const peer = link.introduction.peer as PeerId;
    if (!this.#mayCome(link, frame, now)) return;
    switch (frame.type) {
      case "prove":
        return; // never let in
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

  /** Whether the peer may send one more frame of this type. [W3a] */
  #mayCome(link: Link, frame: Frame, now: Time): boolean {
    const beyond = link.stage.type === "proven" ? link.stage.allowances.spend(frame.type, now) : null;
    switch (beyond) {
      case null:
        return true;
      case "dropped":
        this.#refuse(link, "too-many-requests");
        return false;
      case "passed over":
        this.count("too-many-requests");
        return false;
      case "hostile":
        this.#refuse(link, "flood");
        return false;
      case "second proof":
        this.#refuse(link, "second-proof");
        return false;
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
        this.#context.peerDown(peer, link.stage.pulse.isQuiet(now), now);
        if (!link.isRelayed) this.#relayed.peerDown(peer, now);
      }
      return;
    }
    this.#calls.failed(link, reason, now);
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
    if (isLost && link.stage.type === "proven") this.#calls.dialThroughFriend(link.introduction.address, now);
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

  /** The peer is linked, and owes an answer. [W8a] */
  isQuiet(peer: PeerId, now: Time): boolean {
    const stage = this.#linkByPeer.get(peer)?.stage;
    return stage?.type === "proven" && stage.pulse.isQuiet(now);
  }

  /** Somebody answers there, and no connection comes about. */
  isApart(address: Address): boolean {
    return this.#calls.isApart(address) && this.#linkedAt(address) === null;
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
    else this.count(refusal);
  }

  #refuse(link: Link, refusal: Refusal): void {
    this.count(refusal);
    if (this.#doomed.has(link)) return;
    if (!isHostile(refusal)) {
      if (link.stage.type !== "proven" || link.stage.allowances.offend(refusal, this.#now)) return;
      return this.#refuse(link, "flood"); // [W3b]
    }
    this.#doomed.add(link);
    // Before the proof the name is only a claim: the link ends, the name is not blamed.
    const { peer } = link.introduction;
    if (link.stage.type !== "proven" || !peer) return;
    this.#dropped.add(peer);
    this.#calls.shun(link.introduction);
    this.#context.notify({ type: "peer-dropped", peer, refusal });
  }

  /** Counts what nobody in particular is to blame for. */
  count(refusal: Refusal): void {
    this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
  }

  /** Called by the engine after each input: ends the links that were refused, and sends through friends what waits. */
  settle(now: Time): void {
    for (const link of this.#doomed) this.#end(link, now);
    this.#doomed.clear();
    this.#relayed.flush(now);
  }

  tick(now: Time): void {
    this.#nextBeat = null;
    for (const link of [...this.#linkById.values()]) {
      if (!this.#linkById.has(link.id)) continue; // it ended with its friend
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
        return link.isRelayed ? this.#relayed.lost(link.id, now) : this.#end(link, now);
      case "idle":
        return this.#end(link, now);
    }
  }

  nextDeadline(): Time | null {
    this.#nextBeat ??= this.#firstBeat();
    const next = Math.min(
      this.#introductions.nextDeadline() ?? Infinity,
      this.#relayed.nextDeadline() ?? Infinity,
      this.#nextBeat,
    );
    return next === Infinity ? null : next;
  }

  #firstBeat(): Time {
    let first = Infinity;
    for (const link of this.#linkById.values()) first = Math.min(first, deadlineOf(link));
    return first;
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

  #moveOn(link: Link, stage: Stage): void {
    link.stage = stage;
    this.#nextBeat = null;
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
    this.#nextBeat = null;
    this.#linkByIntroduction.delete(link.introduction);
    this.#introductions.end(link.introduction);
    this.#doomed.delete(link);
  }
}
