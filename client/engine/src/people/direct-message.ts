/**
 * Direct messages: to one person, over a link with that person, sealed as message-box.ts says. PROTOCOL.md, rules M1
 * to M5.
 *
 * In each conversation one message is under way at a time. So messages arrive in order, and no faster than the other
 * side takes them. A message to a person without a link waits as an errand until there is one.
 */
import { Allowance } from "../base/allowance.ts";
import { BoundedSet } from "../base/bounded.ts";
import { viewOf } from "../base/bytes.ts";
import type { DirectMessageFrame, MessageFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { OpenMessageEffect, RefuseEffect } from "../io/effect.ts";
import { MESSAGE_SECRET_BYTES, sealMessage } from "./message-box.ts";
import { safePostText } from "../names/name.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { MessageView } from "../io/view.ts";

/** So many messages are shown; a person reads the last ones. Guess. */
const MAX_MESSAGES = 500;
/** So many messages of one conversation may wait for an answer. Guess. */
const MAX_WAITING = 64;
/** More than a tab has links; an old one is forgotten for a new one. Guess. */
const MAX_CONVERSATIONS = 256;
/** A message comes again within 60 s, and no faster than one a second after the first 20: three times that many. */
const MAX_REMEMBERED_IDS = 256;
const SEND_AGAIN_AFTER_MS = 5_000;
const FAIL_AFTER_MS = 60_000;
/** Faster than a person writes. Guess. */
const SENT_AT_ONCE = 20;
const SENT_PER_SECOND = 1;
/** The receiver takes a little more, because a link may bring several messages at once. */
const TAKEN_AT_ONCE = 30;
const TAKEN_PER_SECOND = 2;

interface Message extends MessageView {
  state: MessageView["state"];
  /** The frame, the same for each try; null: the message was received, or the receiver's key is no key. */
  readonly frame: MessageFrame | null;
}

interface Conversation {
  readonly with: PeerId;
  /** In order; the first is under way, or paced. */
  waiting: Message[];
  phase:
    | { readonly type: "idle" }
    | { readonly type: "paced"; readonly until: Time }
    | { readonly type: "under-way"; readonly againAt: Time; readonly failAt: Time };
  readonly mayGo: Allowance;
  readonly mayCome: Allowance;
  /** The ids of received messages. */
  readonly received: BoundedSet<number>;
}

export type MessagesEvent =
  | RefuseEffect
  | OpenMessageEffect
  /** Sends at once to a linked peer, else as soon as a link is made for it. If none can be made, `failed` is called. */
  | { readonly type: "errand"; readonly to: PeerId; readonly frame: DirectMessageFrame };

export interface MessagesOptions {
  readonly me: PeerId;
  readonly queue: (event: MessagesEvent) => void;
  readonly view: { isLinked(peer: PeerId): boolean };
  /** Cryptographically random in production. */
  random(bytes: number): Uint8Array;
}

export class DirectMessages {
  readonly #options: MessagesOptions;
  readonly #conversationByPeer = new Map<PeerId, Conversation>();
  #messages: Message[] = [];
  /** Names of people who have left, so that their messages keep an author. Only people with messages are in it. */
  readonly #lastNameByPeer = new Map<PeerId, string>();

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  /** Oldest first. */
  messages(): MessageView[] {
    return this.#messages.map(({ frame, ...view }) => view);
  }

  /** The person of this name has left the room. */
  gone(peer: PeerId, name: string): void {
    if (this.#hasMessagesWith(peer)) this.#lastNameByPeer.set(peer, name);
  }

  /** The last name of somebody who has left, as long as there are messages with them; "" for everybody else. */
  lastNameOf(peer: PeerId): string {
    return this.#lastNameByPeer.get(peer) ?? "";
  }

  /** Whether messages wait to be sent to this peer: then its link is needed. */
  needs(peer: PeerId): boolean {
    return (this.#conversationByPeer.get(peer)?.waiting.length ?? 0) > 0;
  }

  /** The person sends a message to somebody. */
  message(to: PeerId, typed: string, now: Time): void {
    const text = safePostText(typed);
    if (text === "") return;
    const id = viewOf(this.#options.random(4)).getUint32(0);
    const route = { from: this.#options.me, to, id };
    const box = sealMessage(route, text, this.#options.random(MESSAGE_SECRET_BYTES));
    const frame = box && ({ type: "message", id, box } as const);
    const message: Message = { id: `sent ${id}`, with: to, mine: true, text, state: "sending", frame };
    this.#keep(message);
    this.#lineUp(message, now);
  }

  /** Tries a failed message once more. It stays the same message: it never arrives twice. */
  again(id: string, now: Time): void {
    const message = this.#messages.find((one) => one.id === id && one.state === "failed");
    if (message) this.#lineUp(message, now);
  }

  frame(from: PeerId, frame: DirectMessageFrame, now: Time): void {
    const conversation = this.#conversation(from);
    switch (frame.type) {
      case "message":
        return this.#arrived(conversation, frame, now);
      case "message-received":
        return this.#answered(conversation, frame.id, now);
    }
  }

  /** The link is proven: a message that waited for it has just been sent. */
  peerUp(peer: PeerId, now: Time): void {
    const { phase } = this.#conversationByPeer.get(peer) ?? {};
    if (phase?.type === "under-way")
      this.#conversation(peer).phase = { ...phase, againAt: now + SEND_AGAIN_AFTER_MS };
  }

  peerDown(peer: PeerId, now: Time): void {
    const conversation = this.#conversationByPeer.get(peer);
    if (conversation?.phase.type === "under-way") this.#send(conversation, conversation.phase.failAt, now);
  }

  /** No link could be made for this message, at any of its tries. */
  failed(to: PeerId, frame: DirectMessageFrame): void {
    const conversation = this.#conversationByPeer.get(to);
    if (conversation?.waiting[0]?.frame === frame) this.#fail(conversation);
  }

  tick(now: Time): void {
    for (const conversation of this.#conversationByPeer.values()) {
      const { phase } = conversation;
      if (phase.type === "paced" && now >= phase.until) this.#next(conversation, now);
      if (phase.type !== "under-way") continue;
      if (now >= phase.failAt) this.#fail(conversation);
      else if (now >= phase.againAt) this.#send(conversation, phase.failAt, now);
    }
  }

  nextDeadline(): Time | null {
    let next = Infinity;
    for (const { phase } of this.#conversationByPeer.values()) {
      if (phase.type === "paced") next = Math.min(next, phase.until);
      if (phase.type === "under-way") next = Math.min(next, phase.againAt, phase.failAt);
    }
    return next === Infinity ? null : next;
  }

  #lineUp(message: Message, now: Time): void {
    const conversation = this.#conversation(message.with);
    const fits = message.frame !== null && conversation.waiting.length < MAX_WAITING;
    message.state = fits ? "sending" : "failed";
    if (!fits) return;
    conversation.waiting.push(message);
    if (conversation.phase.type === "idle") this.#next(conversation, now);
  }

  /** Sends the first waiting message, as soon as it may go. */
  #next(conversation: Conversation, now: Time): void {
    conversation.phase = { type: "idle" };
    if (conversation.waiting.length === 0) return;
    if (conversation.mayGo.spend(1, now)) return this.#send(conversation, now + FAIL_AFTER_MS, now);
    conversation.phase = { type: "paced", until: conversation.mayGo.readyAt(1, now) };
  }

  #send(conversation: Conversation, failAt: Time, now: Time): void {
    const { with: peer, waiting } = conversation;
    const [first] = waiting;
    if (!first?.frame) return;
    const againAt = this.#options.view.isLinked(peer) ? now + SEND_AGAIN_AFTER_MS : Infinity;
    conversation.phase = { type: "under-way", againAt, failAt };
    this.#options.queue({ type: "errand", to: peer, frame: first.frame });
  }

  /** Fails all waiting messages: a peer that does not answer the first will not answer the others. */
  #fail(conversation: Conversation): void {
    for (const message of conversation.waiting) message.state = "failed";
    conversation.waiting = [];
    conversation.phase = { type: "idle" };
  }

  #answered(conversation: Conversation, id: number, now: Time): void {
    const first = conversation.waiting[0];
    if (first?.frame?.id === id) {
      first.state = "delivered";
      conversation.waiting.shift();
      return this.#next(conversation, now);
    }
    // A late answer counts too.
    const late = this.#messages.find((one) => one.with === conversation.with && one.frame?.id === id);
    if (late?.state === "failed") late.state = "delivered";
  }

  #arrived(conversation: Conversation, { id, box }: MessageFrame, now: Time): void {
    const { with: from, received } = conversation;
    const { queue } = this.#options;
    if (!conversation.mayCome.spend(1, now))
      return queue({ type: "refuse", peer: from, refusal: "too-many-messages" });
    const then = (opened: string | null): void => {
      const text = safePostText(opened ?? "");
      if (text === "") return queue({ type: "refuse", peer: from, refusal: "unreadable-message" });
      if (!received.has(id))
        this.#keep({ id: `received ${id}`, with: from, mine: false, text, state: "delivered", frame: null });
      received.add(id);
      queue({ type: "errand", to: from, frame: { type: "message-received", id } });
    };
    queue({ type: "open-message", from, id, box, then });
  }

  #conversation(peer: PeerId): Conversation {
    const known = this.#conversationByPeer.get(peer);
    if (known) return known;
    const fresh: Conversation = {
      with: peer,
      waiting: [],
      phase: { type: "idle" },
      mayGo: new Allowance(SENT_AT_ONCE, SENT_PER_SECOND),
      mayCome: new Allowance(TAKEN_AT_ONCE, TAKEN_PER_SECOND),
      received: new BoundedSet(MAX_REMEMBERED_IDS),
    };
    this.#conversationByPeer.set(peer, fresh);
    if (this.#conversationByPeer.size > MAX_CONVERSATIONS)
      for (const [oldest, { phase }] of this.#conversationByPeer) {
        if (phase.type !== "idle" || oldest === peer) continue;
        this.#conversationByPeer.delete(oldest);
        break;
      }
    return fresh;
  }

  /** Keeps a message. Beyond the limit the longest conversation loses its oldest, so none pushes out the others. */
  #keep(message: Message): void {
    this.#messages.push(message);
    if (this.#messages.length <= MAX_MESSAGES) return;
    const countByPeer = new Map<PeerId, number>();
    for (const { with: peer } of this.#messages) countByPeer.set(peer, (countByPeer.get(peer) ?? 0) + 1);
    const most = Math.max(...countByPeer.values());
    const oldest = this.#messages.findIndex(({ with: peer }) => countByPeer.get(peer) === most);
    const [forgotten] = this.#messages.splice(oldest, 1);
    if (forgotten && !this.#hasMessagesWith(forgotten.with)) this.#lastNameByPeer.delete(forgotten.with);
  }

  #hasMessagesWith(peer: PeerId): boolean {
    return this.#messages.some(({ with: other }) => other === peer);
  }
}
