/**
 * Rooms: who is in which, who hears of whom, and where an envelope goes. Knows no sockets, clocks or payloads:
 * a socket is a name, and what to do about an answer is the caller's.
 */
import { createHash } from "node:crypto";
import {
  ADDRESS_BYTES,
  fail,
  MAX_SAMPLE_MEMBERS,
  ok,
  type Address,
  type JoinSecret,
  type Result,
  type RoomTag,
} from "@swapmeet/shared";

/** A random integer from 0 to below `bound`. */
export type Random = (bound: number) => number;

/** A member's place: in which room, under which address. */
export interface Seat {
  readonly kind: "private" | "open";
  readonly tag: RoomTag;
  readonly address: Address;
}

/** [J2] Who presents the secret owns the address; nobody can compute a secret from an address. */
export function addressOf(secret: JoinSecret): Address {
  const hash = createHash("sha256").update(Buffer.from(secret, "hex")).digest();
  return hash.subarray(0, ADDRESS_BYTES).toString("hex") as Address;
}

export class Rooms {
  readonly #maxMembers: number;
  readonly #random: Random;
  readonly #socketByAddressByRoom = new Map<string, Map<Address, string>>();
  readonly #seatBySocket = new Map<string, Seat>();

  constructor(options: { maxMembers: number; random: Random }) {
    this.#maxMembers = options.maxMembers;
    this.#random = options.random;
  }

  get roomCount(): number {
    return this.#socketByAddressByRoom.size;
  }

  get memberCount(): number {
    return this.#seatBySocket.size;
  }

  /** Moves the socket to this seat [J7], or leaves everything as it was when the room is full. */
  join(socket: string, seat: Seat): Result<Address[], "room-full"> {
    const room = roomKey(seat);
    const members = this.#socketByAddressByRoom.get(room);
    const present = this.#seatBySocket.get(socket);
    const needsPlace = !members?.has(seat.address) && !(present && roomKey(present) === room);
    if (needsPlace && members && members.size >= this.#maxMembers) return fail("room-full");

    const stale = members?.get(seat.address);
    if (stale !== undefined) this.leave(stale);
    this.leave(socket);
    this.#seatBySocket.set(socket, seat);
    this.#membersOf(seat).set(seat.address, socket);
    return ok(this.sample(seat));
  }

  leave(socket: string): void {
    const seat = this.#seatBySocket.get(socket);
    if (!seat) return;
    this.#seatBySocket.delete(socket);
    const members = this.#membersOf(seat);
    members.delete(seat.address);
    if (members.size === 0) this.#socketByAddressByRoom.delete(roomKey(seat));
  }

  seatOf(socket: string): Seat | undefined {
    return this.#seatBySocket.get(socket);
  }

  /** Random others of the room, by a partial Fisher-Yates shuffle: every set of them is equally likely. [J3] [J4] */
  sample(seat: Seat): Address[] {
    const others = [...this.#membersOf(seat).keys()].filter((other) => other !== seat.address);
    const size = Math.min(others.length, MAX_SAMPLE_MEMBERS);
    for (let i = 0; i < size; i++) {
      const j = i + this.#random(others.length - i);
      [others[i], others[j]] = [others[j]!, others[i]!];
    }
    return others.slice(0, size);
  }

  /** The socket of a member of the same room, never of another. [J5] */
  route(from: Seat, to: Address): string | undefined {
    return this.#socketByAddressByRoom.get(roomKey(from))?.get(to);
  }

  /** The members of a seat that is taken or about to be. */
  #membersOf(seat: Seat): Map<Address, string> {
    const room = roomKey(seat);
    const members = this.#socketByAddressByRoom.get(room) ?? new Map<Address, string>();
    this.#socketByAddressByRoom.set(room, members);
    return members;
  }
}

/** Kinds do not mix: a network's open tag can be computed by anybody, so it opens nothing as a private one. [J8] */
function roomKey(seat: Seat): string {
  return `${seat.kind}:${seat.tag}`;
}
