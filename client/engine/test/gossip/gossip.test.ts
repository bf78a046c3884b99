import { describe, expect, test } from "vitest";
import type { Entry } from "../../src/feed/entry.ts";
import type { Head } from "../../src/feed/feed.ts";
import { type Want } from "../../src/wire/frame.ts";
import { decodeFrame } from "../../src/wire/frame-codec.ts";
import { Missing } from "../../src/gossip/missing.ts";
import { isHostile } from "../../src/names/refusal.ts";
import { SeededRandom } from "../../../testing/random.ts";
import { here, Net, newSigner, Pen, post, shares, type Node } from "./gossip-net.ts";

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);

const expectSame = (nodes: readonly Node[]): void => {
  const [first, ...others] = nodes.map((node) => node.state());
  for (const other of others) expect(other).toEqual(first);
};
const wantsIn = (bytes: Uint8Array): readonly Want[] => {
  const frame = decodeFrame(bytes);
  return frame.ok && frame.value.type === "wants" ? frame.value.wants : [];
};
const headsIn = (bytes: Uint8Array): readonly Head[] => {
  const frame = decodeFrame(bytes);
  return frame.ok && frame.value.type === "heads" ? frame.value.heads : [];
};
const introduce = (nodes: readonly Node[]): void => {
  for (const [i, node] of nodes.entries()) node.gossip.append("presence", [here(`peer ${i}`)]);
};
const posts = (count: number, from = 0): Entry[] =>
  Array.from({ length: count }, (_, i) => post(`${from + i}`));

describe("[E10] two peers", () => {
  test("each learn the other's entries from before they met, and the later ones", () => {
    const net = new Net(1);
    const [ada, ben] = net.addMany(2) as [Node, Node];
    introduce([ada, ben]);
    ada.gossip.append("library", shares(3));
    ben.gossip.append("board", [post("hello")]);
    net.run(100);
    net.link(ada, ben);
    net.run(1_000);
    ada.gossip.append("library", shares(1, 3));
    net.run(1_000);
    expect(ben.of(ada, "library")).toEqual(shares(4));
    expect(ada.of(ben, "board")).toEqual([post("hello")]);
    expectSame([ada, ben]);
    expect([...ada.refused, ...ben.refused]).toEqual([]);
  });

  test("a library of 10,000 files crosses in bounded batches, in order and once", () => {
    const net = new Net(1);
    const [ada, ben] = net.addMany(2) as [Node, Node];
    ada.gossip.append("library", shares(10_000));
    net.run(1_000);
    net.link(ada, ben);
    net.run(5_000);
    expect(ben.of(ada, "library")).toEqual(shares(10_000));
    expect(ben.payloads).toBe(ben.applications);
    expect(ben.payloads).toBeLessThan(50);
  });
});

test.each([
  ["chain", (net: Net, nodes: Node[]) => nodes.forEach((node, i) => i > 0 && net.link(nodes[i - 1]!, node))],
  [
    "ring",
    (net: Net, nodes: Node[]) => nodes.forEach((node, i) => net.link(node, nodes[(i + 1) % nodes.length]!)),
  ],
  ["full mesh", (net: Net, nodes: Node[]) => nodes.forEach((a) => nodes.forEach((b) => net.link(a, b)))],
] as const)(
  "[E12] %s: what anyone says reaches everyone, once settled in about one copy each",
  (_, shape) => {
    const net = new Net(2);
    const nodes = net.addMany(8);
    shape(net, nodes);
    introduce(nodes);
    net.run(10_000);
    for (let round = 0; round < 10; round++) {
      for (const node of nodes) node.gossip.append("board", [post(`round ${round}`)]);
      net.run(2_000);
    }
    const before = nodes.reduce((sum, { payloads }) => sum + payloads, 0);
    for (const node of nodes) {
      node.gossip.append("board", [post("settled")]);
      net.run(2_000);
    }
    const copies = nodes.reduce((sum, { payloads }) => sum + payloads, -before) / (8 * 7);
    expect(copies).toBeLessThan(1.1);
    expectSame(nodes);
    for (const node of nodes) expect(node.of(nodes[0]!, "board").length).toBe(11);
  },
);

test.each([
  [2, 500],
  [50, 500],
  [100, 650],
  [3_200, 1_400],
])("[E12b] a peer that knows %i authors waits %i ms for news to come by themselves", (authors, ms) => {
  const missing = new Missing(() => {}, { feed: () => null, authors: () => authors });
  const random = new SeededRandom(1);
  const [neighbor, author] = [newSigner(random).id, newSigner(random).id];
  missing.peerUp(neighbor);
  missing.heard(neighbor, { author, epoch: 1, topic: "board", base: 0, length: 1, mark: "" }, true, 7_000);
  expect(missing.nextDeadline()).toBe(7_000 + ms);
});

test("[E12] a room of 50 with six neighbours each: under 1.3 payload copies a peer and post once the tree has settled", () => {
  const net = new Net(3);
  const nodes = net.addMany(50);
  net.linkAtRandom(nodes, 6);
  introduce(nodes);
  net.run(20_000);
  for (let i = 0; i < 40; i++) {
    nodes[net.random.below(50)]!.gossip.append("board", [post(`warm up ${i}`)]);
    net.run(500);
  }
  net.run(5_000);
  const before = nodes.reduce((sum, { payloads }) => sum + payloads, 0);
  for (let i = 0; i < 50; i++) {
    nodes[net.random.below(50)]!.gossip.append("board", [post(`post ${i}`)]);
    net.run(1_000);
  }
  const copies = nodes.reduce((sum, { payloads }) => sum + payloads, -before) / (50 * 49);
  expect(copies).toBeLessThan(1.3);
  net.run(5_000);
  expectSame(nodes);
  expect(nodes.flatMap(({ refused }) => refused)).toEqual([]);
});

describe("[E10] all peers end with the same feeds, whatever links do", () => {
  test.each(
    SEEDS.flatMap(
      (seed) =>
        [
          [seed, "links keep their order", 10_000],
          [seed, "frames overtake each other", 300_000],
        ] as const,
    ),
  )("seed %i: duplicates, replays, links that come and go; %s", (seed, way, healsWithinMs) => {
    const net = new Net(seed);
    net.isOrdered = way === "links keep their order";
    const { random } = net;
    net.copiesOf = () => 1 + random.below(2);
    const nodes = net.addMany(12);
    const any = (): Node => nodes[random.below(nodes.length)]!;
    net.linkAtRandom(nodes, 4);
    introduce(nodes);
    for (let step = 0; step < 120; step++) {
      const node = any();
      const deed = random.below(10);
      if (deed < 3) node.gossip.append("board", posts(1 + random.below(3), step));
      else if (deed < 5) node.gossip.append("library", shares(1 + random.below(5), step % 200));
      else if (deed < 6) node.gossip.append("presence", [here(`renamed ${step}`)]);
      else if (deed < 7) net.link(node, any());
      else if (deed < 8) net.unlink(node, [...node.links.values()][0]?.node ?? node);
      else {
        const { to, bytes } = net.sent[random.below(net.sent.length)]!;
        const [from] = to.links.keys();
        if (from) to.receive(from, bytes);
      }
      net.run(random.below(400));
    }
    net.copiesOf = () => 1;
    net.linkAtRandom(nodes, 4);
    net.run(healsWithinMs);
    expectSame(nodes);
    for (const { refused } of nodes) expect(refused.filter(({ refusal }) => isHostile(refusal))).toEqual([]);
    expect(nodes.flatMap(({ forks }) => forks)).toEqual([]);
  });

  test.each(SEEDS.slice(0, 5))(
    "seed %i: two halves cut apart and healed are the same within 10 s",
    (seed) => {
      const net = new Net(seed);
      const nodes = net.addMany(40);
      const halves = [nodes.slice(0, 20), nodes.slice(20)];
      for (const half of halves) net.linkAtRandom(half, 5);
      introduce(nodes);
      for (const node of nodes) {
        node.gossip.append("library", shares(20));
        node.gossip.append("board", posts(5));
      }
      net.run(30_000);
      for (let i = 0; i < 3; i++) net.link(halves[0]![i]!, halves[1]![i]!);
      net.run(10_000);
      expectSame(nodes);
      expect(nodes[0]!.of(nodes[39]!, "board")).toEqual(posts(5));
    },
  );
});

test("[E11] a newcomer gets everything: first presences, then libraries, then boards", () => {
  const net = new Net(5);
  const nodes = net.addMany(30);
  net.linkAtRandom(nodes, 5);
  introduce(nodes);
  for (const node of nodes) {
    node.gossip.append("board", posts(3));
    node.gossip.append("library", shares(50));
  }
  net.run(20_000);
  const newcomer = net.add();
  for (const node of nodes.slice(0, 4)) net.link(node, newcomer);
  net.run(5_000);
  expectSame([nodes[0]!, newcomer]);
  const asked = net.sent.flatMap(({ from, bytes }) => (from === newcomer ? wantsIn(bytes) : []));
  const ranks = asked.map(({ topic, from }) =>
    topic === "board" ? 3 : topic === "presence" ? 0 : from === 0 ? 1 : 2,
  );
  expect(ranks).toEqual([...ranks].sort());
  expect(newcomer.payloads).toBe(newcomer.applications);
});

describe("[E10e] a newcomer with six neighbours in a room of sixty", () => {
  const come = (betweenMs: number) => {
    const net = new Net(11);
    const nodes = net.addMany(60);
    net.linkAtRandom(nodes, 6);
    introduce(nodes);
    net.run(20_000);
    for (const node of nodes.slice(20, 50)) {
      node.gossip.append("presence", [here("another word")]); // the tree settles
      net.run(1_000);
    }
    const before = net.sent.length;
    const newcomer = net.add();
    newcomer.gossip.append("presence", [here("newcomer")]);
    newcomer.gossip.append("library", shares(3));
    net.run(100);
    for (const node of nodes.slice(0, 6)) {
      net.link(node, newcomer);
      net.run(betweenMs);
    }
    net.run(10_000);
    expectSame([...nodes, newcomer]);
    return { nodes, newcomer, sent: net.sent.slice(before) };
  };

  test("is told of everyone about once, not by each of them", () => {
    const { newcomer, sent } = come(0);
    const heads = (isTheirs: boolean) =>
      sent.flatMap(({ from, to, bytes }) => ((isTheirs ? to : from) === newcomer ? headsIn(bytes) : []));
    expect(heads(true).length).toBeLessThan(2 * 60);
    expect(heads(false).length).toBeLessThan(2 * 60);
  });

  test("[E12d] is news: few have to ask for its profile, or for its library", () => {
    const { nodes, newcomer, sent } = come(200);
    const asking = nodes.filter((node) =>
      sent.some(
        ({ from, bytes }) => from === node && wantsIn(bytes).some(({ author }) => author === newcomer.id),
      ),
    );
    expect(asking.length).toBeLessThan(12);
  });
});

test("[E12d] a peer that comes back to a neighbour is no news: its library is not sent again, and news come at once", () => {
  const net = new Net(14);
  const [ada, ben] = net.addMany(2) as [Node, Node];
  introduce([ada, ben]);
  ada.gossip.append("library", shares(100));
  net.run(100);
  net.link(ada, ben);
  net.run(2_000);
  net.unlink(ada, ben);
  net.run(1_000);
  const before = net.sent.length;
  net.link(ada, ben);
  net.run(1_000);
  expect(net.sent.slice(before).filter(({ bytes }) => bytes.length > 2_000)).toEqual([]);
  ada.gossip.append("board", [post("I am back")]);
  net.run(100);
  expect(ben.of(ada, "board")).toEqual([post("I am back")]);
});

test("[E10c] two neighbours at once: each gets the other's entries, though the second one has to wait", () => {
  const net = new Net(12);
  const [ada, ben, cid] = net.addMany(3) as [Node, Node, Node];
  introduce([ada, ben, cid]);
  ben.gossip.append("library", shares(10));
  cid.gossip.append("library", shares(10, 20));
  net.run(100);
  net.link(ada, ben);
  net.link(ada, cid);
  net.run(5_000);
  expectSame([ada, ben, cid]);
});

test("[E10c] a neighbour that tells of much and brings nothing holds up the next for only two seconds", () => {
  const net = new Net(13);
  const [ada, ben, liar] = net.addMany(3) as [Node, Node, Node];
  introduce([ben]);
  net.run(100);
  net.link(ada, liar);
  liar.receive = () => {};
  const claim = { author: newSigner(net.random).id, epoch: 1, topic: "presence" as const, base: 0 };
  liar.send(ada.id, {
    type: "heads",
    areNews: false,
    heads: [{ ...claim, length: 1, mark: "00".repeat(8) }],
  });
  net.run(200);
  // It says no word by itself, like a tab in the background.
  ben.send = () => {};
  net.link(ada, ben);
  delete (ben as Partial<Node>).send;
  net.run(2_200);
  expect(ada.of(ben, "presence")).toEqual([here("peer 0")]);
});

test("[E10f] a peer that missed an entry without losing a link has it after the next summaries", () => {
  const net = new Net(6);
  const [ada, ben] = net.addMany(2) as [Node, Node];
  net.link(ada, ben);
  net.run(1_000);
  net.copiesOf = () => 0;
  ada.gossip.append("board", posts(2));
  net.run(5_000);
  net.copiesOf = () => 1;
  net.run(120_000);
  expect(ben.of(ada, "board")).toEqual(posts(2));
});

describe("[E6] an epoch", () => {
  const reborn = () => {
    const net = new Net(7);
    const signer = newSigner(net.random);
    const [old, ben] = [net.add({ signer }), net.add()];
    net.link(old, ben);
    old.gossip.append("presence", [here("Ada")]);
    old.gossip.append("library", shares(3));
    old.gossip.append("board", posts(2));
    net.run(1_000);
    net.unlink(old, ben);
    const ada = net.add({ signer, epoch: 2 });
    return { net, old, ben, ada };
  };

  test("ends the earlier one of the same author, whose posts stay", () => {
    const { net, old, ben, ada } = reborn();
    ada.gossip.append("presence", [here("Ada again")]);
    ada.gossip.append("board", posts(1, 9));
    net.link(ada, ben);
    net.run(1_000);
    expect(ben.of(old, "presence")).toEqual([]);
    expect(ben.of(old, "library")).toEqual([]);
    expect(ben.of(old, "board")).toEqual(posts(2));
    expect(ben.of(ada, "presence")).toEqual([here("Ada again")]);
    expectSame([ada, ben]);
    const pen = new Pen(old.signer, "library");
    ben.receive(ada.id, pen.write(...shares(1)));
    net.run(1_000);
    expect(ben.of(old, "library")).toEqual([]);
  });

  test("is not ended by a claim that nobody signed", () => {
    const { net, old, ben } = reborn();
    const mallory = net.add();
    net.link(mallory, ben);
    const forged = new Pen(old.signer, "presence", 9).write(here("nobody"));
    forged.fill(1, -64);
    ben.receive(mallory.id, forged);
    net.run(1_000);
    expect(ben.refused).toEqual([{ peer: mallory.id, refusal: "false-entry" }]);
    expect(ben.of(old, "library")).toEqual(shares(3));
  });

  test("is written by its author alone: entries that others write in a peer's name are not taken", () => {
    const { net, ben, ada } = reborn();
    net.link(ada, ben);
    const pen = new Pen(ada.signer, "board", 2);
    ada.receive(ben.id, pen.write(post("not mine")));
    net.run(1_000);
    expect(ada.of(ada, "board")).toEqual([]);
  });
});

describe("[E8a] a board keeps its last posts", () => {
  test("the same ones at every peer, also at one that joins later and at one that was away meanwhile", () => {
    const net = new Net(8);
    const nodes = net.addMany(4) as [Node, Node, Node, Node];
    const [ada, ben, carol, dora] = nodes;
    net.link(ada, ben);
    net.link(ben, carol);
    ada.gossip.append("board", posts(300));
    net.run(10_000);
    net.unlink(ben, carol);
    ada.gossip.append("board", posts(700, 300));
    net.run(20_000);
    net.link(ben, dora);
    net.link(ben, carol);
    net.run(10_000);
    for (const node of nodes) expect(node.of(ada, "board")).toEqual(posts(500, 500));
    expectSame(nodes);
    expect([...ben.kept.keys()].length).toBe(500);
    expect([...carol.kept.keys()].sort()).toEqual([...ben.kept.keys()].sort());
    expect(nodes.flatMap(({ refused }) => refused)).toEqual([]);
  });

  test("[E4] a peer that missed more posts than anybody keeps begins anew with the news", () => {
    const net = new Net(14);
    const [ada, ben] = net.addMany(2) as [Node, Node];
    net.link(ada, ben);
    const pen = new Pen(newSigner(net.random), "board");
    const frames = posts(900).map((entry) => pen.write(entry));
    for (const frame of frames.slice(0, 10)) ada.hear(frame);
    net.run(2_000);
    net.copiesOf = () => 0;
    for (const frame of frames.slice(10, 899)) ada.hear(frame);
    net.run(10_000);
    net.copiesOf = () => 1;
    net.sent.length = 0;
    ada.hear(frames[899]!);
    net.run(5_000);
    expectSame([ada, ben]);
    expect(Object.values(ben.state())[0]).toHaveLength(500);
    expect(net.sent.filter(({ from }) => from === ben).length).toBeLessThan(30);
  });

  test("by bytes too", () => {
    const net = new Net(9);
    const [ada, ben, carol] = net.addMany(3) as [Node, Node, Node];
    net.link(ada, ben);
    ada.gossip.append(
      "board",
      Array.from({ length: 300 }, (_, i) => post(`${i} `.repeat(2_000))),
    );
    net.run(20_000);
    net.link(ben, carol);
    net.run(10_000);
    expect(ben.of(ada, "board").length).toBeGreaterThan(100);
    expect(ben.of(ada, "board").length).toBeLessThan(300);
    expectSame([ada, ben, carol]);
  });

  test("a peer that gets only the latest posts from one neighbour gets the older ones from another", () => {
    const net = new Net(10);
    const [ada, ben, mallory] = net.addMany(3) as [Node, Node, Node];
    const author = newSigner(net.random);
    const pen = new Pen(author, "board");
    const frames = posts(20).map((entry) => pen.write(entry));
    net.link(mallory, ben);
    ben.receive(mallory.id, frames.at(-1)!);
    net.run(1_000);
    ada.gossip.restore(frames, 0);
    net.run(1_000);
    net.link(ada, ben);
    net.run(2_000);
    expect(Object.values(ben.state())).toEqual([posts(20).map((entry, i) => [i, entry])]);
    expectSame([ada, ben]);
  });

  test("posts that a device kept are there again in the next visit, verified, and told to others", () => {
    const net = new Net(11);
    const [ada, ben] = net.addMany(2) as [Node, Node];
    net.link(ada, ben);
    ada.gossip.append("board", posts(30));
    net.run(2_000);
    const [later, other] = net.addMany(2) as [Node, Node];
    const frames = [...ben.kept.values()].reverse();
    const forged = new Pen(newSigner(net.random), "board").write(post("forged")).fill(1, -64);
    net.link(later, other);
    later.gossip.restore([forged, new Uint8Array(3), ...frames], net.now);
    net.run(2_000);
    for (const node of [later, other]) expect(node.state()).toEqual(ben.state());
    expect(later.kept.size).toBe(0);
  });
});

describe("[E13] an author that is gone", () => {
  const gone = () => {
    const net = new Net(12);
    const nodes = net.addMany(3) as [Node, Node, Node];
    const [ada, ben, carol] = nodes;
    net.link(ada, ben);
    net.link(ben, carol);
    introduce(nodes);
    ada.gossip.append("library", shares(3));
    ada.gossip.append("board", posts(1));
    net.run(2_000);
    net.unlink(ada, ben);
    ben.gossip.forget(ada.id, net.now);
    return { net, ada, ben, carol };
  };

  test("does not come back by hearsay, and its posts stay", () => {
    const { net, ada, ben, carol } = gone();
    net.unlink(ben, carol);
    net.link(ben, carol);
    net.run(180_000);
    expect(carol.of(ada, "library")).toEqual(shares(3));
    expect(ben.of(ada, "presence")).toEqual([]);
    expect(ben.of(ada, "library")).toEqual([]);
    expect(ben.of(ada, "board")).toEqual(posts(1));
  });

  test("does not come back by hearsay for an hour, even if many others go meanwhile", () => {
    const { net, ada, ben, carol } = gone();
    net.unlink(ben, carol);
    const meetAfter = (ms: number): void => {
      net.run(ms);
      ben.gossip.forget(carol.id, net.now);
      carol.gossip.append("presence", [here("Carol still")]);
      net.link(ben, carol);
      net.run(2_000);
      net.unlink(ben, carol);
    };
    meetAfter(3_500_000);
    expect(ben.of(ada, "presence")).toEqual([]);
    meetAfter(100_000);
    expect(ben.of(ada, "presence")).toHaveLength(1);
  });

  test("comes back with a later profile, and its library with it", () => {
    const { net, ada, ben } = gone();
    ada.gossip.append("presence", [here("here still")]);
    net.run(100);
    net.link(ada, ben);
    net.run(2_000);
    expect(ben.of(ada, "presence")).toEqual([here("here still")]);
    expect(ben.of(ada, "library")).toEqual(shares(3));
  });

  test("comes back although its later profile comes from a peer that never missed it", () => {
    const { net, ada, ben, carol } = gone();
    net.link(ada, carol);
    net.run(2_000);
    expect(ben.of(ada, "library")).toEqual([]);
    ada.gossip.append("presence", [here("here still")]);
    net.run(2_000);
    expect(ben.of(ada, "library")).toEqual(shares(3));
    expectSame([ada, ben, carol]);
  });
});

describe("[E14] probes", () => {
  test("a neighbour that takes and passes nothing on is found out, and no other", () => {
    const net = new Net(13);
    const nodes = net.addMany(20);
    net.linkAtRandom(nodes, 6);
    introduce(nodes);
    const taker = nodes[7]!;
    const peers = [...taker.links.values()];
    for (const { node } of peers) taker.links.delete(node.id); // nothing that it sends leaves it
    net.run(5_000);
    for (let i = 0; i < 300; i++) {
      const author = nodes.filter((node) => node !== taker)[net.random.below(19)]!;
      author.gossip.append("board", posts(1, i));
      net.run(2_000);
    }
    const missedOf = (peer: Node) =>
      nodes.flatMap((node) => node.missed.filter((id) => id === peer.id)).length;
    const toldBy = (peer: Node) => nodes.flatMap((node) => node.told.filter((id) => id === peer.id)).length;
    expect(missedOf(taker)).toBeGreaterThan(10);
    expect(toldBy(taker)).toBe(0);
    for (const node of nodes) if (node !== taker) expect(missedOf(node)).toBeLessThan(toldBy(node) / 2);
  });
});
