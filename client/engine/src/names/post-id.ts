/** A post id is the hash of its entry, as 64 lower-case hex digits: it covers text, author and all entries before. */
import { bytesToHex } from "../base/bytes.ts";

declare const postId: unique symbol;
export type PostId = string & { readonly [postId]: true };

export const postIdOf = (hash: Uint8Array): PostId => bytesToHex(hash) as PostId;
