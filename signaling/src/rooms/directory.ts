/**
 * The directory of rooms: it knows the members of each room, draws samples of them, and delivers envelopes. One process
 * can keep it in its memory, or many processes can share one. It knows no clocks, and nothing of an envelope's content.
 */
import { createHash } from "node:crypto";
import {
  ADDRESS_BYTES,
  type Address,
  type IncomingEnvelope,
  type JoinSecret,
  type OutgoingEnvelope,
  type Result,
  type RoomTag,
} from "@swapmeet/shared";

/** A socket of this process, as the directory sees it. */
export interface Client {
  /** Unique over all processes, and never used again. */
  readonly id: string;
  /** Takes an envelope for the seat that the client has. Does not throw. */
  receive(envelope: IncomingEnvelope): void;
}

/** A member's place: in which room, under which address. */
export interface Seat {
  readonly kind: "private" | "open";
  readonly tag: RoomTag;
  readonly address: Address;
}

/** A member learns this of its room: its own seat, and a random sample of the others. [J3] [J4] */
export interface Present {
  readonly seat: Seat;
  readonly others: Address[];
}

export interface Size {
  readonly rooms: number;
  readonly members: number;
}

/**
 * Calls for one client come one after another: the caller waits for an answer before it asks again. Calls for different
 * clients come in any order, at once, from any process. Once a call is answered, every process sees its effect.
 * Every call ends: an implementation that asks others sets itself a limit of time, and rejects with
 * `Unavailable` after it. A call that rejects had its effect or will never have it; `leave` undoes it either way.
 */
export interface Directory {
  /**
   * Moves the client to this seat, out of the one that it had, or leaves everything as it was when the room is full.
   * A client that had the same address in the same room loses its seat: it is in no room any more. [J7]
   */
  join(client: Client, seat: Seat): Promise<Result<Present, "room-full">>;

  /** Uniform over the other members, without repetition, at most MAX_SAMPLE_MEMBERS. [J4] */
  sample(client: Client): Promise<Result<Present, "outside">>;

  /**
   * Brings the bytes to the member of the client's own room that has this address, with the client's own address. Where
   * there is none, nothing happens. Envelopes of one client to another arrive in the order of the calls, or not at all. [J5]
   */
  deliver(client: Client, envelope: OutgoingEnvelope): Promise<Result<undefined, "outside">>;

  /** Takes the client out of its room. Without one, nothing happens. */
  leave(client: Client): Promise<void>;

  /** Rooms and members of all processes. */
  size(): Promise<Size>;

  /** Ends what it keeps open, after the last other call. A second one is harmless. */
  close(): Promise<void>;
}

/** [J2] The client that presents the secret owns the address; nobody can compute a secret from an address. */
export function addressOf(secret: JoinSecret): Address {
  const hash = createHash("sha256").update(Buffer.from(secret, "hex")).digest();
  return hash.subarray(0, ADDRESS_BYTES).toString("hex") as Address;
}

/**
 * The room's name in a directory. Kinds do not mix: anybody can compute a network's open tag, so it opens nothing as a
 * private one. [J8]
 */
export function roomOf(seat: Seat): string {
  return `${seat.kind}:${seat.tag}`;
}
