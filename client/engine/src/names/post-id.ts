/** A post id is the hash of its entry, as 64 lower-case hex digits: it covers text, author and all entries before. */
import * as v from "valibot";
import { bytesToHex } from "../base/bytes.ts";
import { HASH_BYTES } from "./file-id.ts";

declare const postId: unique symbol;
export type PostId = string & { readonly [postId]: true };

export const postIdOf = (hash: Uint8Array): PostId => bytesToHex(hash) as PostId;

/** A hash on the wire. */
export const PostIdFromWire = v.pipe(
  v.instance(Uint8Array),
  v.check((b) => b.length === HASH_BYTES),
  v.transform((hash) => postIdOf(hash)),
);
