/**
 * Messages between tabs of one browser in one room, sealed so that only members of the room can send them.
 * PROTOCOL.md, rule L2.
 *
 *   bytes = nonce (24) | XChaCha20-Poly1305 box of JSON
 *   associated data = label | room tag (32)
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import * as v from "valibot";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@swapmeet/engine/base/bytes";
import { fileIdFrom, type FileId } from "@swapmeet/engine/names/file-id";
import { PUBLIC_KEY_BYTES, type PeerId } from "@swapmeet/engine/names/peer-id";
import type { RoomSecrets } from "@swapmeet/engine/names/room-secret";
import type { Bytes } from "../bytes/leaf-hashes.ts";

export type LaneKeys = Pick<RoomSecrets, "tag" | "laneKey">;

/** Files in one announcement: 80 KB. More go into further ones. Guess. */
export const MAX_ANNOUNCED_FILES = 1000;
export const ASK_ID_BYTES = 16;
const NONCE_BYTES = 24;
const LABEL = utf8ToBytes("swapmeet lane v1");

const hex = (bytes: number) => v.pipe(v.string(), v.length(bytes * 2), v.regex(/^[0-9a-f]*$/));
const Peer = v.pipe(
  hex(PUBLIC_KEY_BYTES),
  v.transform((text) => text as PeerId),
);
const File = v.pipe(
  v.string(),
  v.check((text) => fileIdFrom(text) !== null),
  v.transform((text) => text as FileId),
);

const LaneMessage = v.variant("type", [
  /** Asks which tab shares the file. */
  v.strictObject({ type: v.literal("ask"), from: Peer, id: hex(ASK_ID_BYTES), file: File }),
  /** The answer to the ask `id` of one tab; the file itself travels beside it. */
  v.strictObject({ type: v.literal("give"), from: Peer, to: Peer, id: hex(ASK_ID_BYTES), file: File }),
  /** Names files that are shared from now on, so that tabs may ask for them (again). */
  v.strictObject({
    type: v.literal("have"),
    from: Peer,
    files: v.pipe(v.array(File), v.maxLength(MAX_ANNOUNCED_FILES)),
  }),
]);
export type LaneMessage = v.InferOutput<typeof LaneMessage>;

/** The channel's name tells tabs of other rooms nothing, and they do not hear it. [L1] */
export const laneName = ({ laneKey }: LaneKeys): string =>
  `swapmeet-${bytesToHex(hkdf(sha256, laneKey, undefined, utf8ToBytes("swapmeet lane v1 name"), 16))}`;

/** @param nonce 24 random bytes, never used twice with one key: at that length, random is enough. */
export const sealLaneMessage = (keys: LaneKeys, message: LaneMessage, nonce: Uint8Array): Bytes =>
  concatBytes(nonce, cipherOf(keys, nonce).encrypt(utf8ToBytes(JSON.stringify(message)))) as Bytes;

/** Null: malformed, or by somebody who is not in the room. */
export const openLaneMessage = (keys: LaneKeys, sealed: Uint8Array): LaneMessage | null => {
  if (sealed.length < NONCE_BYTES) return null;
  try {
    const plain = cipherOf(keys, sealed.subarray(0, NONCE_BYTES)).decrypt(sealed.subarray(NONCE_BYTES));
    const parsed = v.safeParse(LaneMessage, JSON.parse(new TextDecoder().decode(plain)));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
};

export const newNonce = (): Uint8Array => crypto.getRandomValues(new Uint8Array(NONCE_BYTES));

const cipherOf = ({ laneKey, tag }: LaneKeys, nonce: Uint8Array) =>
  xchacha20poly1305(laneKey, nonce, concatBytes(LABEL, hexToBytes(tag)));
