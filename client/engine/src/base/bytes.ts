/** Small byte helpers that need neither DOM nor Node. */
export { bytesToUtf8 } from "@noble/ciphers/utils.js";
export { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

/** The numbers in `bytes`, which may begin anywhere in its buffer. */
export const viewOf = (bytes: Uint8Array): DataView =>
  // eslint-disable-next-line no-restricted-syntax -- the rest of the client gets it from here
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
