/**
 * The directory that many processes share through one Redis. Redis has the rooms; this process has its own clients, and
 * can give Redis all that it needs of them again.
 */
import {
  fail,
  MAX_SAMPLE_MEMBERS,
  ok,
  type Address,
  type OutgoingEnvelope,
  type Result,
} from "@swapmeet/shared";
import { Post, type Letter } from "../redis/post.ts";
import type { RedisProcess } from "../redis/redis-process.ts";
import { roomOf, type Client, type Directory, type Present, type Seat, type Size } from "./directory.ts";
import type { Random } from "./memory-directory.ts";

/** A client's seat, as Redis is told of it. */
interface Place {
  readonly client: Client;
  readonly seat: Seat;
  /** Names the seat to other processes; a seat that is taken again has another one. */
  readonly token: string;
  /** Redis's time at the join. */
  readonly since: string;
}

/** So that no step of Redis takes longer than some milliseconds. Guess. */
const PLACES_AT_ONCE = 200;
const MAX_ROLL = 1 << 30;

export class RedisDirectory implements Directory {
  readonly #process: RedisProcess;
  readonly #maxMembers: number;
  readonly #random: Random;
  readonly #post: Post;
  readonly #placeByClientId = new Map<string, Place>();
  /** The recipients of letters: those of places, and of joins under way. */
  readonly #clientByToken = new Map<string, Client>();
  #tokens = 0;

  /** The directory closes the process. */
  constructor(process: RedisProcess, options: { maxMembers: number; random: Random }) {
    this.#process = process;
    this.#maxMembers = options.maxMembers;
    this.#random = options.random;
    this.#post = new Post(process, (letter) => this.#receive(letter));
    process.keeps({
      restore: () => this.#restore(),
      alive: (processes) => this.#post.keepOnly(processes),
    });
  }

  async join(client: Client, seat: Seat): Promise<Result<Present, "room-full">> {
    const token = `${this.#tokens++}`;
    this.#clientByToken.set(token, client);
    try {
      const [word, since, others] = await this.#process.ask(
        "joinRoom",
        client.id,
        seat.address,
        roomOf(seat),
        token,
        `${this.#maxMembers}`,
        `${MAX_SAMPLE_MEMBERS}`,
        this.#roll(),
      );
      if (word === "room-full") {
        this.#clientByToken.delete(token);
        return fail("room-full");
      }
      this.#forget(client);
      this.#placeByClientId.set(client.id, { client, seat, token, since: since as string });
      return ok({ seat, others: others as Address[] });
    } catch (error) {
      // Nobody knows where the client is now. It is in no room any more: Redis hears so when it is back.
      this.#clientByToken.delete(token);
      this.#forget(client);
      throw error;
    }
  }

  async sample(client: Client): Promise<Result<Present, "outside">> {
    const place = this.#placeByClientId.get(client.id);
    if (!place) return fail("outside");
    const [word, others] = await this.#process.ask(
      "sampleRoom",
      client.id,
      `${MAX_SAMPLE_MEMBERS}`,
      this.#roll(),
    );
    return word === "ok" ? ok({ seat: place.seat, others: others as Address[] }) : this.#outside(client);
  }

  async deliver(client: Client, { to, bytes }: OutgoingEnvelope): Promise<Result<undefined, "outside">> {
    const place = this.#placeByClientId.get(client.id);
    if (!place) return fail("outside");
    const [word, process, token] = await this.#process.ask("findMember", client.id, to);
    if (word !== "ok") return this.#outside(client);
    if (process === undefined) return ok(undefined);
    const letter = { token: token as string, from: place.seat.address, bytes };
    if (process === this.#process.id) this.#receive(letter);
    else this.#post.send(process as string, letter);
    return ok(undefined);
  }

  async leave(client: Client): Promise<void> {
    this.#forget(client);
    await this.#process.tell("leaveRoom", client.id);
  }

  async size(): Promise<Size> {
    const [, rooms, members] = await this.#process.ask("countMembers");
    return { rooms: Number(rooms), members: Number(members) };
  }

  close(): Promise<void> {
    return this.#process.close();
  }

  #receive({ token, from, bytes }: Letter): void {
    this.#clientByToken.get(token)?.receive({ from, bytes });
  }

  #outside(client: Client): Result<never, "outside"> {
    this.#forget(client);
    return fail("outside");
  }

  #forget(client: Client): void {
    const place = this.#placeByClientId.get(client.id);
    if (!place) return;
    this.#placeByClientId.delete(client.id);
    this.#clientByToken.delete(place.token);
  }

  /** Redis may have lost all, or the members of this process, or may have members that have left since. */
  async #restore(): Promise<void> {
    await this.#post.open();
    const listed = (await this.#process.tell("listMembers")) as readonly string[];
    for (const id of listed) if (!this.#placeByClientId.has(id)) await this.#process.tell("leaveRoom", id);
    const places = [...this.#placeByClientId.values()];
    for (let n = 0; n < places.length; n += PLACES_AT_ONCE)
      await this.#put(places.slice(n, n + PLACES_AT_ONCE));
  }

  async #put(places: readonly Place[]): Promise<void> {
    const present = places.filter((place) => this.#placeByClientId.get(place.client.id) === place);
    const taken = await this.#process.tell(
      "restoreMembers",
      ...present.flatMap(({ client, seat, token, since }) => [
        client.id,
        seat.address,
        roomOf(seat),
        token,
        since,
      ]),
    );
    for (const { client } of present) if (taken.includes(client.id)) this.#forget(client);
  }

  #roll(): string {
    return `${this.#random(MAX_ROLL)}`;
  }
}
