/** A peer id is the peer's Ed25519 public key (RFC 8032), as 64 lower-case hex digits. */
import * as v from "valibot";
import { bytesToHex } from "../base/bytes.ts";

declare const peerId: unique symbol;
export type PeerId = string & { readonly [peerId]: true };

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

export const peerIdOf = (publicKey: Uint8Array): PeerId => bytesToHex(publicKey) as PeerId;

/** A public key on the wire, parsed to the peer's id. */
export const PeerIdFromWire = v.pipe(
  v.instance(Uint8Array),
  v.check((b) => b.length === PUBLIC_KEY_BYTES),
  v.transform((key) => peerIdOf(key)),
);

/** The person's colour: a hue in degrees, from the key, the same on every screen. */
export const hueOf = (peer: PeerId): number => Number.parseInt(peer.slice(0, 6), 16) % 360;

/** Four characters of the key, shown beside a name, because names may repeat. Crockford's alphabet: no i, l, o, u. */
export const tagOf = (peer: PeerId): string => {
  let bits = Number.parseInt(peer.slice(6, 11), 16);
  let tag = "";
  for (let i = 0; i < 4; i++, bits = Math.floor(bits / 32))
    tag += "0123456789abcdefghjkmnpqrstvwxyz"[bits % 32];
  return tag;
};
