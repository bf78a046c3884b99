/**
 * Names of things, as branded strings: an address cannot be passed where a room tag is meant.
 * All are lower-case hex, so that they can be Map keys, are safe to log, and are equal when they look equal.
 */
import * as v from "valibot";
import { ADDRESS_BYTES, JOIN_SECRET_BYTES, ROOM_TAG_BYTES } from "./limits.ts";

const hex = (bytes: number) =>
  v.pipe(v.string(), v.length(bytes * 2), v.regex(/^[0-9a-f]*$/, "not lower-case hex"));

/** The server's name of a room: made by HKDF from the stretched code, or, for an open room, by SHA-256. [R4] [J8a] */
export const RoomTag = v.pipe(hex(ROOM_TAG_BYTES), v.brand("RoomTag"));
export type RoomTag = v.InferOutput<typeof RoomTag>;

/** Where the server delivers a member's envelopes: the first 16 bytes of SHA-256 of its join secret. [J2] */
export const Address = v.pipe(hex(ADDRESS_BYTES), v.brand("Address"));
export type Address = v.InferOutput<typeof Address>;

/** Random, one for each visit: the client that shows it owns the address, also after a reconnect. */
export const JoinSecret = v.pipe(hex(JOIN_SECRET_BYTES), v.brand("JoinSecret"));
export type JoinSecret = v.InferOutput<typeof JoinSecret>;
