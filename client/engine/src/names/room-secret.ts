/**
 * The secrets that a room's members share, and the tag that the server may know. PROTOCOL.md, rules R4 and R5.
 * All three come from one secret and reveal nothing about each other: HKDF-SHA-256 (RFC 5869) with a label for each.
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ROOM_TAG_BYTES, type RoomTag } from "@swapmeet/shared";
import { bytesToHex, hexToBytes, utf8ToBytes } from "../base/bytes.ts";

const KEY_BYTES = 32;

export interface RoomSecrets {
  /** The only one of the three that the server learns. */
  readonly tag: RoomTag;
  /** Seals introductions. */
  readonly envelopeKey: Uint8Array;
  /** Seals what peers carry for each other. */
  readonly laneKey: Uint8Array;
}

/** The secrets of a private room. `secret`: the stretched code, 32 bytes. */
export const deriveRoom = (secret: Uint8Array): RoomSecrets => ({
  tag: bytesToHex(derive(secret, "swapmeet room v1 tag", ROOM_TAG_BYTES)) as RoomTag,
  envelopeKey: derive(secret, "swapmeet room v1 envelope key", KEY_BYTES),
  laneKey: derive(secret, "swapmeet room v1 lane key", KEY_BYTES),
});

/**
 * The keys of an open room. They are no secret: everyone who knows the tag has them, the server above all. With them
 * envelopes have the same shape in every kind of room, and accidents are caught; they protect nothing.
 */
export const openRoom = (tag: RoomTag): RoomSecrets => ({
  tag,
  envelopeKey: derive(hexToBytes(tag), "swapmeet open room v1 envelope key", KEY_BYTES),
  laneKey: derive(hexToBytes(tag), "swapmeet open room v1 lane key", KEY_BYTES),
});

const derive = (secret: Uint8Array, label: string, bytes: number): Uint8Array =>
  hkdf(sha256, secret, undefined, utf8ToBytes(label), bytes);
