/** How the peers of a simulation sign and verify, which engines leave to their host. */
import { createHmac } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { equalBytes } from "@swapmeet/engine/base/bytes";
import { publicKeyOf } from "@swapmeet/engine";
import { openMessage, type MessageRoute } from "@swapmeet/engine/people/message-box";
import { peerIdOf, type PeerId } from "@swapmeet/engine/names/peer-id";

/** Cryptographically random, or as good as that for engines. */
export type RandomBytes = (bytes: number) => Uint8Array;

export interface Signer {
  readonly id: PeerId;
  sign(bytes: Uint8Array): Uint8Array;
  /** Opens a direct message for this key; null: it does not open. */
  open(route: MessageRoute, box: Uint8Array): string | null;
}

export interface Signing {
  newSigner(random: RandomBytes): Signer;
  verify(by: PeerId, bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** The signatures of production. */
export const realSigning: Signing = {
  newSigner(random) {
    const secretKey = random(32);
    return {
      id: peerIdOf(ed25519.getPublicKey(secretKey)),
      sign: (bytes) => ed25519.sign(bytes, secretKey),
      open: (route, box) => openMessage(route, box, secretKey),
    };
  },
  verify: (by, bytes, signature) => ed25519.verify(signature, bytes, publicKeyOf(by)),
};

/**
 * Signatures by a hash with a secret key that no peer knows: in a simulation they are as hard to forge, and hundreds of
 * times as fast, so that a thousand peers can check each other's profiles.
 */
export const fastSigning = (secret: Uint8Array): Signing => {
  const signatureOf = (by: PeerId, bytes: Uint8Array): Uint8Array =>
    new Uint8Array(createHmac("sha512", secret).update(by).update(bytes).digest());
  /** All receivers of a frame get the same object: so its signature is computed once, and then only compared. */
  const signedByBuffer = new WeakMap<ArrayBufferLike, { by: PeerId; bytes: Uint8Array; at: number }>();
  return {
    newSigner(random) {
      const id = peerIdOf(random(32));
      // There is no key for which a message could be sealed.
      return { id, sign: (bytes) => signatureOf(id, bytes), open: () => null };
    },
    verify(by, bytes, signature) {
      const at = signature.byteOffset;
      const signed = signedByBuffer.get(signature.buffer);
      if (signed?.by === by && signed.at === at && equalBytes(signed.bytes, bytes)) return true;
      const valid = equalBytes(signatureOf(by, bytes), signature);
      if (valid) signedByBuffer.set(signature.buffer, { by, bytes, at });
      return valid;
    },
  };
};
