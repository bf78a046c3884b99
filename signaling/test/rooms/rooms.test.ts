import { MAX_SAMPLE_MEMBERS, ok, type Address, type JoinSecret, type RoomTag } from "@swapmeet/shared";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressOf, Rooms, type Seat } from "../../src/rooms/rooms.ts";

const ROOM = "a".repeat(64) as RoomTag;
const OTHER = "b".repeat(64) as RoomTag;
const seat = (n: number, tag = ROOM, kind: Seat["kind"] = "private"): Seat => ({
  kind,
  tag,
  address: n.toString(16).padStart(32, "0") as Address,
});
const first = () => 0;
const rooms = (maxMembers = 1_000, random: (bound: number) => number = first) =>
  new Rooms({ maxMembers, random });

describe("rooms", () => {
  it("[J2] an address is the first 16 bytes of SHA-256 of the secret's bytes", () => {
    // SHA-256 of sixteen zero bytes begins with these.
    expect(addressOf("0".repeat(32) as JoinSecret)).toBe("374708fff7719dd5979ec875d56cd228");
  });

  it("[J3] the first to join hears of nobody, the second of the first", () => {
    const two = rooms();
    expect(two.join("s1", seat(1))).toEqual(ok([]));
    expect(two.join("s2", seat(2))).toEqual(ok([seat(1).address]));
    expect([two.roomCount, two.memberCount]).toEqual([1, 2]);
  });

  it("[J4] samples are distinct members of the room without the asker, at most MAX_SAMPLE_MEMBERS", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90 }), fc.infiniteStream(fc.nat()), (size, numbers) => {
        const room = rooms(1_000, (bound) => numbers.next().value! % bound);
        for (let n = 1; n <= size; n++) room.join(`s${n}`, seat(n));
        room.join("stranger", seat(500, OTHER));
        const sample = room.sample(seat(1));
        expect(sample.length).toBe(Math.min(size - 1, MAX_SAMPLE_MEMBERS));
        expect(new Set(sample).size).toBe(sample.length);
        expect(sample).not.toContain(seat(1).address);
        expect(sample).not.toContain(seat(500).address);
      }),
    );
  });

  it("[J4] every member turns up in samples about equally often", () => {
    let state = 1;
    const random = (bound: number) => (state = (state * 48_271) % 2_147_483_647) % bound;
    const room = rooms(1_000, random);
    for (let n = 0; n <= 64; n++) room.join(`s${n}`, seat(n));
    const timesByAddress = new Map<Address, number>();
    for (let i = 0; i < 1_000; i++)
      for (const member of room.sample(seat(0)))
        timesByAddress.set(member, (timesByAddress.get(member) ?? 0) + 1);
    expect(timesByAddress.size).toBe(64);
    for (const times of timesByAddress.values()) expect(Math.abs(times - 500)).toBeLessThan(100);
  });

  it("[J5] routes within a room, never across rooms, nor between kinds with one tag", () => {
    const room = rooms();
    room.join("s1", seat(1));
    room.join("s2", seat(2));
    room.join("s3", seat(3, OTHER));
    room.join("s4", seat(4, ROOM, "open"));
    expect(room.route(seat(1), seat(2).address)).toBe("s2");
    expect(room.route(seat(1), seat(3).address)).toBeUndefined();
    expect(room.route(seat(1), seat(4).address)).toBeUndefined();
  });

  it("[J7] a socket is in one room: joining again moves it, and empty rooms vanish", () => {
    const room = rooms();
    room.join("s1", seat(1));
    room.join("s1", seat(1, OTHER));
    expect(room.seatOf("s1")?.tag).toBe(OTHER);
    expect(room.join("s2", seat(2))).toEqual(ok([]));
    expect([room.roomCount, room.memberCount]).toEqual([2, 2]);
    room.leave("s1");
    room.leave("s2");
    room.leave("s2");
    expect([room.roomCount, room.memberCount]).toEqual([0, 0]);
  });

  it("[J7] the same address again takes over from the stale socket", () => {
    const room = rooms();
    room.join("stale", seat(1));
    room.join("fresh", seat(1));
    expect(room.seatOf("stale")).toBeUndefined();
    expect(room.route(seat(2), seat(1).address)).toBe("fresh");
    room.leave("stale");
    expect(room.route(seat(2), seat(1).address)).toBe("fresh");
    expect(room.memberCount).toBe(1);
  });

  it("[J10] a full room refuses newcomers without moving them, and lets its own come back", () => {
    const room = rooms(2);
    room.join("s1", seat(1));
    room.join("s2", seat(2));
    room.join("s3", seat(3, OTHER));
    expect(room.join("s3", seat(3))).toEqual({ ok: false, problem: "room-full" });
    expect(room.seatOf("s3")?.tag).toBe(OTHER);
    expect(room.join("s2 again", seat(2)).ok).toBe(true);
    expect(room.join("s1", seat(9)).ok).toBe(true);
    expect(room.memberCount).toBe(3);
  });

  it("[J7] after any joins and leaves, seats, members and routes agree", () => {
    const step = fc.record({
      socket: fc.nat(4),
      member: fc.nat(4),
      tag: fc.constantFrom(ROOM, OTHER),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const room = rooms(3);
        for (const { socket, member, tag, leaves } of steps)
          if (leaves) room.leave(`s${socket}`);
          else room.join(`s${socket}`, seat(member, tag));
        const seated = [0, 1, 2, 3, 4].flatMap((n) => {
          const at = room.seatOf(`s${n}`);
          return at ? [{ socket: `s${n}`, at }] : [];
        });
        expect(room.memberCount).toBe(seated.length);
        expect(room.roomCount).toBe(new Set(seated.map(({ at }) => at.tag)).size);
        for (const { socket, at } of seated) expect(room.route(at, at.address)).toBe(socket);
      }),
    );
  });
});
