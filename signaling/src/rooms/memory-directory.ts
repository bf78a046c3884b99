/** The directory of one process. Each call has its whole effect before it returns. */
import {
  fail,
  MAX_SAMPLE_MEMBERS,
  ok,
  type Address,
  type OutgoingEnvelope,
  type Result,
} from "@swapmeet/shared";
import { roomOf, type Client, type Directory, type Present, type Seat, type Size } from "./directory.ts";

/** A random integer from 0 to below `bound`. */
export type Random = (bound: number) => number;

export class MemoryDirectory implements Directory {
  readonly #maxMembers: number;
  readonly #random: Random;
  /** A room is here while somebody is in it. */
  readonly #membersByRoom = new Map<string, Map<Address, Client>>();
  readonly #seatByClientId = new Map<string, Seat>();

  constructor(options: { maxMembers: number; random: Random }) {
    this.#maxMembers = options.maxMembers;
    this.#random = options.random;
  }

  async join(client: Client, seat: Seat): Promise<Result<Present, "room-full">> {
    const room = roomOf(seat);
    const members = this.#membersByRoom.get(room);
    const present = this.#seatByClientId.get(client.id);
    const needsPlace = !members?.has(seat.address) && !(present && roomOf(present) === room);
    if (needsPlace && members && members.size >= this.#maxMembers) return fail("room-full");

    const stale = members?.get(seat.address);
    if (stale) this.#unseat(stale);
    this.#unseat(client);
    this.#seat(client, seat);
    return ok(this.#presentAt(seat));
  }

  async sample(client: Client): Promise<Result<Present, "outside">> {
    const seat = this.#seatByClientId.get(client.id);
    return seat ? ok(this.#presentAt(seat)) : fail("outside");
  }

  async deliver(client: Client, { to, bytes }: OutgoingEnvelope): Promise<Result<undefined, "outside">> {
    const seat = this.#seatByClientId.get(client.id);
    if (!seat) return fail("outside");
    this.#membersByRoom.get(roomOf(seat))?.get(to)?.receive({ from: seat.address, bytes });
    return ok(undefined);
  }

  async leave(client: Client): Promise<void> {
    this.#unseat(client);
  }

  async size(): Promise<Size> {
    return { rooms: this.#membersByRoom.size, members: this.#seatByClientId.size };
  }

  async close(): Promise<void> {}

  #seat(client: Client, seat: Seat): void {
    const room = roomOf(seat);
    const members = this.#membersByRoom.get(room) ?? new Map<Address, Client>();
    this.#membersByRoom.set(room, members.set(seat.address, client));
    this.#seatByClientId.set(client.id, seat);
  }

  #unseat(client: Client): void {
    const seat = this.#seatByClientId.get(client.id);
    if (!seat) return;
    this.#seatByClientId.delete(client.id);
    const members = this.#membersByRoom.get(roomOf(seat));
    members?.delete(seat.address);
    if (members?.size === 0) this.#membersByRoom.delete(roomOf(seat));
  }

  /** The sample is a partial Fisher-Yates shuffle: every set of others is equally likely. */
  #presentAt(seat: Seat): Present {
    const members = this.#membersByRoom.get(roomOf(seat))?.keys() ?? [];
    const others = [...members].filter((other) => other !== seat.address);
    const size = Math.min(others.length, MAX_SAMPLE_MEMBERS);
    for (let i = 0; i < size; i++) {
      const j = i + this.#random(others.length - i);
      [others[i], others[j]] = [others[j]!, others[i]!];
    }
    return { seat, others: others.slice(0, size) };
  }
}
