/**
 * Every directory does this, however it keeps its rooms. The members of each test are spread over the directories that
 * `open` gives: one, or one for each of several processes that share their rooms.
 */
import {
  MAX_SAMPLE_MEMBERS,
  type Address,
  type IncomingEnvelope,
  type OutgoingEnvelope,
  type RoomTag,
} from "@swapmeet/shared";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Client, type Directory, type Seat } from "../../src/rooms/directory.ts";

/** Directories that share rooms nobody else is in, each of at most `maxMembers`. The opener closes them. */
export type Open = (maxMembers: number) => Promise<readonly Directory[]>;

const ROOM = "a".repeat(64) as RoomTag;
const OTHER = "b".repeat(64) as RoomTag;
const seatAt = (n: number, tag = ROOM, kind: Seat["kind"] = "private"): Seat => ({
  kind,
  tag,
  address: n.toString(16).padStart(32, "0") as Address,
});
const bytes = (...values: number[]) => Uint8Array.from(values);
const OUTSIDE = { ok: false, problem: "outside" };

/** A client of one of the processes, with the envelopes that it received. */
class Person implements Client {
  static #count = 0;
  readonly id = `client ${Person.#count++}`;
  readonly received: IncomingEnvelope[] = [];
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  receive(envelope: IncomingEnvelope): void {
    this.received.push(envelope);
  }

  join = (seat: Seat) => this.#directory.join(this, seat);
  sample = () => this.#directory.sample(this);
  deliver = (envelope: OutgoingEnvelope) => this.#directory.deliver(this, envelope);
  leave = () => this.#directory.leave(this);

  /** The seat that it has, and everybody else in a room of at most MAX_SAMPLE_MEMBERS. */
  async present(): Promise<{ seat: Seat; others: Set<Address> } | undefined> {
    const sampled = await this.sample();
    return sampled.ok ? { seat: sampled.value.seat, others: new Set(sampled.value.others) } : undefined;
  }
}

export function describeDirectory(name: string, open: Open): void {
  /** People in turn at each of the processes. */
  async function enter(count: number, maxMembers = 1_000) {
    const directories = await open(maxMembers);
    const people = Array.from({ length: count }, (_, n) => new Person(directories[n % directories.length]!));
    return { people, size: () => directories.at(-1)!.size() };
  }

  /** Everything that `from` sent to `to` before has arrived: then this one arrives. [J5] */
  async function settle(from: Person, to: Person, address: Address): Promise<void> {
    await from.deliver({ to: address, bytes: bytes(0xff) });
    await expect.poll(() => to.received.at(-1)?.bytes).toEqual(bytes(0xff));
    to.received.pop();
  }

  describe(name, () => {
    it("[J3] the first to join hears of nobody, the second of the first", async () => {
      const { people, size } = await enter(2);
      expect(await size()).toEqual({ rooms: 0, members: 0 });
      expect(await people[0]!.join(seatAt(1))).toEqual({
        ok: true,
        value: { seat: seatAt(1), others: [] },
      });
      expect(await people[1]!.join(seatAt(2))).toEqual({
        ok: true,
        value: { seat: seatAt(2), others: [seatAt(1).address] },
      });
      expect(await size()).toEqual({ rooms: 1, members: 2 });
    });

    it("[J4] samples are distinct members of the room without the asker, at most MAX_SAMPLE_MEMBERS", async () => {
      for (const count of [1, 2, MAX_SAMPLE_MEMBERS, MAX_SAMPLE_MEMBERS + 1, MAX_SAMPLE_MEMBERS + 2, 90]) {
        const { people } = await enter(count + 1);
        for (const [n, person] of people.entries()) await person.join(seatAt(n, n === count ? OTHER : ROOM));
        const sampled = await people[0]!.sample();
        if (!sampled.ok) throw new Error(sampled.problem);
        const { seat, others } = sampled.value;
        expect(seat).toEqual(seatAt(0));
        expect(others.length).toBe(Math.min(count - 1, MAX_SAMPLE_MEMBERS));
        expect(new Set(others).size).toBe(others.length);
        expect(others).not.toContain(seatAt(0).address);
        expect(others).not.toContain(seatAt(count).address);
      }
    });

    it("[J4] every member turns up in samples about equally often", async () => {
      const { people } = await enter(65);
      for (const [n, person] of people.entries()) await person.join(seatAt(n));
      const timesByAddress = new Map<Address, number>();
      for (let i = 0; i < 1_000; i++)
        for (const member of (await people[0]!.present())!.others)
          timesByAddress.set(member, (timesByAddress.get(member) ?? 0) + 1);
      expect(timesByAddress.size).toBe(64);
      // Six standard deviations of a fair coin that is thrown a thousand times.
      for (const times of timesByAddress.values()) expect(Math.abs(times - 500)).toBeLessThan(100);
    });

    it("[J5] an envelope reaches its recipient alone, unchanged, with its sender's address", async () => {
      const { people } = await enter(3);
      for (const [n, person] of people.entries()) await person.join(seatAt(n));
      const [one, two, three] = people as [Person, Person, Person];
      const all = Uint8Array.from({ length: 256 }, (_, n) => n);
      expect(await one.deliver({ to: seatAt(1).address, bytes: all })).toEqual({ ok: true });
      await settle(one, two, seatAt(1).address);
      await settle(two, three, seatAt(2).address);
      await settle(two, one, seatAt(0).address);
      expect(two.received.map(({ from, bytes }) => ({ from, bytes: Uint8Array.from(bytes) }))).toEqual([
        { from: seatAt(0).address, bytes: all },
      ]);
      expect([one.received, three.received]).toEqual([[], []]);
    });

    it("[J5] an envelope crosses neither rooms nor kinds, and its sender can't tell", async () => {
      const { people } = await enter(5);
      const [one, two, elsewhere, open, beside] = people as [Person, Person, Person, Person, Person];
      await one.join(seatAt(1));
      await two.join(seatAt(2));
      await elsewhere.join(seatAt(3, OTHER));
      await open.join(seatAt(4, ROOM, "open"));
      await beside.join(seatAt(5, ROOM, "open"));
      for (const n of [3, 4, 99])
        expect(await one.deliver({ to: seatAt(n).address, bytes: bytes(1) })).toEqual({ ok: true });
      await elsewhere.join(seatAt(3));
      await settle(one, elsewhere, seatAt(3).address);
      await settle(beside, open, seatAt(4).address);
      expect([two.received, elsewhere.received, open.received]).toEqual([[], [], []]);
    });

    it("[J5] envelopes of one member to another arrive in order while others send as well", async () => {
      const { people } = await enter(3);
      for (const [n, person] of people.entries()) await person.join(seatAt(n));
      const [one, two, reader] = people as [Person, Person, Person];
      const sendAll = async (sender: Person) => {
        for (let n = 0; n < 100; n++) await sender.deliver({ to: seatAt(2).address, bytes: bytes(n) });
      };
      await Promise.all([sendAll(one), sendAll(two)]);
      await expect.poll(() => reader.received.length).toBe(200);
      for (const sender of [0, 1])
        expect(
          reader.received.filter(({ from }) => from === seatAt(sender).address).map(({ bytes }) => bytes[0]),
        ).toEqual(Array.from({ length: 100 }, (_, n) => n));
    });

    it("[J6] a client without a seat is outside: before it joined, and after it left", async () => {
      const { people, size } = await enter(2);
      const [one, two] = people as [Person, Person];
      await two.join(seatAt(2));
      const expectOutside = async () => {
        expect(await one.sample()).toEqual(OUTSIDE);
        expect(await one.deliver({ to: seatAt(2).address, bytes: bytes(1) })).toEqual(OUTSIDE);
      };
      await expectOutside();
      await one.join(seatAt(1));
      await one.leave();
      await expectOutside();
      expect((await two.present())!.others).toEqual(new Set());
      await two.deliver({ to: seatAt(1).address, bytes: bytes(1) });
      await one.join(seatAt(1));
      await settle(two, one, seatAt(1).address);
      await settle(one, two, seatAt(2).address);
      expect([one.received, two.received]).toEqual([[], []]);
      expect(await size()).toEqual({ rooms: 1, members: 2 });
    });

    it("[J7] a client is in one room: joining again moves it, and empty rooms vanish", async () => {
      const { people, size } = await enter(2);
      const [one, two] = people as [Person, Person];
      await one.join(seatAt(1));
      await one.join(seatAt(1, OTHER));
      expect((await one.present())!.seat).toEqual(seatAt(1, OTHER));
      expect(await two.join(seatAt(2))).toEqual({ ok: true, value: { seat: seatAt(2), others: [] } });
      expect(await size()).toEqual({ rooms: 2, members: 2 });
      await one.leave();
      await two.leave();
      await two.leave();
      expect(await size()).toEqual({ rooms: 0, members: 0 });
    });

    it("[J7] a client that joins its room under another address has that one alone", async () => {
      const { people, size } = await enter(2);
      const [one, two] = people as [Person, Person];
      await two.join(seatAt(2));
      await one.join(seatAt(1));
      await one.join(seatAt(1));
      await one.join(seatAt(9));
      expect((await two.present())!.others).toEqual(new Set([seatAt(9).address]));
      await two.deliver({ to: seatAt(1).address, bytes: bytes(1) });
      await settle(two, one, seatAt(9).address);
      expect(one.received).toEqual([]);
      expect(await size()).toEqual({ rooms: 1, members: 2 });
    });

    it("[J7] the same address again is taken over, and the stale client's leave changes nothing", async () => {
      const { people, size } = await enter(3);
      const [stale, fresh, other] = people as [Person, Person, Person];
      await other.join(seatAt(2));
      await stale.join(seatAt(1));
      await fresh.join(seatAt(1));
      expect(await stale.sample()).toEqual(OUTSIDE);
      expect(await stale.deliver({ to: seatAt(2).address, bytes: bytes(1) })).toEqual(OUTSIDE);
      await settle(other, fresh, seatAt(1).address);
      await stale.leave();
      await settle(other, fresh, seatAt(1).address);
      await settle(fresh, other, seatAt(2).address);
      expect([stale.received, fresh.received, other.received]).toEqual([[], [], []]);
      expect(await size()).toEqual({ rooms: 1, members: 2 });
    });

    it("[J7] a stale client that joins another room stays there, and leaves its old address to the new client", async () => {
      const { people, size } = await enter(3);
      const [stale, fresh, other] = people as [Person, Person, Person];
      await other.join(seatAt(2));
      await stale.join(seatAt(1));
      await fresh.join(seatAt(1));
      await stale.join(seatAt(1, OTHER));
      expect((await stale.present())!.seat).toEqual(seatAt(1, OTHER));
      await settle(other, fresh, seatAt(1).address);
      expect(await size()).toEqual({ rooms: 2, members: 3 });
    });

    it("[J7] exactly one of the clients that claim one address at once has it", async () => {
      const { people, size } = await enter(9);
      const other = people.pop()!;
      await other.join(seatAt(2));
      const joined = await Promise.all(people.map((person) => person.join(seatAt(1))));
      expect(joined.every(({ ok }) => ok)).toBe(true);
      const owners: Person[] = [];
      for (const person of people) if (await person.present()) owners.push(person);
      expect(owners.length).toBe(1);
      await settle(other, owners[0]!, seatAt(1).address);
      expect(people.flatMap(({ received }) => received)).toEqual([]);
      expect(await size()).toEqual({ rooms: 1, members: 2 });
    });

    it("[J10a] a full room refuses newcomers without moving them, and lets its own come back", async () => {
      const { people, size } = await enter(4, 2);
      const [one, two, three, again] = people as [Person, Person, Person, Person];
      await one.join(seatAt(1));
      await two.join(seatAt(2));
      await three.join(seatAt(3, OTHER));
      expect(await three.join(seatAt(3))).toEqual({ ok: false, problem: "room-full" });
      expect((await three.present())!.seat).toEqual(seatAt(3, OTHER));
      expect((await again.join(seatAt(2))).ok).toBe(true);
      expect((await one.join(seatAt(9))).ok).toBe(true);
      expect(await size()).toEqual({ rooms: 2, members: 3 });
    });

    it("[J10a] a room takes as many of the clients that join at once as it has places", async () => {
      const { people, size } = await enter(8, 3);
      const joined = await Promise.all(people.map((person, n) => person.join(seatAt(n))));
      expect(joined.filter(({ ok }) => ok).length).toBe(3);
      expect(await size()).toEqual({ rooms: 1, members: 3 });
      await Promise.all(people.map((person) => person.leave()));
      expect((await people[7]!.join(seatAt(7))).ok).toBe(true);
    });

    it("[J7] after any joins and leaves, at once or one by one, seats, samples and deliveries agree", async () => {
      const step = fc.record({
        person: fc.nat(4),
        member: fc.nat(4),
        tag: fc.constantFrom(ROOM, OTHER),
        leaves: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, atOnce) => {
          const { people, size } = await enter(5, 3);
          const act = async (n: number) => {
            for (const { person, member, tag, leaves } of steps)
              if (person === n) await (leaves ? people[n]!.leave() : people[n]!.join(seatAt(member, tag)));
          };
          if (atOnce) await Promise.all(people.map((_, n) => act(n)));
          else
            for (const { person, member, tag, leaves } of steps)
              await (leaves ? people[person]!.leave() : people[person]!.join(seatAt(member, tag)));

          const seated: { person: Person; seat: Seat; others: Set<Address> }[] = [];
          for (const person of people) {
            const present = await person.present();
            if (present) seated.push({ person, ...present });
          }
          const neighbors = (seat: Seat) =>
            seated.filter((other) => other.seat.tag === seat.tag && other.seat.address !== seat.address);
          expect(await size()).toEqual({
            rooms: new Set(seated.map(({ seat }) => seat.tag)).size,
            members: seated.length,
          });
          for (const { person, seat, others } of seated) {
            expect(others).toEqual(new Set(neighbors(seat).map((other) => other.seat.address)));
            for (const other of neighbors(seat)) await settle(person, other.person, other.seat.address);
          }
          expect(people.flatMap(({ received }) => received)).toEqual([]);
        }),
        { numRuns: 50 },
      );
    });
  });
}
