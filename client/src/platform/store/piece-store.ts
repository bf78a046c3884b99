/**
 * Verified pieces of the files in transit, on this device. A new piece is checked against its hash first. Pieces that
 * an earlier visit left are read back and checked when the file is opened. So no unverified byte comes out.
 */
import type { Result } from "@swapmeet/shared";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { StoreProblem } from "@swapmeet/engine/io/io";
import type { Bytes } from "../bytes/leaf-hashes.ts";

export type CheckedPiece =
  | { readonly type: "stored" }
  /** `leaves`: the hash of each of its 16 KiB leaves, joined. The bytes are still under assembly. */
  | { readonly type: "corrupt"; readonly leaves: Uint8Array };

/** A file that an earlier life left, whole or in part. */
export interface StoredFile {
  readonly file: FileId;
  readonly name: string;
  readonly bytes: number;
}

/** The places that a browser may offer. */
export type StoreKind = "opfs" | "indexeddb" | "memory";

export interface PieceStores {
  /** `disk`: the file system, in Node. */
  readonly kind: StoreKind | "disk";
  /** The most that storage takes which is lost with the page; null: storage that lasts, within the browser's quota. */
  readonly limitBytes: number | null;
  /**
   * `layer`: the piece hashes, joined; empty while unknown or of one piece; kept for later lives. `onVerified` hears
   * how many more bytes of an earlier life were read back, at most ten times a second. `in-use`: another tab has it
   * open, and it is not whole yet; a whole file can be read while another tab holds it. [F6]
   */
  open(
    file: FileId,
    name: string,
    layer: Uint8Array,
    onVerified?: (bytes: number) => void,
  ): Promise<Result<PieceStore, StoreProblem>>;
  /** Opens a file that an earlier visit left whole, at once: a piece is verified at its first read. Null: not whole. */
  openWhole(file: FileId, name: string): Promise<Result<PieceStore | null, StoreProblem>>;
  /** Something of it may be stored. */
  holds(file: FileId): Promise<boolean>;
  /** Now `open` would not answer `in-use`; it may tell of another problem. */
  canOpen(file: FileId, name: string): Promise<boolean>;
  list(): Promise<Result<readonly StoredFile[], StoreProblem>>;
  /** Deletes the stored bytes of a file that is not open. */
  forget(file: FileId): Promise<Result<void, StoreProblem>>;
}

/** The pieces of one file. For each piece, first `put` all bytes, then `check`. */
export interface PieceStore {
  readonly file: FileId;
  /** The pieces held when the store was opened: bit i, most significant first, is piece i. */
  readonly have: Uint8Array;
  /** The piece hashes, joined: known to make the root. Empty while unknown or of one piece. */
  readonly layer: Uint8Array;
  /** Another tab holds it: it is read here, and not deleted. [F6] */
  readonly isBorrowed: boolean;
  /** Copies a block into its piece. `begin` counts from the start of the file; a block lies within one piece. */
  put(begin: number, block: Uint8Array): void;
  /** Hashes the piece; when it equals `hash`, stores it: bytes, then flush, then the claim. [F5] After a problem too, the bytes are still under assembly, unless the store did not answer. */
  check(piece: number, hash: Uint8Array): Promise<Result<CheckedPiece, StoreProblem>>;
  /** Forgets the bytes of a piece under assembly. */
  drop(piece: number): void;
  /** Bytes within one stored piece. */
  read(begin: number, length: number): Promise<Result<Bytes, StoreProblem>>;
  /** The leaf hashes of a stored piece, joined. */
  leaves(piece: number): Promise<Result<Uint8Array, StoreProblem>>;
  /** The whole file, once every piece is stored. It stays on disk, and is gone after `forget`. */
  blob(): Promise<Result<Blob, StoreProblem>>;
  /** Resolves when others may open the file. */
  close(): Promise<void>;
  /** Closes the file, and deletes its stored bytes. */
  forget(): Promise<void>;
}
