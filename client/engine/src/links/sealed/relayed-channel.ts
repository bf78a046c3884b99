/**
 * A channel through a friend, who carries it and can't read, alter, reorder or repeat it. PROTOCOL.md, rules Y2 to Y4.
 *
 *   bytes = session (12) | counter (u32) | XChaCha20-Poly1305 box of: kind (1) | part of a frame
 *   nonce = 20 zero bytes | counter; associated data = label | session | counter
 *   keys = HKDF-SHA-256(X25519 agreement, salt: the room's key, info: label | session | both addresses), one each way
 *
 * Each direction counts from 0 without gaps, so a message that the friend drops or reorders is noticed, as with SCTP.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fail, ok, type Address, type Result } from "@swapmeet/shared";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes, viewOf } from "../../base/bytes.ts";
import { SESSION_BYTES, type IntroductionSession } from "./envelope.ts";
import { MAX_RELAYED_BYTES } from "../../wire/frame.ts";
import type { Refusal } from "../../names/refusal.ts";

/** The length of an X25519 key, public or secret. Any random bytes are a secret key. */
export const RELAY_KEY_BYTES = 32;
const HEADER_BYTES = SESSION_BYTES + 4;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
/** The most bytes of a frame in one message: the rest follows in the next. */
const MAX_PART_BYTES = MAX_RELAYED_BYTES - HEADER_BYTES - TAG_BYTES - 1;
const LABEL = utf8ToBytes("swapmeet relay v1");

const LAST = 0;
const MORE = 1;
const END = 2;

export const publicRelayKey = (secret: Uint8Array): Uint8Array => x25519.getPublicKey(secret);

/** The session of a message, which its carrier can read; unchecked. Null: this is no message. */
export const sessionOfRelayed = (bytes: Uint8Array): IntroductionSession | null =>
  bytes.length > HEADER_BYTES + TAG_BYTES ? bytesToHex(bytes.subarray(0, SESSION_BYTES)) : null;

export interface RelayedEnds {
  readonly session: IntroductionSession;
  readonly initiator: Address;
  readonly responder: Address;
}

/** The content of a message: a part that does not complete a frame, a frame, or the end of the link. */
export type Relayed =
  | { readonly type: "part" }
  | { readonly type: "frame"; readonly bytes: Uint8Array }
  | { readonly type: "end" };

export class RelayedChannel {
  readonly #session: Uint8Array;
  readonly #mine: Uint8Array;
  readonly #theirs: Uint8Array;
  #sent = 0;
  #expected = 0;
  #parts: Uint8Array[] = [];

  private constructor(session: Uint8Array, mine: Uint8Array, theirs: Uint8Array) {
    this.#session = session;
    this.#mine = mine;
    this.#theirs = theirs;
  }

  /** @param isInitiator whether this side made the call. Null: `theirs` is no key. */
  static agree(
    ends: RelayedEnds,
    roomKey: Uint8Array,
    secret: Uint8Array,
    theirs: Uint8Array,
    isInitiator: boolean,
  ): RelayedChannel | null {
    const session = hexToBytes(ends.session);
    const info = concatBytes(LABEL, session, hexToBytes(ends.initiator), hexToBytes(ends.responder));
    try {
      const agreed = x25519.getSharedSecret(secret, theirs);
      const keys = hkdf(sha256, agreed, roomKey, info, 2 * RELAY_KEY_BYTES);
      const [first, second] = [keys.subarray(0, RELAY_KEY_BYTES), keys.subarray(RELAY_KEY_BYTES)];
      return isInitiator
        ? new RelayedChannel(session, first, second)
        : new RelayedChannel(session, second, first);
    } catch {
      return null; // a point of low order
    }
  }

  /** The messages that carry a frame. */
  *frame(bytes: Uint8Array): IterableIterator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += MAX_PART_BYTES) {
      const part = bytes.subarray(at, at + MAX_PART_BYTES);
      yield this.#seal(at + part.length < bytes.length ? MORE : LAST, part);
    }
  }

  /** The last message: with it the other side knows that nothing is missing. */
  end(): Uint8Array {
    return this.#seal(END, new Uint8Array());
  }

  /** Opens a message. A failed one has no effect; after any failure but a replay the channel can't go on. */
  read(bytes: Uint8Array): Result<Relayed, Refusal> {
    if (bytes.length <= HEADER_BYTES + TAG_BYTES) return fail("malformed-envelope");
    const counter = viewOf(bytes).getUint32(SESSION_BYTES);
    if (counter !== this.#expected)
      return fail(counter < this.#expected ? "replayed-envelope" : "reordered-envelope");
    const plain = this.#open(counter, bytes);
    if (!plain) return fail("forged-envelope");
    this.#expected++;
    const [kind, part] = [plain[0], plain.subarray(1)];
    if (kind === END) return ok({ type: "end" });
    this.#parts.push(part);
    // Two parts are enough for any frame: a third makes it too long, and links.ts refuses it as such.
    if (kind === MORE && this.#parts.length === 1) return ok({ type: "part" });
    const frame = concatBytes(...this.#parts);
    this.#parts = [];
    return ok({ type: "frame", bytes: frame });
  }

  #seal(kind: number, part: Uint8Array): Uint8Array {
    const { header, nonce } = this.#addressed(this.#sent++);
    const plain = new Uint8Array(1 + part.length);
    plain[0] = kind;
    plain.set(part, 1);
    return concatBytes(
      header,
      xchacha20poly1305(this.#mine, nonce, concatBytes(LABEL, header)).encrypt(plain),
    );
  }

  #open(counter: number, bytes: Uint8Array): Uint8Array | null {
    const { header, nonce } = this.#addressed(counter);
    try {
      const cipher = xchacha20poly1305(this.#theirs, nonce, concatBytes(LABEL, header));
      return cipher.decrypt(bytes.subarray(HEADER_BYTES));
    } catch {
      return null;
    }
  }

  #addressed(counter: number): { header: Uint8Array; nonce: Uint8Array } {
    const header = new Uint8Array(HEADER_BYTES);
    header.set(this.#session);
    viewOf(header).setUint32(SESSION_BYTES, counter);
    const nonce = new Uint8Array(NONCE_BYTES);
    nonce.set(header.subarray(SESSION_BYTES), NONCE_BYTES - 4);
    return { header, nonce };
  }
}
