import { expect, test } from "vitest";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { RoomPeople } from "../../../src/platform/session/people.ts";

const [me, ruth, tomas] = ["aa", "bb", "cc"].map((byte) => byte.repeat(32) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
];

test("a person's time in sight begins when they come, and anew when they come back", () => {
  let now = 1_000;
  let here: readonly PeerId[] = [ruth];
  const engine = { people: () => here.map((peer) => ({ peer })) };
  const people = new RoomPeople({ engine, feed: () => {} } as never, me, () => now);
  const seen = (): number[] => {
    void people.others;
    return [ruth, tomas].map((peer) => people.seenForMs(peer));
  };

  expect(seen()).toEqual([0, 0]);
  now += 5_000;
  here = [ruth, tomas];
  expect(seen()).toEqual([5_000, 0]);
  now += 1_000;
  here = [tomas];
  expect(seen()).toEqual([0, 1_000]);
  now += 1_000;
  here = [ruth, tomas];
  expect(seen()).toEqual([0, 2_000]);
});
