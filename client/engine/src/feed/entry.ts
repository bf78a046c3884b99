/**
 * Entries of a feed: the kinds of things that an author can say, and in which of its feeds. PROTOCOL.md, rule E3.
 *
 * On the wire an entry is a CBOR array [kind, ...body]. Its number, and the hash of the entry before it, are not sent:
 * they are hashed in (batch.ts).
 */
import { encode } from "cborg";
import { ADDRESS_BYTES, type Address } from "@swapmeet/shared";
import { hexToBytes } from "../base/bytes.ts";
import { decodeCbor } from "../base/cbor.ts";
import { fileIdOf, HASH_BYTES, lengthOf, MAX_FILE_BYTES, rootOf, type FileId } from "../names/file-id.ts";
import { MAX_GROUP_LENGTH, MAX_POST_BYTES } from "../names/name.ts";
import { postIdOf, type PostId } from "../names/post-id.ts";

/** A post of 8,000 bytes of text, nine hashes, a name of 255 characters and change. */
export const MAX_ENTRY_BYTES = 10_240;
export const MAX_FOLDER_BYTES = 1024;
/** A post names at most so many as the latest its author knew. Guess: more are rarely written at one time. */
export const MAX_AFTER = 8;

export type Entry =
  | Profile
  | { readonly type: "share"; readonly file: FileId; readonly name: string; readonly folder: string }
  /** Takes back the share entry with that sequence number. */
  | { readonly type: "unshare"; readonly share: number }
  | Post;

/** The author's name, the address to which the server delivers its envelopes, and its state. The last one counts. */
export interface Profile {
  readonly type: "profile";
  readonly name: string;
  readonly address: Address;
  readonly state: (typeof STATES)[number];
}
const STATES = ["here", "away", "left"] as const;

/** A text on the board, in the newsgroup `group`. PROTOCOL.md, rule B1. */
export interface Post {
  readonly type: "post";
  readonly group: string;
  readonly text: string;
  readonly replyTo: PostId | null;
  /** The latest posts that the author knew: they come before this one. */
  readonly after: readonly PostId[];
  /** Milliseconds since 1970, as the author claims; it is only shown. */
  readonly writtenAt: number;
  /** The author's name: people still read the post when no peer knows the author any more. */
  readonly authorName: string;
}

/** The topics, in the order in which a newcomer wants the feeds. A topic's number on the wire is its place here. */
export const TOPICS = ["presence", "library", "board"] as const;
export type Topic = (typeof TOPICS)[number];

/** The topic of the only feed in which this entry means something. */
export const topicOf = (entry: Entry): Topic => {
  switch (entry.type) {
    case "profile":
      return "presence";
    case "share":
    case "unshare":
      return "library";
    case "post":
      return "board";
  }
};

export const encodeEntry = (entry: Entry): Uint8Array => {
  switch (entry.type) {
    case "profile":
      return encode([0, entry.name, entry.address, STATES.indexOf(entry.state)]);
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

/**
 * null: a kind from a later version, or nonsense; it keeps its place in the chain and means nothing here.
 * Decoded by hand: a newcomer reads a million entries, and a schema of this union takes twice as long. (Measured.)
 */
export const decodeEntry = (bytes: Uint8Array): Entry | null => {
  const fields = decodeCbor(bytes);
  if (!Array.isArray(fields)) return null;
  switch (fields[0]) {
    case 0:
      return fields.length === 4 ? profileOf(fields) : null;
    case 1:
      return fields.length === 4 ? shareOf(fields) : null;
    case 2:
      return fields.length === 2 && isCount(fields[1]) ? { type: "unshare", share: fields[1] } : null;
    case 3:
      return fields.length === 7 ? postOf(fields) : null;
    default:
      return null;
  }
};

const profileOf = ([, name, address, state]: readonly unknown[]): Profile | null =>
  isText(name, MAX_NAME_LENGTH) && isAddress(address) && isCount(state) && STATES[state]
    ? { type: "profile", name, address, state: STATES[state] }
    : null;

const shareOf = ([, file, name, folder]: readonly unknown[]): Entry | null =>
  isFile(file) && isText(name, MAX_NAME_LENGTH) && isText(folder, MAX_FOLDER_BYTES)
    ? { type: "share", file: fileIdOf(file[0], file[1]), name, folder }
    : null;

const postOf = ([, group, text, replyTo, after, writtenAt, authorName]: readonly unknown[]): Post | null =>
  isText(group, MAX_GROUP_LENGTH) &&
  isText(text, MAX_POST_BYTES) &&
  (replyTo === null || isHash(replyTo)) &&
  Array.isArray(after) &&
  after.length <= MAX_AFTER &&
  after.every(isHash) &&
  isCount(writtenAt) &&
  isText(authorName, MAX_NAME_LENGTH)
    ? {
        type: "post",
        group,
        text,
        replyTo: replyTo && postIdOf(replyTo),
        after: after.map(postIdOf),
        writtenAt,
        authorName,
      }
    : null;

/** The limit for names of files and people as they arrive, before they are made safe. */
const MAX_NAME_LENGTH = 255;

const isText = (field: unknown, max: number): field is string =>
  typeof field === "string" && field.length <= max;
const isCount = (field: unknown): field is number => Number.isSafeInteger(field) && (field as number) >= 0;
const isHash = (field: unknown): field is Uint8Array =>
  field instanceof Uint8Array && field.length === HASH_BYTES;
const isFile = (field: unknown): field is [root: Uint8Array, length: number] =>
  Array.isArray(field) &&
  field.length === 2 &&
  isHash(field[0]) &&
  isCount(field[1]) &&
  field[1] <= MAX_FILE_BYTES;
const ADDRESS = new RegExp(`^[0-9a-f]{${ADDRESS_BYTES * 2}}$`);
const isAddress = (field: unknown): field is Address => typeof field === "string" && ADDRESS.test(field);
