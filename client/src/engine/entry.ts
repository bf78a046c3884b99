/**
 * Entries of a feed and their hash chain. PROTOCOL.md, rules E1 to E3.
 *
 * On the wire an entry is a CBOR array [kind, ...body]. Its sequence number and the hash of the entry before it are
 * not sent, they are hashed in:
 *   hash(n) = SHA-256(label | author (32) | epoch (u64) | n (u64) | hash(n - 1), zeros for the first | entry bytes)
 * so one signature over the hash of the last entry covers author, epoch, order and content of all before it.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "cborg";
import * as v from "valibot";
import { Address } from "@swapmeet/shared";
import { concatBytes, hexToBytes, utf8ToBytes } from "./bytes.ts";
import { FileIdFromWire, HASH_BYTES, lengthOf, rootOf, type FileId } from "./file-id.ts";
import { decodeCbor } from "./frame.ts";
import { MAX_GROUP_LENGTH, MAX_POST_BYTES } from "./name.ts";
import type { PeerId } from "./peer-id.ts";
import { PostIdFromWire, type PostId } from "./post-id.ts";

/** A post of 8,000 bytes of text, nine hashes, a name of 255 characters and change. */
export const MAX_ENTRY_BYTES = 10_240;
export const MAX_FOLDER_BYTES = 1024;
/** Posts that a post names as the latest its author knew. Guess: more than that are rarely written at one time. */
export const MAX_AFTER = 8;

export type Entry =
  /** Who the author is and where the server delivers its envelopes. The last one counts. */
  | { readonly type: "profile"; readonly name: string; readonly address: Address }
  | { readonly type: "share"; readonly file: FileId; readonly name: string; readonly folder: string }
  /** Takes back the share entry with that sequence number. */
  | { readonly type: "unshare"; readonly share: number }
  | Post;

/** A text on the board, in the newsgroup `group`. PROTOCOL.md, rule B1. */
export interface Post {
  readonly type: "post";
  readonly group: string;
  readonly text: string;
  readonly replyTo: PostId | null;
  /** The latest posts that the author knew: what they say comes before this. */
  readonly after: readonly PostId[];
  /** Milliseconds since 1970, as the author claims. Shown, and nothing else. */
  readonly writtenAt: number;
  /** What the author is called: the post is still read when nobody knows them any more. */
  readonly authorName: string;
}

const text = (max: number) => v.pipe(v.string(), v.maxLength(max));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const EntryFromWire = v.union([
  v.pipe(
    v.strictTuple([v.literal(0), text(255), Address]),
    v.transform(([, name, address]): Entry => ({ type: "profile", name, address })),
  ),
  v.pipe(
    v.strictTuple([v.literal(1), FileIdFromWire, text(255), text(MAX_FOLDER_BYTES)]),
    v.transform(([, file, name, folder]): Entry => ({ type: "share", file, name, folder })),
  ),
  v.pipe(
    v.strictTuple([v.literal(2), count]),
    v.transform(([, share]): Entry => ({ type: "unshare", share })),
  ),
  v.pipe(
    v.strictTuple([
      v.literal(3),
      text(MAX_GROUP_LENGTH),
      text(MAX_POST_BYTES),
      v.nullable(PostIdFromWire),
      v.pipe(v.array(PostIdFromWire), v.maxLength(MAX_AFTER)),
      count,
      text(255),
    ]),
    v.transform(([, group, text, replyTo, after, writtenAt, authorName]): Entry => ({
      type: "post",
      group,
      text,
      replyTo,
      after,
      writtenAt,
      authorName,
    })),
  ),
]);

export const encodeEntry = (entry: Entry): Uint8Array => {
  switch (entry.type) {
    case "profile":
      return encode([0, entry.name, entry.address]);
    case "share":
      return encode([1, [rootOf(entry.file), lengthOf(entry.file)], entry.name, entry.folder]);
    case "unshare":
      return encode([2, entry.share]);
    case "post": {
      const { group, text, replyTo, after, writtenAt, authorName } = entry;
      return encode([
        3,
        group,
        text,
        replyTo && hexToBytes(replyTo),
        after.map((id) => hexToBytes(id)),
        writtenAt,
        authorName,
      ]);
    }
  }
};

/** null: a kind from a later version, or nonsense; it keeps its place in the chain and means nothing here. */
export const decodeEntry = (bytes: Uint8Array): Entry | null => {
  const parsed = v.safeParse(EntryFromWire, decodeCbor(bytes));
  return parsed.success ? parsed.output : null;
};

export const FIRST_HASH: Uint8Array = new Uint8Array(HASH_BYTES);

export const entryHash = (
  author: PeerId,
  epoch: number,
  seq: number,
  previous: Uint8Array,
  entry: Uint8Array,
): Uint8Array => sha256(concatBytes(ENTRY_LABEL, hexToBytes(author), u64(epoch), u64(seq), previous, entry));

/** What the author signs for a batch that ends in the entry with this hash. */
export const headText = (hash: Uint8Array): Uint8Array => concatBytes(HEAD_LABEL, hash);

const ENTRY_LABEL = utf8ToBytes("swapmeet entry v1");
const HEAD_LABEL = utf8ToBytes("swapmeet feed head v1");

const u64 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
};
