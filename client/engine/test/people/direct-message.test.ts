import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../../testing/random.ts";
import { hexToBytes } from "../../src/base/bytes.ts";
import { DirectMessages, type MessagesEvent } from "../../src/people/direct-message.ts";
import { type DirectMessageFrame, type MessageFrame } from "../../src/wire/frame.ts";
import { encodeFrame } from "../../src/wire/frame-codec.ts";
import { openMessage, sealMessage, type MessageRoute } from "../../src/people/message-box.ts";
import { peerIdOf, type PeerId } from "../../src/names/peer-id.ts";
import type { Refusal } from "../../src/names/refusal.ts";

const person = (seed: number) => {
  const secretKey = new SeededRandom(seed).bytes(32);
  return { secretKey, id: peerIdOf(ed25519.getPublicKey(secretKey)) };
};
const [ada, ben, eve] = [person(1), person(2), person(3)];
const route: MessageRoute = { from: ada.id, to: ben.id, id: 7 };
const once = () => new SeededRandom(99).bytes(32);

describe("the box", () => {
  test("[M1] opens for its recipient, as it was written", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (text, secret) => {
          expect(openMessage(route, sealMessage(route, text, secret)!, ben.secretKey)).toBe(text);
        },
      ),
      { numRuns: 20 },
    );
  });

  test("[M1a] does not open for another, from another, as another message, or altered in any bit", () => {
    const box = sealMessage(route, "the key is under the mat", once())!;
    expect(openMessage(route, box, eve.secretKey)).toBeNull();
    expect(openMessage({ ...route, to: eve.id }, box, eve.secretKey)).toBeNull();
    expect(openMessage({ ...route, to: eve.id }, box, ben.secretKey)).toBeNull();
    expect(openMessage({ ...route, from: eve.id }, box, ben.secretKey)).toBeNull();
    expect(openMessage({ ...route, id: 8 }, box, ben.secretKey)).toBeNull();
    // The key with the other sign has the same Montgomery form.
    const twin = hexToBytes(ben.id);
    twin[31]! ^= 0x80;
    expect(openMessage({ ...route, to: peerIdOf(twin) }, box, ben.secretKey)).toBeNull();
    for (const at of [0, 31, 32, box.length - 1]) {
      const altered = box.slice();
      altered[at]! ^= 1;
      expect(openMessage(route, altered, ben.secretKey)).toBeNull();
    }
    for (const short of [new Uint8Array(), box.subarray(0, 32), box.subarray(0, 47)])
      expect(openMessage(route, short, ben.secretKey)).toBeNull();
  });

  test("[M1] reveals nothing: two boxes of one text have nothing in common", () => {
    const random = new SeededRandom(5);
    const [one, other] = [1, 2].map(() => sealMessage(route, "same", random.bytes(32))!) as [
      Uint8Array,
      Uint8Array,
    ];
    expect(one.filter((byte, i) => byte === other[i]).length).toBeLessThan(8);
  });

  test("[M1] a key of low order, which everybody could agree with, is refused on both sides", () => {
    const identity = new Uint8Array(32);
    identity[0] = 1; // the neutral point of Ed25519
    expect(sealMessage({ ...route, to: peerIdOf(identity) }, "x", once())).toBeNull();
    expect(sealMessage({ ...route, to: peerIdOf(new Uint8Array(32).fill(255)) }, "x", once())).toBeNull();
    const box = sealMessage(route, "x", once())!;
    box.fill(0, 0, 32);
    expect(openMessage(route, box, ben.secretKey)).toBeNull();
  });

  test("[M1] is agreed with the Ed25519 key in Montgomery form, as RFC 7748 has it", () => {
    expect(ed25519.utils.toMontgomery(ed25519.getPublicKey(ben.secretKey))).toEqual(
      x25519.getPublicKey(ed25519.utils.toMontgomerySecret(ben.secretKey)),
    );
  });
});

/** Two people with a link between them that may be missing, lose frames, or repeat them. */
class Pair {
  now = 0;
  readonly sides = new Map<PeerId, Side>();
  isLinked = true;
  /** Frames of this type don't arrive. */
  lost: DirectMessageFrame["type"] | null = null;
  copies = 1;
  readonly boxes: Uint8Array[] = [];
  answers = 0;
  readonly #onTheWay: (() => void)[] = [];

  constructor(seed = 1) {
    for (const [me, other] of [
      [ada, ben],
      [ben, ada],
    ] as const)
      this.sides.set(me.id, new Side(this, me, other.id, new SeededRandom(seed + me.secretKey[0]!)));
  }

  get ada(): Side {
    return this.sides.get(ada.id)!;
  }
  get ben(): Side {
    return this.sides.get(ben.id)!;
  }

  carry(from: PeerId, to: PeerId, frame: DirectMessageFrame): void {
    if (frame.type === "message") this.boxes.push(frame.box);
    else this.answers++;
    if (frame.type === this.lost) return;
    encodeFrame(frame);
    for (let copy = 0; copy < this.copies; copy++)
      this.later(() => this.sides.get(to)?.messages.frame(from, frame, this.now));
  }

  later(happens: () => void): void {
    this.#onTheWay.push(happens);
  }

  link(): void {
    this.isLinked = true;
    for (const side of this.sides.values()) side.linked();
  }

  cut(): void {
    this.isLinked = false;
    this.#onTheWay.length = 0;
    for (const side of this.sides.values()) side.messages.peerDown(side.other, this.now);
  }

  settle(): void {
    for (let next = this.#onTheWay.shift(); next; next = this.#onTheWay.shift()) next();
  }

  /** Sleeps until the next deadline, as a host does, for `ms` in all. */
  run(ms: number): void {
    const end = this.now + ms;
    this.settle();
    for (;;) {
      const next = Math.min(
        ...[...this.sides.values()].map(({ messages }) => messages.nextDeadline() ?? Infinity),
      );
      if (next > end) break;
      expect(next).toBeGreaterThanOrEqual(this.now);
      this.now = next;
      for (const { messages } of this.sides.values()) messages.tick(this.now);
      this.settle();
    }
    this.now = end;
  }
}

class Side {
  readonly other: PeerId;
  readonly messages: DirectMessages;
  readonly refused: Refusal[] = [];
  /** The frames that wait for a link. */
  readonly errands: DirectMessageFrame[] = [];
  readonly #pair: Pair;
  readonly #me: typeof ada;

  constructor(pair: Pair, me: typeof ada, other: PeerId, random: SeededRandom) {
    this.#pair = pair;
    this.#me = me;
    this.other = other;
    this.messages = new DirectMessages({
      me: me.id,
      queue: (event) => this.#perform(event),
      view: { isLinked: () => pair.isLinked },
      random: (bytes) => random.bytes(bytes),
    });
  }

  #perform(event: MessagesEvent): void {
    const pair = this.#pair;
    switch (event.type) {
      case "errand":
        if (pair.isLinked) pair.carry(this.#me.id, event.to, event.frame);
        else this.errands.push(event.frame);
        return;
      case "refuse":
        return void this.refused.push(event.refusal);
      case "open-message": {
        const route = { from: event.from, to: this.#me.id, id: event.id };
        const text = openMessage(route, event.box, this.#me.secretKey);
        return pair.later(() => event.then(text, pair.now));
      }
    }
  }

  linked(): void {
    for (const frame of this.errands.splice(0)) this.#pair.carry(this.#me.id, this.other, frame);
    this.messages.peerUp(this.other, this.#pair.now);
  }

  says(text: string): void {
    this.messages.message(this.other, text, this.#pair.now);
  }

  get sent() {
    return this.messages.messages().filter(({ mine }) => mine);
  }
  get states() {
    return this.sent.map(({ state }) => state);
  }
  get heard() {
    return this.messages
      .messages()
      .filter(({ mine }) => !mine)
      .map(({ text }) => text);
  }
}

describe("a conversation", () => {
  test("[M2] shows a text as sending, then as delivered, and the other side reads it as it was written", () => {
    const pair = new Pair();
    pair.ada.says("hi\nBen");
    expect(pair.ada.sent).toMatchObject([{ with: ben.id, mine: true, text: "hi\nBen", state: "sending" }]);
    pair.settle();
    expect(pair.ada.states).toEqual(["delivered"]);
    expect(pair.ben.messages.messages()).toMatchObject([
      { with: ada.id, mine: false, text: "hi\nBen", state: "delivered" },
    ]);
    expect(pair.ada.messages.nextDeadline()).toBeNull();
  });

  test("[M2] [M2a] without an answer it comes again after 5 s as the same bytes, and after 60 s it has failed", () => {
    const pair = new Pair();
    pair.lost = "message";
    pair.ada.says("anybody?");
    pair.run(59_999);
    expect(pair.boxes).toHaveLength(12);
    expect(new Set(pair.boxes.map(String)).size).toBe(1);
    expect(pair.ada.states).toEqual(["sending"]);
    pair.run(1);
    expect(pair.ada.states).toEqual(["failed"]);
    expect(pair.ada.messages.needs(ben.id)).toBe(false);
    expect(pair.ada.messages.nextDeadline()).toBeNull();
  });

  test("[M3] shows a message once when its answers are lost, and as failed to its sender", () => {
    const pair = new Pair();
    pair.lost = "message-received";
    pair.ada.says("once");
    pair.run(60_000);
    expect(pair.ben.heard).toEqual(["once"]);
    expect(pair.ada.states).toEqual(["failed"]);
  });

  test("[M2a] a late answer counts too", () => {
    const pair = new Pair();
    pair.lost = "message-received";
    pair.ada.says("slow");
    pair.run(60_000);
    pair.lost = null;
    pair.ben.messages.frame(ada.id, { type: "message", id: idOf(pair), box: pair.boxes[0]! }, pair.now);
    pair.settle();
    expect(pair.ada.states).toEqual(["delivered"]);
  });

  test("[M2a] [M3] a message that has failed can be tried again, and stays one message for a recipient that had it", () => {
    const pair = new Pair();
    pair.lost = "message-received";
    pair.ada.says("again");
    pair.run(60_000);
    pair.lost = null;
    pair.ada.messages.again(pair.ada.sent[0]!.id, pair.now);
    expect(pair.ada.states).toEqual(["sending"]);
    pair.settle();
    expect(pair.ada.states).toEqual(["delivered"]);
    expect(pair.ben.heard).toEqual(["again"]);
    pair.ada.messages.again(pair.ada.sent[0]!.id, pair.now);
    expect(pair.ada.states).toEqual(["delivered"]);
  });

  test("[M2] without a link asks for one and sends then; after a cut it sends on the next link", () => {
    const pair = new Pair();
    pair.cut();
    pair.ada.says("later");
    expect(pair.ada.messages.needs(ben.id)).toBe(true);
    expect(pair.ada.errands).toHaveLength(1);
    pair.run(20_000);
    expect(pair.ada.errands).toHaveLength(1);
    pair.lost = "message";
    pair.link();
    pair.run(1_000);
    pair.cut();
    pair.lost = null;
    pair.run(1_000);
    pair.link();
    pair.settle();
    expect(pair.ada.states).toEqual(["delivered"]);
    expect(pair.ben.heard).toEqual(["later"]);
  });

  test("[M2a] when no link can be made a message has failed, and so have those that waited behind it", () => {
    const pair = new Pair();
    pair.cut();
    pair.ada.says("one");
    pair.ada.says("two");
    pair.ada.messages.failed(ben.id, pair.ada.errands[0]!);
    expect(pair.ada.states).toEqual(["failed", "failed"]);
    pair.link();
    pair.ada.says("three");
    pair.ada.messages.failed(ben.id, pair.ada.errands[0]!);
    pair.settle();
    expect(pair.ada.states.at(-1)).toBe("delivered");
  });

  test("[M2b] messages arrive in order and once, through losses, repeats and cuts", () => {
    fc.assert(
      fc.property(fc.integer(), fc.infiniteStream(fc.nat(99)), (seed, dice) => {
        const pair = new Pair(seed);
        const roll = (n: number) => (dice.next().value as number) % n;
        for (let n = 0; n < 25; n++) {
          pair.ada.says(`${n}`);
          pair.ben.says(`re ${n}`);
          pair.copies = 1 + roll(3);
          pair.lost = [null, "message", "message-received"][roll(3)] as typeof pair.lost;
          if (roll(4) === 0) pair.cut();
          pair.run(roll(3000));
          if (!pair.isLinked) pair.link();
        }
        [pair.lost, pair.copies] = [null, 1];
        pair.run(120_000);
        expect(new Set(pair.ada.states)).toEqual(new Set(["delivered"]));
        expect(pair.ben.heard).toEqual(Array.from({ length: 25 }, (_, n) => `${n}`));
        expect(pair.ada.heard).toEqual(Array.from({ length: 25 }, (_, n) => `re ${n}`));
        expect(pair.ben.refused).not.toContain("unreadable-message");
      }),
      { numRuns: 10 },
    );
  });

  test("[M4a] a hundred messages at once: 64 are sent without one refusal, in order, the others have failed", () => {
    const pair = new Pair();
    for (let n = 0; n < 100; n++) pair.ada.says(`${n}`);
    expect(pair.ada.states.filter((state) => state === "failed")).toHaveLength(36);
    pair.settle();
    expect(pair.ben.heard).toHaveLength(20);
    pair.run(60_000);
    expect(pair.ben.heard).toEqual(Array.from({ length: 64 }, (_, n) => `${n}`));
    expect(pair.ben.refused).toEqual([]);
  });

  test("[M5] an empty text is not sent; other text is made safe here", () => {
    const pair = new Pair();
    pair.ada.says(" \u200B\n");
    pair.ada.says("ab\u202Ecd \n");
    pair.settle();
    expect(pair.ben.heard).toEqual(["abcd"]);
  });

  test("[M1] a message to an invalid key fails at once", () => {
    const pair = new Pair();
    pair.ada.messages.message(peerIdOf(new Uint8Array(32).fill(255)), "hello?", pair.now);
    expect(pair.ada.states).toEqual(["failed"]);
    pair.ada.messages.again(pair.ada.sent[0]!.id, pair.now);
    expect(pair.ada.states).toEqual(["failed"]);
  });
});

describe("a peer that means harm", () => {
  const floodOf =
    (text: (n: number) => string) =>
    (from: typeof ada, n: number): MessageFrame => {
      const random = new SeededRandom(n);
      const id = n;
      const box = sealMessage({ from: from.id, to: ben.id, id }, text(n), random.bytes(32))!;
      return { type: "message", id, box };
    };

  test("[M4] gets 30 messages opened at once and two more a second; the others are refused by name", () => {
    const pair = new Pair();
    const flood = floodOf((n) => `${n}`);
    for (let n = 0; n < 40; n++) pair.ben.messages.frame(eve.id, flood(eve, n), pair.now);
    pair.settle();
    expect(pair.ben.heard).toHaveLength(30);
    expect(pair.ben.refused).toEqual(Array<string>(10).fill("too-many-messages"));
    pair.now += 2_000;
    for (let n = 40; n < 50; n++) pair.ben.messages.frame(eve.id, flood(eve, n), pair.now);
    pair.settle();
    expect(pair.ben.heard).toHaveLength(34);
  });

  test("[M5] sends unsafe text: it is made safe on receipt", () => {
    const pair = new Pair();
    pair.ben.messages.frame(eve.id, floodOf(() => "a\u202Eb\0\u2028c")(eve, 1), pair.now);
    pair.settle();
    expect(pair.ben.heard).toEqual(["ab\nc"]);
  });

  test("[M4a] sends boxes that do not open, or no text: it is refused by name and not answered", () => {
    const pair = new Pair();
    const good = floodOf(() => "mine")(ada, 1);
    pair.ben.messages.frame(eve.id, good, pair.now); // somebody else's, sent on
    pair.ben.messages.frame(ada.id, { ...good, id: 2 }, pair.now);
    pair.ben.messages.frame(ada.id, floodOf(() => "\u200B")(ada, 3), pair.now);
    pair.settle();
    expect(pair.ben.refused).toEqual(Array<string>(3).fill("unreadable-message"));
    expect(pair.ben.heard).toEqual([]);
    expect(pair.answers).toBe(0);
  });

  test("[M5] loses its own oldest messages, not those of others, when it fills the list", () => {
    const pair = new Pair();
    pair.ada.says("from a friend");
    pair.settle();
    const flood = floodOf((n) => `${n}`);
    for (let n = 0; n < 520; n++) {
      pair.now += 1000;
      pair.ben.messages.frame(eve.id, flood(eve, n), pair.now);
      pair.settle();
    }
    expect(pair.ben.heard).toHaveLength(500);
    expect(pair.ben.heard.slice(0, 2)).toEqual(["from a friend", "21"]);
  });

  test("[M5a] a person who has left keeps the last name as long as there is a message of theirs, and nobody else does", () => {
    const pair = new Pair();
    pair.ada.says("from a friend");
    pair.settle();
    pair.ben.messages.gone(ada.id, "Ada");
    pair.ben.messages.gone(eve.id, "Eve");
    expect(pair.ben.messages.lastNameOf(ada.id)).toBe("Ada");
    expect(pair.ben.messages.lastNameOf(eve.id)).toBe("");
    for (let n = 0; n < 500; n++) pair.ben.messages.message(person(1_000 + n).id, "hello", pair.now);
    expect(pair.ben.heard).toEqual([]);
    expect(pair.ben.messages.lastNameOf(ada.id)).toBe("");
  });

  test("[M3] repeats an old message and is not shown again", () => {
    const pair = new Pair();
    const frame = floodOf(() => "pay me")(ada, 1);
    for (let n = 0; n < 5; n++) pair.ben.messages.frame(ada.id, frame, pair.now);
    pair.settle();
    expect(pair.ben.heard).toEqual(["pay me"]);
  });

  test("[M2] cannot answer for another", () => {
    const pair = new Pair();
    pair.lost = "message";
    pair.ada.says("to Ben");
    const forged = { type: "message-received", id: idOf(pair) } as const;
    pair.ada.messages.frame(eve.id, forged, pair.now);
    expect(pair.ada.states).toEqual(["sending"]);
    pair.run(60_000);
    pair.ada.messages.frame(eve.id, forged, pair.now);
    expect(pair.ada.states).toEqual(["failed"]);
  });
});

const idOf = (pair: Pair): number => Number(pair.ada.sent[0]!.id.split(" ")[1]);
