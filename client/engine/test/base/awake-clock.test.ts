/** Time in which the device slept, and could hear nothing, counts in no deadline. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { ADDRESS_BYTES, type Address } from "@swapmeet/shared";
import { describe, expect, test } from "vitest";
import { AwakeClock } from "../../src/base/awake-clock.ts";
import { Engine } from "../../src/engine.ts";
import type { Input } from "../../src/io/io.ts";
import { decodeFrame } from "../../src/wire/frame-codec.ts";
import { Pulse } from "../../src/links/pulse.ts";
import { SeededRandom } from "../../../testing/random.ts";
import { SimRoom, type SimPeer } from "../../../sim/room/room.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

describe("the clock", () => {
  test("[K1] begins with 0, whatever the host's time is, and goes on with it", () => {
    const clock = new AwakeClock();
    expect(clock.wake(987_654.3)).toBe(0);
    expect(clock.now).toBe(0);
    expect(clock.expect(10 * SECOND)).toBe(997_654.3);
    expect(clock.wake(997_654.3)).toBe(0);
    expect(clock.now).toBe(10 * SECOND);
  });

  test("[K1] stands still from the deadline that passed unnoticed to the call that came late", () => {
    const clock = new AwakeClock();
    clock.wake(0);
    clock.expect(10 * SECOND);
    expect(clock.wake(5 * MINUTE)).toBe(5 * MINUTE - 10 * SECOND);
    expect(clock.now).toBe(10 * SECOND);
    expect(clock.expect(12 * SECOND)).toBe(5 * MINUTE + 2 * SECOND);
    expect(clock.wake(5 * MINUTE + 1 * SECOND)).toBe(0);
    expect(clock.now).toBe(11 * SECOND);
  });

  test("[K1] a call that is a little late, or that nobody waited for, is no sleep", () => {
    const clock = new AwakeClock();
    clock.wake(0);
    clock.expect(10 * SECOND);
    expect(clock.wake(12.9 * SECOND)).toBe(0);
    expect(clock.now).toBe(12.9 * SECOND);
    clock.expect(null);
    expect(clock.wake(60 * MINUTE)).toBe(0);
    expect(clock.wake(120 * MINUTE)).toBe(0);
    expect(clock.now).toBe(120 * MINUTE);
  });

  test("[K1] never shows less than the time that was asked for, despite errors of rounding", () => {
    const random = new SeededRandom(1);
    for (let i = 0; i < 1_000; i++) {
      const clock = new AwakeClock();
      clock.wake(random.next() * 1e6);
      const due = random.next() * 1e6;
      clock.wake(clock.expect(due)!);
      expect(clock.now).toBeGreaterThanOrEqual(due);
    }
  });
});

describe("an engine", () => {
  const engine = (): Engine => {
    const random = new SeededRandom(3);
    return new Engine({
      me: bytesToHex(random.bytes(32)) as never,
      epoch: 1,
      name: "Ann",
      address: bytesToHex(random.bytes(ADDRESS_BYTES)) as Address,
      envelopeKey: () => new Uint8Array(32),
      random: (bytes) => random.bytes(bytes),
    });
  };

  test("[K1] that begins long after its page was loaded says one word, like any other engine", () => {
    const words = (beginning: number): number => {
      const late = engine();
      const jobs: number[] = [];
      const handle = (input: Input, now: number): void => {
        for (const output of late.handle(input, now)) if (output.type === "sign") jobs.push(output.job);
      };
      for (let second = 0; second < 3; second++) {
        const now = beginning + second * SECOND;
        handle({ type: "tick" }, now);
        const job = jobs[second];
        if (job !== undefined) handle({ type: "signed", job, signature: new Uint8Array(64) }, now);
      }
      return jobs.length;
    };
    expect(words(60 * MINUTE)).toBe(words(0));
    expect(words(0)).toBe(1);
  });
});

describe("a pulse", () => {
  const beats = (sleptMs: number): [string, number][] => {
    const pulse = new Pulse(() => true, 0);
    pulse.beat(0);
    pulse.heard(100);
    pulse.pong(100);
    pulse.woke(sleptMs, SECOND);
    const seen: [string, number][] = [];
    for (let now = SECOND; seen.at(-1)?.[0] !== "silent"; now = pulse.deadline)
      seen.push([pulse.beat(now), now - SECOND]);
    return seen.filter(([beat]) => beat !== "ping");
  };

  test("[K2] after a long sleep of its device: a link that does not answer at once has ended at the other side", () => {
    expect(beats(15 * SECOND)).toEqual([
      ["quiet", 3 * SECOND],
      ["silent", 4 * SECOND],
    ]);
  });

  test("[K2] after a short sleep of its device: the other side keeps the usual time to answer", () => {
    expect(beats(5 * SECOND)).toEqual([
      ["quiet", 3 * SECOND],
      ["silent", 15 * SECOND],
    ]);
  });
});

/** Two linked peers in a room, with the frames that each sends. */
const pair = () => {
  const room = new SimRoom({ seed: 3 });
  const [ann, ben] = ["Ann", "Ben"].map((name) => {
    const peer = room.add(name);
    room.join(peer);
    return peer;
  }) as [SimPeer, SimPeer];
  room.run(20 * SECOND);
  expect(ann.engine.person(ben.id)).toMatchObject({ presence: "here", reach: "direct" });
  return { room, ann, ben };
};

describe("a room", () => {
  test.each([60, 300])("[K1] devices that slept for %d s keep each other and their link", (seconds) => {
    const { room, ann, ben } = pair();
    // Ben's answer to her ping waits for her while she sleeps.
    let isPinged = false;
    room.listener = ({ from, bytes }) => {
      const frame = decodeFrame(bytes);
      isPinged ||= from === ann && frame.ok && frame.value.type === "ping";
    };
    expect(room.run(30 * SECOND, () => isPinged)).toBe(true);
    const until = room.now + seconds * SECOND;
    ann.sleep();
    ben.sleep();
    room.run(seconds * SECOND);
    expect(room.now).toBe(until);
    ann.wakeUp();
    ben.wakeUp();
    for (let second = 0; second < 60; second++) {
      room.run(SECOND);
      expect(ann.engine.person(ben.id)).toMatchObject({ presence: "here", reach: "direct" });
    }
    expect(ann.connectionCount).toBe(1);
  });

  test("[W8a] [V4a] sees a killed peer away within 10 s and gone within 40, also where no link ever breaks", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { room, ann, ben } = pair();
      room.run(seed * SECOND);
      ben.sleep();
      room.run(10 * SECOND);
      expect(ann.engine.person(ben.id)).toMatchObject({ presence: "away" });
      for (let second = 0; second < 15; second++) {
        room.run(SECOND);
        expect(ann.engine.person(ben.id).presence).toBe("away");
      }
      room.run(15 * SECOND);
      expect(ann.engine.people()).toEqual([]);
    }
  });

  test("[W8a] [V5] a phone that its file picker freezes for 20 s is away, and then here, and never gone", () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { room, ann, ben } = pair();
      room.run(seed * SECOND);
      const seen: string[] = [];
      const look = (seconds: number): void => {
        for (let second = 0; second < seconds; second++) {
          room.run(SECOND);
          const { presence } = ann.engine.person(ben.id);
          if (presence !== (seen.at(-1) ?? "here")) seen.push(presence);
        }
      };
      ben.sleep();
      look(20);
      ben.wakeUp();
      look(60);
      expect(seen).toEqual(["away", "here"]);
    }
  });

  test("[W8] links that are at rest are pinged by both sides in turn: no more often than every 5 s", () => {
    const { room } = pair();
    let pings = 0;
    room.listener = ({ bytes }) => {
      const frame = decodeFrame(bytes);
      if (frame.ok && frame.value.type === "ping") pings++;
    };
    room.run(5 * MINUTE);
    expect(pings).toBeLessThanOrEqual(61);
    expect(pings).toBeGreaterThan(30);
  });
});
