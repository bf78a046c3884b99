/**
 * A sealed envelope: the server carries it from one member to another, and cannot read, alter, redirect, reorder or
 * replay it. PROTOCOL.md, rules I1 to I5.
 *
 *   bytes = version (1) | session (12) | counter (u32) | nonce (24) | XChaCha20-Poly1305 box
 *   associated data = label | room tag (32) | sender (16) | recipient (16) | session (12) | counter (u32)
 *
 * The session names one attempt at a connection: attempt number of the tab that began it (u32, growing), 8 random
 * bytes. Each direction of a session counts its envelopes from 0, without gaps.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import type { Address, Result, RoomTag } from "@swapmeet/shared";
import { fail, ok } from "@swapmeet/shared";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes, viewOf } from "../../base/bytes.ts";

export const SESSION_BYTES = 12;
const NONCE_BYTES = 24;
const HEADER_BYTES = 1 + SESSION_BYTES + 4;
const VERSION = 1;
const LABEL = utf8ToBytes("swapmeet envelope v1");

/** Names one attempt at a connection; hex, so that it can be a Map key. */
export type IntroductionSession = string;

export const newSession = (attempt: number, random: Uint8Array): IntroductionSession =>
  bytesToHex(concatBytes(u32(attempt), random.subarray(0, SESSION_BYTES - 4)));
export const attemptOf = (session: IntroductionSession): number => Number.parseInt(session.slice(0, 8), 16);

export interface EnvelopeRoute {
  readonly tag: RoomTag;
  readonly from: Address;
  readonly to: Address;
}

export interface Envelope {
  readonly session: IntroductionSession;
  readonly counter: number;
  readonly payload: Uint8Array;
}

/** @param nonce 24 random bytes, never used twice with one key: at that length, random is enough. */
export const seal = (
  key: Uint8Array,
  route: EnvelopeRoute,
  envelope: Envelope,
  nonce: Uint8Array,
): Uint8Array => {
  const header = concatBytes(Uint8Array.of(VERSION), hexToBytes(envelope.session), u32(envelope.counter));
  const box = xchacha20poly1305(key, nonce, associatedData(route, header)).encrypt(envelope.payload);
  return concatBytes(header, nonce, box);
};

export type EnvelopeProblem = "malformed-envelope" | "forged-envelope";

/** Checks all but the order of counters and the freshness of the session: those need memory, see introductions.ts. */
export const open = (
  key: Uint8Array,
  route: EnvelopeRoute,
  bytes: Uint8Array,
): Result<Envelope, EnvelopeProblem> => {
  if (bytes.length < HEADER_BYTES + NONCE_BYTES || bytes[0] !== VERSION) return fail("malformed-envelope");
  const header = bytes.subarray(0, HEADER_BYTES);
  const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
  try {
    const cipher = xchacha20poly1305(key, nonce, associatedData(route, header));
    const payload = cipher.decrypt(bytes.subarray(HEADER_BYTES + NONCE_BYTES));
    return ok({
      session: bytesToHex(header.subarray(1, 1 + SESSION_BYTES)),
      counter: viewOf(header).getUint32(1 + SESSION_BYTES),
      payload,
    });
  } catch {
    return fail("forged-envelope");
  }
};

/** The session of an envelope, which anybody on its way can read; unchecked. Null: this is no envelope. */
export const sessionOn = (bytes: Uint8Array): IntroductionSession | null =>
  bytes.length > HEADER_BYTES + NONCE_BYTES && bytes[0] === VERSION
    ? bytesToHex(bytes.subarray(1, 1 + SESSION_BYTES))
    : null;

const associatedData = (route: EnvelopeRoute, header: Uint8Array): Uint8Array =>
  concatBytes(LABEL, hexToBytes(route.tag), hexToBytes(route.from), hexToBytes(route.to), header.subarray(1));

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
};
