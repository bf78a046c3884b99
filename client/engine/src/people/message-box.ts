/**
 * The sealed box of a direct message: only the receiver can read it, and nobody can alter it. PROTOCOL.md, rule M1.
 *
 *   box = X25519 public key drawn for this message (32) | XChaCha20-Poly1305 of the text
 *   key (32) | nonce (24) = HKDF-SHA-256(X25519 agreement, salt: both public keys, info: label)
 *   associated data = sender (32) | recipient (32) | message id (u32)
 *
 * A key is used for one message, so the nonce may follow from it. An Ed25519 key is agreed with in its Montgomery form
 * (RFC 7748, 4.1). That the sender is who it says is shown by the link, not by the box.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToUtf8, concatBytes, hexToBytes, utf8ToBytes, viewOf } from "../base/bytes.ts";
import type { PeerId } from "../names/peer-id.ts";

/** X25519 takes any random bytes for a secret key. */
export const MESSAGE_SECRET_BYTES = 32;
const PUBLIC_BYTES = 32;
const KEY_BYTES = 32;
const NONCE_BYTES = 24;
const LABEL = utf8ToBytes("swapmeet message v1");

export interface MessageRoute {
  readonly from: PeerId;
  readonly to: PeerId;
  /** Number of the message, u32. */
  readonly id: number;
}

/** @param secret MESSAGE_SECRET_BYTES random bytes, used for this message alone. Null: `to` is no valid key. */
export const sealMessage = (route: MessageRoute, text: string, secret: Uint8Array): Uint8Array | null => {
  try {
    const ephemeral = x25519.getPublicKey(secret);
    const recipient = ed25519.utils.toMontgomery(hexToBytes(route.to));
    const agreed = x25519.getSharedSecret(secret, recipient);
    return concatBytes(ephemeral, cipher(route, agreed, ephemeral, recipient).encrypt(utf8ToBytes(text)));
  } catch {
    return null; // not a point of the curve, or one of low order
  }
};

/** @param secretKey the Ed25519 secret key of `route.to`. Null: the box was altered, or is not for this route. */
export const openMessage = (route: MessageRoute, box: Uint8Array, secretKey: Uint8Array): string | null => {
  try {
    const ephemeral = box.subarray(0, PUBLIC_BYTES);
    const recipient = ed25519.utils.toMontgomery(hexToBytes(route.to));
    const agreed = x25519.getSharedSecret(ed25519.utils.toMontgomerySecret(secretKey), ephemeral);
    return bytesToUtf8(cipher(route, agreed, ephemeral, recipient).decrypt(box.subarray(PUBLIC_BYTES)));
  } catch {
    return null;
  }
};

const cipher = (
  { from, to, id }: MessageRoute,
  agreed: Uint8Array,
  ephemeral: Uint8Array,
  recipient: Uint8Array,
) => {
  const derived = hkdf(sha256, agreed, concatBytes(ephemeral, recipient), LABEL, KEY_BYTES + NONCE_BYTES);
  const idBytes = new Uint8Array(4);
  viewOf(idBytes).setUint32(0, id);
  return xchacha20poly1305(
    derived.subarray(0, KEY_BYTES),
    derived.subarray(KEY_BYTES),
    concatBytes(hexToBytes(from), hexToBytes(to), idBytes),
  );
};
