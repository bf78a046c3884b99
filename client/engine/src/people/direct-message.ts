/**
 * Direct messages: to one person, over a link with that person, sealed as message-box.ts says. PROTOCOL.md, rules M1
 * to M5.
 *
 * One message a conversation is under way at a time, so they arrive in order, and none is sent faster than the other
 * side takes it. Whoever writes to somebody without a link has `send` find one.
 */
import { Allowance } from "../base/allowance.ts";
import { BoundedSet } from "../base/bounded.ts";
import { viewOf } from "../base/bytes.ts";
import type { DirectMessageFrame, MessageFrame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import { MESSAGE_SECRET_BYTES, sealMessage, type MessageRoute } from "./message-box.ts";
import { safePostText } from "../names/name.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { Refusal } from "../names/refusal.ts";
import type { MessageView } from "../io/view.ts";

/** Shown; a person reads the end of it. Guess. */
const MAX_MESSAGES = 500;
/** That wait for an answer, in one conversation. Guess. */
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
/** Taken: a little more than is sent, because a link bunches what was sent in turn. */
const TAKEN_AT_ONCE = 30;
const TAKEN_PER_SECOND = 2;

interface Message extends MessageView {
  state: MessageView["state"];
  /** What is sent, each time the same; null: received, or to nobody's key. */
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
  /** Ids of what was received. */
  readonly received: BoundedSet<number>;
}

export interface DirectMessagesContext {
  readonly me: PeerId;
  isLinked(peer: PeerId): boolean;
  /** At once to a linked peer, else as soon as a link was made for it. `failed`: none could be made. */
  send(to: PeerId, frame: DirectMessageFrame, now: Time, failed: () => void): void;
  refuse(peer: PeerId, refusal: Refusal): void;
  /** Opens a box with the own secret key, which the engine does not hold. Null: it does not open. */
  open(route: MessageRoute, box: Uint8Array, then: (text: string | null, now: Time) => void): void;
  /** Cryptographically random in production. */
  random(bytes: number): Uint8Array;
}

export class DirectMessages {
  readonly #context: DirectMessagesContext;
  readonly #conversationByPeer = new Map<PeerId, Conversation>();
  #messages: Message[] = [];
  /** Of those who have left: what they wrote should not lose its author. Nobody is in it without a message. */
  readonly #lastNameByPeer = new Map<PeerId, string>();

  constructor(context: DirectMessagesContext) {
    this.#context = context;
  }

  /** Oldest first. */
  messages(): MessageView[] {
    return this.#messages.map(({ frame, ...view }) => view);
  }

  /** Somebody who was called so has left the room. */
  gone(peer: PeerId, name: string): void {
    if (this.#hasMessagesWith(peer)) this.#lastNameByPeer.set(peer, name);
  }

  /** What somebody who has left was called, as long as there are messages with them; "" for everybody else. */
  lastNameOf(peer: PeerId): string {
    return this.#lastNameByPeer.get(peer) ?? "";
  }

  /** Something is to be sent to this peer: its link is needed. */
  needs(peer: PeerId): boolean {
    return (this.#conversationByPeer.get(peer)?.waiting.length ?? 0) > 0;
  }

  /** The person says something to somebody. */
  message(to: PeerId, typed: string, now: Time): void {
    const text = safePostText(typed);
    if (text === "") return;
    const id = viewOf(this.#context.random(4)).getUint32(0);
    const route = { from: this.#context.me, to, id };
    const box = sealMessage(route, text, this.#context.random(MESSAGE_SECRET_BYTES));
    const frame = box && ({ type: "message", id, box } as const);
    const message: Message = { id: `sent ${id}`, with: to, mine: true, text, state: "sending", frame };
    this.#keep(message);
    this.#queue(message, now);
  }

  /** Tries once more what has failed. It stays the same message: it never arrives twice. */
  again(id: string, now: Time): void {
    const message = this.#messages.find((one) => one.id === id && one.state === "failed");
    if (message) this.#queue(message, now);
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

  /** What had waited for the link was sent with it. */
  peerUp(peer: PeerId, now: Time): void {
    const { phase } = this.#conversationByPeer.get(peer) ?? {};
    if (phase?.type === "under-way")
      this.#conversation(peer).phase = { ...phase, againAt: now + SEND_AGAIN_AFTER_MS };
  }

  peerDown(peer: PeerId, now: Time): void {
    const conversation = this.#conversationByPeer.get(peer);
    if (conversation?.phase.type === "under-way") this.#send(conversation, conversation.phase.failAt, now);
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

  #queue(message: Message, now: Time): void {
    const conversation = this.#conversation(message.with);
    const fits = message.frame !== null && conversation.waiting.length < MAX_WAITING;
    message.state = fits ? "sending" : "failed";
    if (!fits) return;
    conversation.waiting.push(message);
    if (conversation.phase.type === "idle") this.#next(conversation, now);
  }

  /** Sends the first of those that wait, as soon as it may go. */
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
    const againAt = this.#context.isLinked(peer) ? now + SEND_AGAIN_AFTER_MS : Infinity;
    conversation.phase = { type: "under-way", againAt, failAt };
    this.#context.send(peer, first.frame, now, () => {
      if (conversation.waiting[0] === first) this.#fail(conversation);
    });
  }

  /** Who does not answer the first will not answer the others. */
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
    // An answer that comes late is an answer.
    const late = this.#messages.find((one) => one.with === conversation.with && one.frame?.id === id);
    if (late?.state === "failed") late.state = "delivered";
  }

  #arrived(conversation: Conversation, { id, box }: MessageFrame, now: Time): void {
    const { with: from, received } = conversation;
    if (!conversation.mayCome.spend(1, now)) return this.#context.refuse(from, "too-many-messages");
    this.#context.open({ from, to: this.#context.me, id }, box, (opened, at) => {
      const text = safePostText(opened ?? "");
      if (text === "") return this.#context.refuse(from, "unreadable-message");
      if (!received.has(id))
        this.#keep({ id: `received ${id}`, with: from, mine: false, text, state: "delivered", frame: null });
      received.add(id);
      this.#context.send(from, { type: "message-received", id }, at, () => undefined);
    });
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

  /** Nobody's messages push out those of others, but only more of their own. */
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
