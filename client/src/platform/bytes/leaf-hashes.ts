/**
 * SHA-256 of each 16 KiB leaf of `bytes`, joined; the last leaf may be shorter. By the browser's own code where the
 * context is secure (400 to 900 MB/s), else by WebAssembly (60 to 160 MB/s, it blocks: call it in a worker).
 */
import { createSHA256 } from "hash-wasm";
import { HASH_BYTES, LEAF_BYTES } from "@swapmeet/engine/names/file-id";

export type Bytes = Uint8Array<ArrayBuffer>;

/** Digests under way at once: digest() copies what it is given, so this is 1 MiB of copies. Guess. */
const DIGESTS_AT_ONCE = 64;

export const leafHashes = async (bytes: Bytes): Promise<Bytes> => {
  if (ownSha256) return ownLeafHashes(bytes, ownSha256);
  // Absent on plain http, although the types have it.
  return (globalThis.crypto.subtle as SubtleCrypto | undefined)
    ? subtleLeafHashes(bytes)
    : wasmLeafHashes(bytes);
};

type Sha256 = (leaf: Bytes) => Uint8Array;
let ownSha256: Sha256 | null = null;

/** A process that is no browser hashes with its own code: in Node, crypto.subtle takes 2.6 times the CPU. Measured. */
export const hashLeavesWith = (sha256: Sha256): void => void (ownSha256 = sha256);

const ownLeafHashes = (bytes: Bytes, sha256: Sha256): Bytes => {
  const hashes = emptyRow(bytes);
  for (let at = 0; at < hashes.length; at += HASH_BYTES)
    hashes.set(sha256(leafAt(bytes, at / HASH_BYTES)), at);
  return hashes;
};

export const subtleLeafHashes = async (bytes: Bytes): Promise<Bytes> => {
  const hashes = emptyRow(bytes);
  const digest = async (leaf: number) => {
    const hash = await crypto.subtle.digest("SHA-256", leafAt(bytes, leaf));
    hashes.set(new Uint8Array(hash), leaf * HASH_BYTES);
  };
  const count = hashes.length / HASH_BYTES;
  for (let first = 0; first < count; first += DIGESTS_AT_ONCE) {
    const several = Math.min(DIGESTS_AT_ONCE, count - first);
    await Promise.all(Array.from({ length: several }, (_, i) => digest(first + i)));
  }
  return hashes;
};

let wasm: ReturnType<typeof createSHA256> | undefined;

export const wasmLeafHashes = async (bytes: Bytes): Promise<Bytes> => {
  const hasher = await (wasm ??= createSHA256());
  const hashes = emptyRow(bytes);
  for (let at = 0; at < hashes.length; at += HASH_BYTES) {
    const leaf = leafAt(bytes, at / HASH_BYTES);
    hashes.set(hasher.init().update(leaf).digest("binary"), at);
  }
  return hashes;
};

const emptyRow = (bytes: Bytes): Bytes => new Uint8Array(Math.ceil(bytes.length / LEAF_BYTES) * HASH_BYTES);

const leafAt = (bytes: Bytes, leaf: number): Bytes =>
  bytes.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES);
