import { describe, expect, test } from "vitest";
import type { Address } from "@swapmeet/shared";
import type { ConnectionsLeft } from "../../src/links/call-budget.ts";
import type { Contact, OverlayFrame } from "../../src/wire/frame.ts";
import type { Time } from "../../src/base/time.ts";
import type { OverlayEvent } from "../../src/overlay/events.ts";
import { Overlay } from "../../src/overlay/overlay.ts";
import { PassiveView } from "../../src/overlay/passive-view.ts";
import { ACTIVE_MAX } from "../../src/overlay/seeking.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import type { Refusal } from "../../src/names/refusal.ts";
import { isSymmetric, MINUTE, Net, reached, type Behind, type Member } from "./overlay-net.ts";

const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** A room into which `count` members came within ten seconds, two minutes later. */
const room = (seed: number, count: number): Net => {
  const net = new Net(seed);
  for (let i = 0; i < count; i++) net.world.after(net.random.below(10_000), () => void net.add());
  net.run(2 * MINUTE);
  return net;
};

const expectOneRoom = (net: Net): void => {
  // Answers may be on their way: within 5 s there is a moment without any.
  expect(net.run(5_000, () => isSymmetric(net.alive))).toBe(true);
  expect(reached(net.alive)).toBe(net.alive.length);
  for (const member of net.alive) {
    expect(member.neighbors().length).toBeLessThanOrEqual(ACTIVE_MAX);
    expect(new Set(member.neighbors())).toEqual(member.told);
    expect(member.refused).toEqual([]);
  }
};

const killSome = (net: Net, share: number): void => {
  const doomed = net.alive;
  for (let left = Math.round(doomed.length * share); left > 0; left--)
    net.kill(doomed.splice(net.random.below(doomed.length), 1)[0]!);
};

describe("a room grows together", () => {
  for (const [count, runs] of [
    [2, 20],
    [3, 20],
    [7, 20],
    [50, 10],
    [300, 2],
  ] as const)
    test(`[O1] ${count} are one graph of neighbours on both sides, at most ${ACTIVE_MAX} each`, () => {
      for (const seed of seeds(runs)) {
        const net = room(seed, count);
        expectOneRoom(net);
        if (count <= 7) for (const member of net.alive) expect(member.neighbors()).toHaveLength(count - 1);
        else for (const member of net.alive) expect(member.neighbors().length).toBeGreaterThanOrEqual(4);
      }
    });

  test("[O1] a latecomer has neighbours within seconds, also in a room whose places are taken", () => {
    for (const seed of seeds(10)) {
      const net = room(seed, 60);
      for (let i = 0; i < 10; i++) {
        const late = net.add();
        net.run(5_000);
        expect(late.neighbors().length).toBeGreaterThanOrEqual(2);
      }
      net.run(MINUTE);
      expectOneRoom(net);
    }
  });

  test("[O2] a peer has at least three neighbours of its own choice, whoever calls", () => {
    const { overlay, sent, dialled, up } = alone();
    for (let i = 1; i <= 20; i++) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: false }, 0);
    }
    expect(overlay.neighborCount).toBe(5);
    expect(sent.filter(([, frame]) => frame.type === "neighbor-answer" && !frame.accepted)).toHaveLength(15);
    overlay.members([address(30), address(31), address(32), address(33)], 0);
    // It asks three contacts at a time, linked or not.
    const asked = sent.filter(([, frame]) => frame.type === "neighbor").length;
    expect(asked + dialled.length).toBe(3);
  });
});

describe("the overlay heals", () => {
  for (const serverAway of [false, true])
    test(`[O6] after 30 % have died at once the rest are one graph again${serverAway ? ", without the server" : ""}`, () => {
      for (const [count, runs] of [
        [10, 10],
        [50, 10],
        [300, 2],
      ] as const)
        for (const seed of seeds(runs)) {
          const net = room(seed, count);
          net.run(3 * MINUTE);
          net.serverAway = serverAway;
          killSome(net, 0.3);
          net.run(90_000);
          expectOneRoom(net);
          const degrees = net.alive.map((member) => member.neighbors().length);
          expect(degrees.reduce((a, b) => a + b) / degrees.length).toBeGreaterThanOrEqual(
            Math.min(5, net.alive.length - 1),
          );
        }
    });

  test("[O6a] a link that broke between two is made again at once", () => {
    for (const seed of seeds(20)) {
      const net = room(seed, 5);
      net.close(net.members[0]!, net.members[1]!);
      net.run(6_000);
      expect(net.members[0]!.neighbors()).toHaveLength(4);
    }
  });

  test("[O7] two halves that were cut apart for a minute grow together within 10 s, without the server", () => {
    for (const count of [8, 20, 60])
      for (const seed of seeds(5)) {
        const net = room(seed, count);
        net.serverAway = true;
        net.cut((_, at) => at % 2);
        net.run(MINUTE);
        expect(reached(net.alive)).toBeLessThan(count);
        net.cut(() => 0);
        expect(net.run(10_000, () => reached(net.alive) === count)).toBe(true);
      }
  });

  test("[O6b] a peer with nobody left asks the server, and again every 10 s", () => {
    const { overlay, up, samples, run } = alone();
    up(1);
    overlay.frame(peer(1), { type: "neighbor", urgent: true }, 0);
    overlay.linkDown(peer(1), 1_000);
    run(1_000, 33_000);
    expect(samples()).toBe(4);
  });
  /** An overlay with six neighbours that it chose, and two that called: 7 and 8. */
  const full = () => {
    const net = alone();
    for (const i of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const chosen = i <= 6;
      if (chosen) net.overlay.members([address(i)], 0);
      net.up(i);
      net.overlay.frame(
        peer(i),
        chosen ? { type: "neighbor-answer", accepted: true } : { type: "neighbor", urgent: false },
        0,
      );
    }
    expect(net.overlay.neighborCount).toBe(8);
    net.dialled.length = net.sent.length = 0;
    return net;
  };

  test("[O6a] a choice whose link broke is called again though there are neighbours enough, one that parted is not", () => {
    const { overlay, dialled, run } = full();
    overlay.frame(peer(8), { type: "disconnect" }, 0);
    overlay.linkDown(peer(8), 0);
    overlay.linkDown(peer(6), 0);
    expect(overlay.neighborCount).toBe(6);
    run(0, 2_500);
    expect(dialled).toEqual([address(6)]);
  });

  test("[O6a] a link that is made again costs no chosen neighbour, and does not make a caller a choice", () => {
    const { overlay, sent, dialled, run, up } = full();
    for (const i of [3, 8]) {
      overlay.linkDown(peer(i), 0);
      up(i);
    }
    expect(sent).toEqual([[peer(3), { type: "neighbor", urgent: false }]]);
    overlay.frame(peer(3), { type: "neighbor-answer", accepted: true }, 0);
    run(0, 9_000);
    expect(sent.filter(([, { type }]) => type === "neighbor")).toHaveLength(1);
    expect(dialled).toEqual([]);
    expect(overlay.neighborCount).toBe(7);
  });

  test("[O2] a call that ends after others have taken the places asks for no place", () => {
    const { overlay, sent, up } = alone();
    for (const i of [1, 2, 3, 4, 5]) {
      overlay.members([address(i)], 0);
      up(i);
      overlay.frame(peer(i), { type: "neighbor-answer", accepted: true }, 0);
    }
    overlay.members([address(6)], 0);
    for (const i of [10, 11, 12]) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: false }, 0);
    }
    sent.length = 0;
    up(6);
    expect(sent).toEqual([]);
    expect(overlay.neighborCount).toBe(ACTIVE_MAX);
  });
});

describe("the passive view", () => {
  const viewOf = (): PassiveView => {
    let seed = 3;
    return new PassiveView(() => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647);
  };
  const none = new Set<Address>();

  test("[O6] each failure in a row doubles the rest of a contact; the sixth costs it its place for as long", () => {
    const view = viewOf();
    view.add(address(1), null, "server", 0);
    let now = 0;
    for (const restMs of [1_000, 2_000, 4_000, 8_000, 16_000]) {
      expect(view.pick(now, false, none)).toBe(address(1));
      view.failed(address(1), 1_000, now);
      expect(view.pick(now + restMs - 1, false, none)).toBeNull();
      expect(view.nextDue(now, false, none)).toBeLessThanOrEqual(now + 2 * restMs);
      now += 2 * restMs;
    }
    view.failed(address(1), 1_000, now);
    expect(view.size).toBe(0);
    view.add(address(1), null, "server", now + 31_000);
    expect(view.size).toBe(0);
    view.add(address(1), null, "server", now + 64_000);
    expect(view.size).toBe(1);
  });

  test("[O4] gives up those that failed first, when it is full", () => {
    for (let failing = 1; failing <= 30; failing += 7) {
      const view = viewOf();
      for (let i = 1; i <= 30; i++) view.add(address(i), null, "server", 0);
      view.failed(address(failing), 1_000, 0);
      view.add(address(31), null, "server", 0);
      const left = [...view.contacts()].map((contact) => contact.address);
      expect(left).toHaveLength(30);
      expect(left).not.toContain(address(failing));
    }
  });

  test("[O9] remembers the failures of the last 256 addresses alone", () => {
    const view = viewOf();
    for (let i = 1; i <= 300; i++) for (let time = 0; time < 6; time++) view.failed(address(i), 1_000, 0);
    for (let i = 1; i <= 300; i++) view.add(address(i), null, "server", 1_000);
    const known = [...view.contacts()].map((contact) => contact.address);
    expect(known).toHaveLength(30);
    for (const remembered of known) expect(remembered <= address(44)).toBe(true);
  });
});

describe("the cost of the overlay", () => {
  for (const [count, perHour] of [
    [7, 3],
    [50, 75],
    [9, 60],
  ] as const)
    test(`[O9] in a settled hour a tab in a room of ${count} makes at most ${perHour} connections`, () => {
      for (const seed of seeds(2)) {
        const net = room(seed, count);
        const before = net.members.map(({ connections }) => connections);
        net.run(60 * MINUTE);
        expectOneRoom(net);
        const made = net.members.map(({ connections }, at) => connections - before[at]!);
        expect(Math.max(...made)).toBeLessThanOrEqual(perHour);
      }
    });

  test.each([
    { who: "somebody with a neighbour", neighbors: 1, most: 40 + 60 },
    { who: "somebody alone", neighbors: 0, most: 40 + 60 + 6 + 120 },
  ])("[O9] the calls of $who are few, however many contacts fail", ({ neighbors, most }) => {
    const { overlay, dialled, up, run } = alone();
    for (let i = 1; i <= neighbors; i++) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: false }, 0);
    }
    let count = 0;
    let invented = 100;
    for (let minute = 0; minute < 60; minute++) {
      overlay.members(
        Array.from({ length: 32 }, () => address(invented++)),
        minute * MINUTE,
      );
      run(minute * MINUTE, (minute + 1) * MINUTE, (at) => {
        for (const called of dialled.splice(0)) {
          count++;
          overlay.dialFailed(called, at);
        }
      });
    }
    expect(count).toBeLessThanOrEqual(most);
    expect(count).toBeGreaterThanOrEqual(most - 10);
  });

  /** All asked peers accept. Then all links are lost, and the peers that are called are reached again. */
  const losing = (left: ConnectionsLeft) => {
    const net = alone();
    net.left.is = left;
    net.overlay.members(
      Array.from({ length: 20 }, (_, i) => address(i + 1)),
      0,
    );
    const answerAll = (now: Time) => {
      for (const called of net.dialled.splice(0)) net.up(Number.parseInt(called, 16), now);
      for (const [to, { type }] of net.sent.splice(0))
        if (type === "neighbor") net.overlay.frame(to, { type: "neighbor-answer", accepted: true }, now);
    };
    let now = 0;
    const settle = (forMs: Time) => {
      net.run(now, now + forMs, answerAll);
      now += forMs;
    };
    const lose = () => {
      for (const neighbor of [...net.overlay.neighbors()]) net.overlay.linkDown(neighbor, now);
    };
    return { ...net, settle, lose };
  };

  test.each([
    { left: "plenty", aim: 6 },
    { left: "half", aim: 3 },
    { left: "few", aim: 2 },
  ] as const)("[O2a] of $left connections left $aim neighbours are made", ({ left, aim }) => {
    const { overlay, settle, up } = losing(left);
    settle(MINUTE / 2);
    expect(overlay.neighborCount).toBe(aim);
    for (let i = 100; i < 108; i++) {
      up(i, MINUTE / 2);
      overlay.frame(peer(i), { type: "neighbor", urgent: false }, MINUTE / 2);
    }
    expect(overlay.neighborCount).toBe({ plenty: 8, half: 5, few: 3 }[left]);
  });

  test("[O2a] a peer with only its reserve of connections left calls nobody while it has a neighbour", () => {
    const { overlay, dialled, settle, lose, run } = losing("few");
    settle(MINUTE / 2);
    const [first] = overlay.neighbors();
    overlay.linkDown(first!, MINUTE / 2);
    run(MINUTE / 2, 10 * MINUTE);
    expect(dialled).toEqual([]);
    expect(overlay.neighborCount).toBe(1);
    lose();
    run(10 * MINUTE, 11 * MINUTE);
    expect(dialled).not.toEqual([]);
  });
});

describe("hostile peers", () => {
  test("[O8] peers that take and never pass on, 80 % of the room, are expelled", () => {
    for (const seed of seeds(2)) {
      const net = new Net(seed);
      const honest: Member[] = [];
      for (let i = 0; i < 150; i++)
        net.world.after(net.random.below(10_000), () => {
          if (i % 5 === 0) honest.push(net.add());
          else net.add(i % 5 === 1 ? greedy : () => null);
        });
      net.run(MINUTE);
      const isHonest = new Set(honest.map(({ id }) => id));
      const share = (): number => {
        const all = honest.flatMap((member) => member.neighbors());
        return all.filter((id) => isHonest.has(id)).length / all.length;
      };
      expect(share()).toBeLessThan(0.4);
      for (let second = 0; second < 40 * 60; second += 10) {
        net.run(10_000);
        for (const member of honest) probe(net, member, isHonest);
      }
      expect(share()).toBeGreaterThan(0.6);
      expect(reached(honest)).toBe(honest.length);
    }
  });

  test("[O8] a peer that was expelled is not a neighbour again, whichever side asks", () => {
    const { overlay, sent, dialled, up, run } = alone();
    up(1);
    overlay.frame(peer(1), { type: "neighbor", urgent: true }, 0);
    for (let i = 0; i < 3; i++) overlay.missed(peer(1));
    run(0, 2 * MINUTE);
    expect(overlay.isNeighbor(peer(1))).toBe(false);
    expect(sent.at(-1)).toEqual([peer(1), { type: "disconnect" }]);
    overlay.frame(peer(1), { type: "neighbor", urgent: true }, 3 * MINUTE);
    expect(sent.at(-1)).toEqual([peer(1), { type: "neighbor-answer", accepted: false }]);
    overlay.linkDown(peer(1), 3 * MINUTE);
    overlay.members([address(1)], 3 * MINUTE);
    run(3 * MINUTE, 5 * MINUTE, (at) => dialled.splice(0).forEach(() => up(1, at)));
    expect(overlay.isNeighbor(peer(1))).toBe(false);
    expect(sent.filter(([, { type }]) => type === "neighbor")).toEqual([]);
  });

  test("[O8] two misses, or as many hits as misses, prove nothing", () => {
    const { overlay, up, run } = alone();
    for (const i of [1, 2]) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: false }, 0);
    }
    for (let i = 0; i < 2; i++) overlay.missed(peer(1));
    for (let i = 0; i < 10; i++) {
      overlay.missed(peer(2));
      overlay.told(peer(2));
    }
    run(0, 5 * MINUTE);
    expect([...overlay.neighbors()]).toEqual([peer(1), peer(2)]);
  });

  test("[O3] every 5 s a stranger without neighbours may displace a neighbour that called, never one that was chosen", () => {
    const { overlay, sent, up, run } = alone();
    overlay.members([address(1), address(2), address(3)], 0);
    for (const i of [1, 2, 3]) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor-answer", accepted: true }, 0);
    }
    for (let i = 10; i < 200; i++) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: true }, 0);
    }
    const parted = () => sent.filter(([, { type }]) => type === "disconnect").map(([to]) => to);
    expect(parted()).toHaveLength(1);
    expect([...overlay.neighbors()].slice(0, 3)).toEqual([peer(1), peer(2), peer(3)]);
    run(0, 5_000);
    up(300, 5_000);
    overlay.frame(peer(300), { type: "neighbor", urgent: true }, 5_000);
    expect(parted()).toHaveLength(2);
    expect(overlay.neighborCount).toBe(ACTIVE_MAX);
  });

  test("[O3a] the caller that passed on most keeps its place longest", () => {
    const { overlay, sent, up } = alone();
    for (let i = 1; i <= 5; i++) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: false }, 0);
      if (i !== 4) overlay.told(peer(i));
    }
    up(6);
    overlay.frame(peer(6), { type: "neighbor", urgent: true }, 0);
    expect(sent).toContainEqual([peer(4), { type: "disconnect" }]);
  });

  test("[O3a] a neighbour that brought news keeps its place before those that brought none, however urgently others ask", () => {
    const { overlay, sent, up } = alone();
    for (let i = 1; i <= 5; i++) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: false }, 0);
    }
    overlay.brought(peer(2));
    overlay.brought(peer(4));
    for (let i = 6; i <= 20; i++) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: true }, i * 10_000);
    }
    const dismissed = sent.flatMap(([to, { type }]) => (type === "disconnect" ? [to] : []));
    expect(dismissed).toHaveLength(15);
    expect([2, 4].map((i) => overlay.isNeighbor(peer(i)))).toEqual([true, true]);
  });

  test("[O3a] anybody may take the place of a neighbour that passes nothing on", () => {
    const { overlay, up } = alone();
    for (let i = 1; i <= 5; i++) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: false }, 0);
    }
    for (let i = 0; i < 3; i++) overlay.missed(peer(2));
    up(6);
    overlay.frame(peer(6), { type: "neighbor", urgent: false }, 0);
    expect(overlay.isNeighbor(peer(2))).toBe(false);
    expect(overlay.isNeighbor(peer(6))).toBe(true);
  });

  test("[O9] floods of every type of frame are refused by name beyond a few, and leave nothing in memory", () => {
    const { overlay, sent, refused, up } = alone();
    up(1);
    up(2);
    overlay.frame(peer(1), { type: "neighbor", urgent: true }, 0);
    overlay.frame(peer(2), { type: "neighbor", urgent: true }, 0);
    const flood: OverlayFrame[] = [
      { type: "neighbor", urgent: true },
      { type: "shuffle", contacts: [{ peer: peer(9), address: address(9) }], hops: 16 },
      { type: "neighbor-answer", accepted: true },
    ];
    for (let i = 0; i < 3_000; i++) overlay.frame(peer(1), flood[i % 3]!, 0);
    expect(refused.filter((refusal) => refusal === "too-many-requests").length).toBeGreaterThan(2_900);
    expect(sent.length).toBeLessThan(100);
    expect(overlay.isNeighbor(peer(1))).toBe(true);
  });

  test("[O5a] an answer to a shuffle that nobody sent is a bad-request and brings nothing", () => {
    const { overlay, refused, up } = alone();
    up(1);
    overlay.frame(peer(1), { type: "neighbor", urgent: true }, 0);
    overlay.frame(peer(1), { type: "shuffle-reply", contacts: [{ peer: peer(9), address: address(9) }] }, 0);
    expect(refused).toEqual(["bad-request"]);
    expect([...overlay.passive()]).toEqual([]);
  });

  test("[O5] [O5a] a peer that is no neighbour shuffles nothing, and a walk goes no further than five steps", () => {
    const { overlay, sent, up } = alone();
    const shuffle: OverlayFrame = {
      type: "shuffle",
      contacts: [{ peer: peer(9), address: address(9) }],
      hops: 16,
    };
    up(1);
    up(2);
    overlay.frame(peer(1), shuffle, 0);
    expect(sent).toEqual([]);
    for (const i of [1, 2]) overlay.frame(peer(i), { type: "neighbor", urgent: true }, 0);
    overlay.frame(peer(1), shuffle, 0);
    expect(sent.at(-1)).toEqual([peer(2), { ...shuffle, hops: 4 }]);
  });

  test("[O5] [O5a] a peer sends a shuffle every 30 s, and answers one that ends with it", () => {
    const { overlay, sent, up, run } = alone();
    up(1);
    overlay.frame(peer(1), { type: "neighbor", urgent: true }, 0);
    run(0, 90_000);
    const me = { peer: peer(0), address: address(0) };
    const neighbor = { peer: peer(1), address: address(1) };
    const walks = sent.filter(([, { type }]) => type === "shuffle");
    expect(walks).toHaveLength(3);
    for (const walk of walks)
      expect(walk).toEqual([peer(1), { type: "shuffle", contacts: [me, neighbor], hops: 4 }]);
    overlay.frame(
      peer(1),
      { type: "shuffle", contacts: [{ peer: peer(7), address: address(7) }], hops: 3 },
      90_000,
    );
    expect(sent).toContainEqual([peer(1), { type: "shuffle-reply", contacts: [neighbor] }]);
    expect([...overlay.passive()]).toEqual([address(7)]);
  });

  test("[O4] hearsay fills at most half of the view, and is not passed on", () => {
    const { overlay, sent, up, run } = alone();
    for (const i of [1, 2]) {
      up(i);
      overlay.frame(peer(i), { type: "neighbor", urgent: true }, 0);
    }
    overlay.members(
      Array.from({ length: 32 }, (_, i) => address(100 + i)),
      0,
    );
    for (let round = 0; round < 20; round++) {
      const contacts = Array.from({ length: 8 }, (_, i): Contact => {
        const number = 1_000 + round * 8 + i;
        return { peer: peer(number), address: address(number) };
      });
      overlay.frame(peer(1), { type: "shuffle", contacts, hops: 0 }, round * 2_000);
    }
    const passive = [...overlay.passive()];
    expect(passive).toHaveLength(30);
    expect(passive.filter((known) => known >= address(1_000))).toHaveLength(15);
    run(40_000, 4 * MINUTE);
    const passedOn = sent.flatMap(([, frame]) =>
      frame.type === "shuffle" || frame.type === "shuffle-reply" ? frame.contacts : [],
    );
    expect(passedOn.length).toBeGreaterThan(0);
    for (const contact of passedOn) expect([peer(0), peer(1), peer(2)]).toContain(contact.peer);
  });

  test("[O1a] an answer that comes too late is undone, so that both sides agree", () => {
    const { overlay, sent, up, run } = alone();
    overlay.members([address(1)], 0);
    up(1);
    expect(sent).toEqual([[peer(1), { type: "neighbor", urgent: true }]]);
    overlay.tick(10_000);
    sent.length = 0;
    overlay.frame(peer(1), { type: "neighbor-answer", accepted: true }, 10_500);
    expect(sent).toEqual([[peer(1), { type: "disconnect" }]]);
    run(10_500, 20_000);
  });
});

describe("by inputs and events alone", () => {
  test("[O3] a peer that asks is answered, and then is a neighbour", () => {
    const { overlay, events, up } = alone();
    up(1);
    events.length = 0;
    overlay.frame(peer(1), { type: "neighbor", urgent: false }, 0);
    expect(events).toEqual([
      { type: "send", to: peer(1), frame: { type: "neighbor-answer", accepted: true } },
      { type: "neighbor-up", peer: peer(1) },
    ]);
  });

  test("a neighbour that parts is no longer one, and nothing is sent to it", () => {
    const { overlay, events, up } = alone();
    up(1);
    overlay.frame(peer(1), { type: "neighbor", urgent: false }, 0);
    events.length = 0;
    overlay.frame(peer(1), { type: "disconnect" }, 0);
    expect(events).toEqual([{ type: "neighbor-down", peer: peer(1) }]);
  });

  test("[O9] a call that could not begin costs nothing, and its contact rests", () => {
    const { overlay, dialled, run } = alone();
    overlay.members(
      Array.from({ length: 30 }, (_, i) => address(i + 1)),
      0,
    );
    const lastAt = new Map<Address, Time>();
    let count = 0;
    run(0, MINUTE, (now) => {
      for (let called = dialled.shift(); called; called = dialled.shift()) {
        expect(now - (lastAt.get(called) ?? -Infinity)).toBeGreaterThanOrEqual(5_000);
        lastAt.set(called, now);
        count++;
        overlay.notDialled(called, now);
      }
    });
    expect(count).toBeGreaterThan(100);
  });
});

// -- details -----------------------------------------------------------------------------------------------------------

const peer = (number: number): PeerId => number.toString(16).padStart(64, "0") as PeerId;
const address = (number: number): Address => number.toString(16).padStart(32, "0") as Address;

/** One overlay, number 0; the test plays all other peers. */
const alone = () => {
  const sent: [to: PeerId, frame: OverlayFrame][] = [];
  const events: OverlayEvent[] = [];
  const refused: Refusal[] = [];
  const dialled: Address[] = [];
  const left: { is: ConnectionsLeft } = { is: "plenty" };
  let samples = 0;
  let seed = 7;
  const overlay = new Overlay({
    me: peer(0),
    address: address(0),
    queue: (event) => {
      events.push(event);
      if (event.type === "send") sent.push([event.to, event.frame as OverlayFrame]);
      if (event.type === "pass-over") refused.push(event.refusal);
      if (event.type === "dial") dialled.push(event.address);
      if (event.type === "output") samples++;
    },
    view: { mayDial: () => true, connectionsLeft: () => left.is },
    random: () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647,
  });
  const up = (number: number, now: Time = 0) => overlay.linkUp(peer(number), address(number), now);
  /** Ticks at every deadline within the time. */
  const run = (from: Time, to: Time, each: (now: Time) => void = () => {}) => {
    for (let now = from; now <= to; now = Math.max(now + 1, overlay.nextDeadline() ?? Infinity)) {
      overlay.tick(now);
      each(now);
    }
  };
  return { overlay, events, sent, refused, dialled, left, up, run, samples: () => samples };
};

/** A member that calls everybody all the time, takes every place it gets, and names only members like itself. */
const greedy = (net: Net, me: Member): Behind => {
  let callAt: Time = net.now;
  const taken = new Set<PeerId>();
  return {
    members: () => {},
    linkUp: (to) => net.send(me, to, { type: "neighbor", urgent: true }),
    linkDown: (from) => void taken.delete(from),
    dialFailed: () => {},
    isNeighbor: (who) => taken.has(who),
    frame: (from, frame) => {
      if (frame.type === "neighbor") net.send(me, from, { type: "neighbor-answer", accepted: true });
      if (frame.type === "disconnect") taken.delete(from);
      if (frame.type === "neighbor" || (frame.type === "neighbor-answer" && frame.accepted)) taken.add(from);
    },
    nextDeadline: () => callAt,
    tick: (now) => {
      callAt = now + 20_000;
      const victim = net.members[net.random.below(net.members.length)]!;
      if (victim !== me && !me.links.has(victim.id)) net.dial(me, victim.address);
    },
  };
};

/** Probes as gossip does: news is kept from one neighbour, which tells of it if it hears it from another. */
const probe = (net: Net, member: Member, isHonest: ReadonlySet<PeerId>): void => {
  const neighbors = member.neighbors();
  const probed = neighbors[net.random.below(neighbors.length)];
  if (probed === undefined) return;
  const others = net.byId.get(probed)!.neighbors();
  const passesOn = isHonest.has(probed) && others.some((id) => id !== member.id && isHonest.has(id));
  if (passesOn) member.overlay.told(probed);
  else member.overlay.missed(probed);
};
