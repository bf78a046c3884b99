/** Signatures: Ed25519 (RFC 8032) by the noble library in every browser, so that all peers agree on validity. */
import { ed25519 } from "@noble/curves/ed25519.js";

export const sign = (secretKey: Uint8Array, bytes: Uint8Array): Uint8Array => ed25519.sign(bytes, secretKey);

export const verify = (by: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean => {
  try {
    return ed25519.verify(signature, bytes, by);
  } catch {
    return false;
  }
};
