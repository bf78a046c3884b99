/**
 * Links through friends, for peers that can't reach each other directly: it chooses the friend, and sends through it at
 * a limited pace. PROTOCOL.md, rules Y2 to Y6. Messages are sealed in relayed-channel.ts; calls.ts decides when such a
 * link is made, and links.ts treats it like any other once it is proven.
 */
import type { Address } from "@swapmeet/shared";
import { Allowance } from "../base/allowance.ts";
import { bytesToHex } from "../base/bytes.ts";
import type { IntroductionSession } from "./sealed/envelope.ts";
import type { RelayFrame } from "../wire/frame.ts";
import type { Introduction, RelayOffer } from "./introductions.ts";
import type { LinkId } from "../io/io.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { QueueOfLinks } from "./events.ts";
import type { Fingerprints } from "./proving.ts";
import {
  publicRelayKey,
  RELAY_KEY_BYTES,
  RelayedChannel,
  sessionOfRelayed,
} from "./sealed/relayed-channel.ts";

/** Below what a friend carries [Y1], whatever the network does to the pace. */
const PACE_BYTES_PER_SECOND = 192 * 1024;
/** Two of the largest messages. */
const PACE_BYTES_AT_ONCE = 128 * 1024;
/** A frame takes so much beside its bytes, at most: the friend counts it too. */
const OVERHEAD_BYTES = 80;
/** Control frames that wait, as on any link [W6]. */
const MAX_WAITING_BYTES = 15 * 1024 * 1024;
/** A friend that lost or altered a message is not used for so long. Guess. */
const DISTRUSTED_MS = 60_000;

export interface RelayedLinksOptions {
  readonly queue: QueueOfLinks;
  readonly view: {
    /** This peer's own address. */
    address(): Address | null;
    /** The key that seals envelopes. */
    roomKey(): Uint8Array;
    /** The peers with a direct link, and their addresses. */
    friends(): Iterable<readonly [PeerId, Address]>;
  };
  random(bytes: number): Uint8Array;
}

/** The effect of a message for this peer on its link. */
export interface RelayedNews {
  readonly link: LinkId;
  /** Set when this message opened the link. */
  readonly opened: Fingerprints | null;
  /** "lost": a message was lost or altered on the way. */
  readonly said:
    { readonly type: "frame"; readonly bytes: Uint8Array } | { readonly type: "part" | "end" | "lost" };
}

interface RelayedLink {
  readonly id: LinkId;
  readonly introduction: Introduction;
  readonly secret: Uint8Array;
  /** Null until both sides have agreed on a friend. */
  through: {
    readonly friend: PeerId;
    readonly channel: RelayedChannel;
    readonly theirKey: Uint8Array;
  } | null;
  isOpen: boolean;
  /** Frames that wait, in order: a reject must not overtake a block of its request. They are sealed when sent. [S2] */
  readonly waiting: { readonly frame: Uint8Array; readonly isBlock: boolean }[];
  waitingBytes: number;
}

export class RelayedLinks {
  readonly #options: RelayedLinksOptions;
  readonly #linkById = new Map<LinkId, RelayedLink>();
  readonly #linkBySession = new Map<IntroductionSession, RelayedLink>();
  readonly #paceByFriend = new Map<PeerId, Allowance>();
  readonly #distrustedUntilByFriend = new Map<PeerId, Time>();
  #dueAt: Time | null = null;

  constructor(options: RelayedLinksOptions) {
    this.#options = options;
  }

  // -- making one ------------------------------------------------------------------------------------------------

  hasFriends(now: Time): boolean {
    return this.#friends(now).length > 0;
  }

  /** @returns the offer for the other side. */
  begin(id: LinkId, introduction: Introduction, now: Time): RelayOffer {
    const link = this.#add(id, introduction);
    return { key: publicRelayKey(link.secret), friends: this.#friends(now).map(([, address]) => address) };
  }

  /** @returns the answer to an offer: a friend that both know, chosen at random, or none. */
  answer(id: LinkId, introduction: Introduction, offer: RelayOffer, now: Time): RelayOffer {
    const link = this.#add(id, introduction);
    const offered = new Set(offer.friends);
    const common = this.#friends(now).filter(([, address]) => offered.has(address));
    const chosen = common[(this.#options.random(1)[0] ?? 0) % common.length];
    const isAgreed = chosen !== undefined && this.#agree(link, offer.key, chosen[0]);
    return { key: publicRelayKey(link.secret), friends: isAgreed ? [chosen[1]] : [] };
  }

  /** Takes the answer to an offer. Null: it makes no channel. */
  answered(id: LinkId, answer: RelayOffer, now: Time): Fingerprints | null {
    const link = this.#linkById.get(id);
    const friend = this.#friends(now).find(([, address]) => address === answer.friends[0])?.[0];
    if (!link || link.through || !friend || !this.#agree(link, answer.key, friend)) return null;
    return this.#open(link);
  }

  // -- using it --------------------------------------------------------------------------------------------------

  /** The frame goes out with the next flush. */
  send(id: LinkId, frame: Uint8Array, isBlock = false): void {
    const link = this.#linkById.get(id);
    if (!link) return;
    link.waiting.push({ frame, isBlock });
    link.waitingBytes += frame.length;
  }

  /** A message for this peer. Null: it has no effect. [Y4] */
  frame(by: PeerId, { from, bytes }: RelayFrame): RelayedNews | null {
    const link = this.#linkBySession.get(sessionOfRelayed(bytes) ?? "");
    if (link?.through?.friend !== by || link.introduction.address !== from) return null; // late, or for no link
    const read = link.through.channel.read(bytes);
    if (!read.ok) {
      this.#options.queue({ type: "refuse", peer: by, refusal: read.problem });
      if (read.problem === "replayed-envelope") return null;
      return { link: link.id, opened: null, said: { type: "lost" } };
    }
    // The side that answered opens only now: a frame that it sent earlier could have overtaken its answer.
    return { link: link.id, opened: link.isOpen ? null : this.#open(link), said: read.value };
  }

  /** Links on which more bytes wait than a link may hold. [W6] */
  overfull(): LinkId[] {
    const links = [...this.#linkById.values()];
    return links.filter(({ waitingBytes }) => waitingBytes > MAX_WAITING_BYTES).map(({ id }) => id);
  }

  /** Sends waiting frames as fast as allowed: one message of each link in turn. */
  flush(now: Time): void {
    this.#dueAt = null;
    let isSending = true;
    while (isSending) {
      isSending = false;
      for (const link of this.#linkById.values()) if (this.#sendNext(link, now)) isSending = true;
    }
  }

  nextDeadline(): Time | null {
    return this.#dueAt;
  }

  // -- ending it -------------------------------------------------------------------------------------------------

  /** A message was lost on the way: the friend of this link is not used for a while. */
  distrust(id: LinkId, now: Time): void {
    const friend = this.#linkById.get(id)?.through?.friend;
    for (const [other, until] of this.#distrustedUntilByFriend)
      if (now >= until) this.#distrustedUntilByFriend.delete(other);
    if (friend) this.#distrustedUntilByFriend.set(friend, now + DISTRUSTED_MS);
  }

  /** Ends a link and tells the other side. To call this twice is harmless. */
  end(id: LinkId): void {
    const link = this.#linkById.get(id);
    if (!link) return;
    this.#linkById.delete(id);
    this.#linkBySession.delete(link.introduction.session);
    if (link.isOpen && link.through) this.#carry(link, link.through.friend, link.through.channel.end());
  }

  /** @returns the links that went through this friend. */
  peerDown(friend: PeerId): LinkId[] {
    this.#paceByFriend.delete(friend);
    const links = [...this.#linkById.values()];
    return links.filter(({ through }) => through?.friend === friend).map(({ id }) => id);
  }

  // -- details ---------------------------------------------------------------------------------------------------

  #add(id: LinkId, introduction: Introduction): RelayedLink {
    const link: RelayedLink = {
      id,
      introduction,
      secret: this.#options.random(RELAY_KEY_BYTES),
      through: null,
      isOpen: false,
      waiting: [],
      waitingBytes: 0,
    };
    this.#linkById.set(id, link);
    this.#linkBySession.set(introduction.session, link);
    return link;
  }

  #agree(link: RelayedLink, theirKey: Uint8Array, friend: PeerId): boolean {
    const { session, address, role } = link.introduction;
    const mine = this.#options.view.address();
    if (mine === null) return false;
    const isInitiator = role === "initiator";
    const ends = isInitiator
      ? { session, initiator: mine, responder: address }
      : { session, initiator: address, responder: mine };
    const channel = RelayedChannel.agree(
      ends,
      this.#options.view.roomKey(),
      link.secret,
      theirKey,
      isInitiator,
    );
    if (channel) link.through = { friend, channel, theirKey };
    return channel !== null;
  }

  /** Each end's key, as the proof signs it: what fingerprints are for a channel of WebRTC. [Y3] */
  #open(link: RelayedLink): Fingerprints | null {
    if (!link.through) return null;
    link.isOpen = true;
    return { local: keyText(publicRelayKey(link.secret)), remote: keyText(link.through.theirKey) };
  }

  /** @returns whether a message was sent. */
  #sendNext(link: RelayedLink, now: Time): boolean {
    const next = link.waiting[0];
    if (!link.through || !next) return false;
    const { friend, channel } = link.through;
    const pace = this.#paceOf(friend);
    const bytes = next.frame.length + OVERHEAD_BYTES;
    if (!pace.spend(bytes, now)) {
      this.#dueAt = Math.min(this.#dueAt ?? Infinity, pace.readyAt(bytes, now));
      return false;
    }
    link.waiting.shift();
    link.waitingBytes -= next.frame.length;
    for (const message of channel.frame(next.frame)) this.#carry(link, friend, message);
    if (next.isBlock) this.#options.queue({ type: "output", output: { type: "relay-took", link: link.id } });
    return true;
  }

  #carry({ introduction }: RelayedLink, friend: PeerId, bytes: Uint8Array): void {
    const from = this.#options.view.address();
    if (from === null) return;
    const frame: RelayFrame = { type: "relay", from, to: introduction.address, bytes };
    this.#options.queue({ type: "send", to: friend, frame });
  }

  #paceOf(friend: PeerId): Allowance {
    const known = this.#paceByFriend.get(friend);
    if (known) return known;
    const pace = new Allowance(PACE_BYTES_AT_ONCE, PACE_BYTES_PER_SECOND);
    this.#paceByFriend.set(friend, pace);
    return pace;
  }

  #friends(now: Time): (readonly [PeerId, Address])[] {
    return [...this.#options.view.friends()].filter(
      ([friend]) => now >= (this.#distrustedUntilByFriend.get(friend) ?? now),
    );
  }
}

/** An end's key, as the proof signs it in the place of a fingerprint. */
const keyText = (key: Uint8Array): string => `x25519 ${bytesToHex(key)}`;
