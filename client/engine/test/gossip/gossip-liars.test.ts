/** Hostile authors and neighbours: their bytes are refused and counted, and nobody else is blamed. */
import { describe, expect, test } from "vitest";
import { decodeBatch, type Batch, type FeedName } from "../../src/feed/batch.ts";
import type { Entry, Topic } from "../../src/feed/entry.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame-codec.ts";
import { Missing } from "../../src/gossip/missing.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { isHostile, type Refusal } from "../../src/names/refusal.ts";
import { here, Net, newSigner, Pen, post, shares, type Node } from "./gossip-net.ts";

const twice = (bytes: Uint8Array): [Batch, Batch] => {
  const batch = decodeBatch(bytes);
  if (!batch.ok) throw new Error(batch.problem);
  return [batch.value, batch.value];
};

const changed = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === (at + bytes.length) % bytes.length ? byte ^ 1 : byte));

const ANY_CLAIM = { base: 0, length: 9_000, mark: "ff".repeat(8) } as const;
const claimOf = (...names: FeedName[]): Uint8Array =>
  encodeFrame({ type: "heads", areNews: false, heads: names.map((name) => ({ ...name, ...ANY_CLAIM })) });
const authorOf = (i: number): PeerId => `${i}`.padStart(64, "0") as PeerId;

const SEEDS = Array.from({ length: 10 }, (_, seed) => seed + 1);

const entry = (topic: Topic, i: number): Entry => {
  switch (topic) {
    case "presence":
      return here(`${i}`);
    case "library":
      return shares(1, i)[0]!;
    case "board":
      return post(`${i}`);
  }
};

describe("[E9] [E9a] [E9b] [E9c] an author that signs two versions of an entry", () => {
  test.each((["library", "board"] as const).flatMap((topic) => SEEDS.map((seed) => [topic, seed] as const)))(
    "%s, seed %i: everyone freezes after the last common entry, with a proof, and nobody else is blamed",
    (topic, seed) => {
      const net = new Net(seed);
      const { random } = net;
      const nodes = net.addMany(12);
      const halves = [nodes.slice(0, 6), nodes.slice(6)];
      for (const half of halves) net.linkAtRandom(half, 3);
      net.run(1_000);
      const pen = new Pen(newSigner(random), topic);
      const common = 1 + random.below(5);
      const frames = Array.from({ length: common }, (_, i) => pen.write(entry(topic, i)));
      const branches = [pen, pen.fork()].map((branch, i) =>
        Array.from({ length: 1 + random.below(6) }, (_, j) => branch.write(entry(topic, 20 + 10 * i + j))),
      );
      for (const [i, half] of halves.entries())
        for (const frame of [...frames, ...branches[i]!]) {
          half[0]!.hear(frame);
          net.run(20);
        }
      net.run(5_000);
      for (const node of nodes) expect(node.forks).toEqual([]);
      net.link(halves[0]![1]!, halves[1]![1]!);
      net.run(10_000);
      const truth = frames.map((_, i) => [i, entry(topic, i)]);
      for (const node of nodes) {
        expect(node.forks.map(({ length }) => length)).toEqual([common]);
        expect(Object.values(node.state())).toEqual([truth]);
        expect(node.refused).toEqual([]);
      }
      // It stays so, for newcomers too, and whatever else the liar sends.
      const newcomer = net.add();
      net.link(newcomer, halves[0]![2]!);
      net.run(2_000);
      halves[1]![0]!.hear(branches[0]![0]!);
      halves[0]![0]!.hear(pen.write(entry(topic, 50)));
      net.run(5_000);
      for (const node of [newcomer, ...nodes]) expect(Object.values(node.state())).toEqual([truth]);
      expect(newcomer.forks.map(({ length }) => length)).toEqual([common]);
    },
  );

  test("with three branches: the earliest lie counts, in whatever order the lies are found", () => {
    for (const seed of SEEDS) {
      const net = new Net(seed);
      const nodes = net.addMany(9);
      const thirds = [nodes.slice(0, 3), nodes.slice(3, 6), nodes.slice(6)];
      for (const third of thirds) net.linkAtRandom(third, 2);
      const pen = new Pen(newSigner(net.random), "board");
      const common = [pen.write(post("a")), pen.write(post("b"))];
      const early = pen.fork();
      const more = [pen.write(post("c")), pen.write(post("d"))];
      const late = pen.fork();
      const branches = [
        [...common, ...more, pen.write(post("e"))],
        [...common, ...more, late.write(post("f")), late.write(post("g"))],
        [...common, early.write(post("h"))],
      ];
      for (const [i, [first]] of thirds.entries()) for (const frame of branches[i]!) first!.hear(frame);
      net.run(5_000);
      const [one, other] = seed % 2 ? [1, 2] : [2, 1];
      net.link(thirds[0]![0]!, thirds[one]![0]!);
      net.run(net.random.below(1_000));
      net.link(thirds[0]![1]!, thirds[other]![0]!);
      net.run(10_000);
      for (const node of nodes) {
        expect(node.forks.at(-1)?.length).toBe(2);
        expect(Object.values(node.state())).toEqual([
          [
            [0, post("a")],
            [1, post("b")],
          ],
        ]);
      }
    }
  });

  test("is frozen by everyone also when the lie is on presence, of which only the last entry is kept", () => {
    const net = new Net(3);
    const nodes = net.addMany(6);
    const halves = [nodes.slice(0, 3), nodes.slice(3)];
    for (const half of halves) net.linkAtRandom(half, 2);
    const pen = new Pen(newSigner(net.random), "presence");
    const first = pen.write(here("Janus"));
    for (const [i, branch] of [pen.fork(), pen.fork()].entries()) {
      const [node] = halves[i]!;
      for (const frame of [first, branch.write(here(`face ${i}`)), branch.write(here(`face ${i} again`))])
        node!.hear(frame);
    }
    net.run(3_000);
    net.link(nodes[0]!, nodes[5]!);
    net.run(5_000);
    for (const node of nodes) {
      expect(node.forks.length).toBe(1);
      expect(node.state()).toEqual({});
    }
  });

  test("in the middle of a batch: the entries that both batches share count, at newcomers too", () => {
    const net = new Net(10);
    const [ada, ben, carol, dora] = net.addMany(4) as [Node, Node, Node, Node];
    net.link(ada, ben);
    net.link(carol, dora);
    const pen = new Pen(newSigner(net.random), "library");
    const first = pen.write(...shares(2));
    const other = pen.fork();
    for (const frame of [first, pen.write(...shares(3, 2)), pen.write(...shares(2, 5))]) ada.hear(frame);
    for (const frame of [first, other.write(...shares(2, 2), ...shares(4, 9))]) carol.hear(frame);
    net.run(2_000);
    net.link(ben, dora);
    net.run(5_000);
    const newcomer = net.add();
    net.link(newcomer, ada);
    net.run(2_000);
    for (const node of [ada, ben, carol, dora, newcomer]) {
      expect(node.forks.map(({ length }) => length)).toEqual([4]);
      expect(Object.values(node.state())).toEqual([shares(4).map((share, i) => [i, share])]);
      expect(node.gossip.headOf(pen.name)).toEqual(ada.gossip.headOf(pen.name));
      expect(node.gossip.headOf(pen.name)!.length).toBe(4);
    }
  });

  describe("is also caught by a peer that has the other version only from a neighbour that", () => {
    const half = () => {
      const net = new Net(5);
      const [ben, mallory] = net.addMany(2) as [Node, Node];
      net.link(ben, mallory);
      net.run(100);
      const pen = new Pen(newSigner(net.random), "board");
      const other = pen.fork();
      for (const text of ["1", "2", "3"]) ben.receive(mallory.id, pen.write(post(text)));
      net.run(1_000);
      const others = ["1'", "2'", "3'"].map((text) => other.write(post(text))) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      return { net, ben, mallory, others };
    };

    test("leaves before the contradiction is verified", () => {
      const { net, ben, mallory, others } = half();
      ben.receive(mallory.id, others[2]);
      net.unlink(ben, mallory);
      net.run(1_000);
      expect(ben.forks.map(({ length }) => length)).toEqual([0]);
    });

    test.each([
      ["sends the same again when asked what was before", 2],
      ["sends what the author did not sign when asked what was before", 1],
    ] as const)("%s", (_, answer) => {
      const { net, ben, mallory, others } = half();
      mallory.receive = (from, bytes) => {
        const frame = decodeFrame(bytes);
        if (!frame.ok || frame.value.type !== "wants") return;
        mallory.send(from, answer === 2 ? others[answer] : changed(others[answer], -1));
        mallory.send(from, { type: "answered", id: frame.value.id, count: 1 });
      };
      ben.receive(mallory.id, others[2]);
      net.run(1_000);
      expect(ben.forks.map(({ length }) => length)).toEqual([0]);
    });
  });

  test("[E13] that is gone and comes back: its library stays frozen", () => {
    const net = new Net(9);
    const [ada, ben] = net.addMany(2) as [Node, Node];
    net.link(ada, ben);
    const signer = newSigner(net.random);
    const [presence, library] = [new Pen(signer, "presence"), new Pen(signer, "library")];
    ben.hear(presence.write(here("Janus")));
    const common = library.write(...shares(1));
    const branches = [library.fork().write(...shares(1, 5)), library.fork().write(...shares(1, 6))] as const;
    for (const frame of [common, ...branches]) ben.hear(frame);
    net.run(2_000);
    ben.gossip.forget(signer.id, net.now);
    ben.hear(presence.write(here("Janus again")));
    net.run(100);
    for (const frame of [common, branches[0]]) ben.hear(frame);
    net.run(2_000);
    expect(ben.state()).toEqual(ada.state());
    expect(Object.values(ben.state())[0]).toEqual([[0, shares(1)[0]]]);
  });

  test("[B7] [E9c] the device keeps the fork of a board, and it holds in the next visit", () => {
    const net = new Net(4);
    const [ada, ben, later] = net.addMany(3) as [Node, Node, Node];
    net.link(ada, ben);
    const pen = new Pen(newSigner(net.random), "board");
    const common = pen.write(post("common"));
    const branches = [pen.fork().write(post("one")), pen.fork().write(post("two"))];
    for (const frame of [common, ...branches]) ben.receive(ada.id, frame);
    net.run(2_000);
    expect(ada.forks.length).toBe(1);
    later.gossip.restore([...ada.kept.values()], net.now);
    net.run(2_000);
    expect(later.forks.length).toBe(1);
    expect(later.state()).toEqual(ada.state());
  });
});

test("[E9] an author that goes back to an earlier place and on from there is a liar; an old head rolls nothing back", () => {
  const net = new Net(5);
  const [ada, ben] = net.addMany(2) as [Node, Node];
  net.link(ada, ben);
  const pen = new Pen(newSigner(net.random), "board");
  const three = [0, 1, 2].map((i) => pen.write(post(`${i}`)));
  const back = pen.fork();
  for (const frame of [...three, pen.write(post("3")), pen.write(post("4"))]) ben.receive(ada.id, frame);
  net.run(1_000);
  const old = { ...pen.name, base: 0, length: 2, mark: "00".repeat(8) };
  ben.receive(ada.id, encodeFrame({ type: "heads", areNews: true, heads: [old] }));
  net.run(1_000);
  expect(Object.values(ben.state())[0]).toHaveLength(5);
  ben.receive(ada.id, back.write(post("3, but other")));
  net.run(1_000);
  for (const node of [ada, ben]) {
    expect(Object.values(node.state())[0]).toHaveLength(3);
    expect(node.refused).toEqual([]);
  }
});

describe("[E5] [E5a] [E5b] a hostile neighbour is refused for what it sends", () => {
  const good = (topic: Topic, ...entries: (Entry | Uint8Array)[]) => {
    const random = new Net(1).random;
    return new Pen(newSigner(random), topic).write(...entries);
  };
  const gap = (): Uint8Array => {
    const pen = new Pen(newSigner(new Net(1).random), "library");
    pen.write(...shares(2));
    return pen.write(...shares(1, 2));
  };

  test.each<[string, Uint8Array, Refusal[]]>([
    ["a changed signature", changed(good("library", ...shares(1)), -1), ["false-entry"]],
    ["a changed entry", changed(good("library", ...shares(1)), -70), ["false-entry"]],
    ["another life's batch", changed(good("library", ...shares(1)), 36), ["false-entry"]],
    ["an oversize entry", good("library", new Uint8Array(3_000)), ["oversize-entry"]],
    [
      "an oversize batch",
      good("library", ...Array.from({ length: 17 }, () => new Uint8Array(2_000))),
      ["malformed-frame"],
    ],
    ["two posts signed together", good("board", post("a"), post("b")), ["malformed-frame"]],
    ["a gap", gap(), []],
    [
      "a proof that proves nothing",
      encodeFrame({ type: "fork", batches: twice(good("board", post("a"))) }),
      ["false-fork"],
    ],
  ])("%s", (_, bytes, refusals) => {
    const net = new Net(2);
    const [mallory, ben, carol] = net.addMany(3) as [Node, Node, Node];
    net.link(mallory, ben);
    net.link(ben, carol);
    net.run(500);
    ben.receive(mallory.id, bytes);
    net.run(5_000);
    expect(ben.refused).toEqual(refusals.map((refusal) => ({ peer: mallory.id, refusal })));
    expect(ben.state()).toEqual({});
    expect(carol.payloads).toBe(0);
  });

  test("a proof with a forged signature", () => {
    const net = new Net(2);
    const [mallory, ben] = net.addMany(2) as [Node, Node];
    net.link(mallory, ben);
    const pen = new Pen(newSigner(net.random), "board");
    const said = pen.fork().write(post("said"));
    const forged = changed(pen.fork().write(post("not said")), -1);
    ben.receive(mallory.id, said);
    net.run(500);
    ben.receive(
      mallory.id,
      Uint8Array.of(0x83, 21, 0x58, said.length, ...said, 0x58, forged.length, ...forged),
    );
    net.run(500);
    expect(ben.refused).toEqual([{ peer: mallory.id, refusal: "false-fork" }]);
    expect(ben.forks).toEqual([]);
    expect(Object.values(ben.state())).toEqual([[[0, post("said")]]]);
  });

  test("[E11c] two neighbours that claim a feed and stay silent do not keep it from us", () => {
    const net = new Net(3);
    const [ada, ben, ...silent] = net.addMany(4) as [Node, Node, Node, Node];
    ada.gossip.append("library", shares(3));
    net.run(100);
    for (const mallory of silent) {
      net.link(mallory, ben);
      ben.receive(mallory.id, claimOf({ author: ada.id, epoch: 1, topic: "library" }));
      for (const { id } of [...mallory.links.values()].map(({ node }) => node)) mallory.links.delete(id);
    }
    net.run(100);
    net.link(ada, ben);
    net.run(15_000);
    expect(ben.of(ada, "library")).toEqual(shares(3));
    expect(
      net.sent.filter(({ from, to, bytes }) => from === ben && to !== ada && bytes[1] === 6).length,
    ).toBeLessThan(5);
  });

  /** The neighbour's answer, and the frames that it sends every four seconds. */
  type Ways = Record<"answers" | "says", "nothing" | "the claim" | "a known word" | "a new word">;
  test.each<[string, Ways]>([
    ["answers with nothing", { answers: "nothing", says: "nothing" }],
    ["claims it again whenever it is asked", { answers: "the claim", says: "nothing" }],
    ["answers with what is known", { answers: "a known word", says: "nothing" }],
    ["answers with something else", { answers: "a new word", says: "nothing" }],
    ["says what is known now and then", { answers: "nothing", says: "a known word" }],
    ["brings something else now and then", { answers: "nothing", says: "a new word" }],
  ])("[E11c] a neighbour that claims a feed and %s does not keep it from us", (_, { answers, says }) => {
    const net = new Net(3);
    const [ada, ben, mallory] = net.addMany(3) as [Node, Node, Node];
    ada.gossip.append("library", shares(3));
    net.run(100);
    net.link(mallory, ben);
    const pen = new Pen(newSigner(net.random), "presence");
    const known = pen.write(here("Mallory's friend"));
    const claim = claimOf({ author: ada.id, epoch: 1, topic: "library" }, pen.name);
    const say = (what: Ways["says"]): void => {
      if (what === "the claim") mallory.send(ben.id, claim);
      else if (what !== "nothing") mallory.send(ben.id, what === "a new word" ? pen.write(here("")) : known);
    };
    let asked = 0;
    mallory.receive = (_from, bytes) => {
      const frame = decodeFrame(bytes);
      if (!frame.ok || frame.value.type !== "wants") return;
      asked++;
      say(answers);
      const { id } = frame.value;
      if (says === "nothing") net.after(10, () => mallory.send(ben.id, { type: "answered", id, count: 0 }));
    };
    ben.receive(mallory.id, known);
    net.run(100);
    ben.receive(mallory.id, claim);
    net.run(100);
    net.link(ada, ben);
    for (let i = 0; i < 15; i++, net.run(4_000)) say(says);
    expect(ben.of(ada, "library")).toEqual(shares(3));
    if (answers === "nothing" || answers === "a known word") expect(asked).toBeLessThan(5);
  });

  test("[E11d] eight neighbours that claim all they can leave each other room", () => {
    const missing = new Missing(() => {}, { feed: () => null, authors: () => 0 });
    let feeds = 0;
    const claims = Array.from({ length: 8 }, (_, i) => {
      const peer = authorOf(i);
      missing.peerUp(peer);
      const before = feeds;
      const claim = () => ({ ...ANY_CLAIM, author: authorOf(feeds++), epoch: 1, topic: "board" }) as const;
      while (feeds < 100_000 && missing.heard(peer, claim(), false, 0));
      return feeds - before;
    });
    expect(Math.min(...claims)).toBeGreaterThan(200);
    expect(feeds).toBeLessThan(100_000);
  });

  test("[E11b] a neighbour that wants a library a hundred times gets no more than a link can hold, and more in time", () => {
    const net = new Net(4);
    const [ada, ben] = net.addMany(2) as [Node, Node];
    ada.gossip.append("library", shares(20_000));
    net.run(2_000);
    net.link(ada, ben);
    net.run(500);
    const want = { author: ada.id, epoch: 1, topic: "library", from: 0, batches: 1_000 } as const;
    const frame = encodeFrame({ type: "wants", id: 9, wants: [want] });
    const bytesSent = (): number =>
      net.sent.reduce((sum, { from, bytes }) => sum + (from === ada ? bytes.length : 0), 0);
    for (let i = 0; i < 400; i++) ada.receive(ben.id, frame);
    const atOnce = bytesSent();
    expect(atOnce).toBeLessThan(260 * 1024 * 1024);
    expect(ada.refused).toContainEqual({ peer: ben.id, refusal: "too-many-requests" });
    for (let i = 0; i < 100; i++, net.run(100)) ada.receive(ben.id, frame);
    expect(bytesSent() - atOnce).toBeGreaterThan(8 * 1024 * 1024);
    expect(bytesSent() - atOnce).toBeLessThan(12 * 1024 * 1024);
  });

  test("a neighbour that sends the same batch again and again is dropped", () => {
    const net = new Net(5);
    const [mallory, ben] = net.addMany(2) as [Node, Node];
    net.link(mallory, ben);
    const frame = good("library", ...shares(200));
    for (let i = 0; i < 2_000 && ben.refused.length === 0; i++) {
      ben.receive(mallory.id, frame);
      if (i === 0) net.run(100);
    }
    expect(ben.refused).toEqual([{ peer: mallory.id, refusal: "flood" }]);
    expect(isHostile("flood")).toBe(true);
  });

  test("[E10d] a neighbour that asks for everything again and again is not answered for ever", () => {
    const net = new Net(6);
    const [mallory, ben] = net.addMany(2) as [Node, Node];
    net.link(mallory, ben);
    ben.gossip.append("presence", [here("Ben")]);
    net.run(500);
    net.sent.length = 0;
    const summary = encodeFrame({ type: "summary", sums: new Uint8Array(512), isAnswer: false });
    for (let i = 0; i < 1_000; i++) ben.receive(mallory.id, summary);
    expect(net.sent.filter(({ from }) => from === ben).length).toBeLessThan(50);
    expect(ben.refused).toContainEqual({ peer: mallory.id, refusal: "too-many-requests" });
  });

  test("[E10d] a neighbour that claims without end is not heard for ever", () => {
    const net = new Net(6);
    const [mallory, ben] = net.addMany(2) as [Node, Node];
    net.link(mallory, ben);
    const name = { author: mallory.id, epoch: 1, topic: "board" } as const;
    const heads = Array.from({ length: 800 }, () => ({ ...name, ...ANY_CLAIM }));
    for (let i = 0; i < 400 && ben.refused.length === 0; i++)
      ben.gossip.frame(mallory.id, { type: "heads", areNews: false, heads }, net.now);
    expect(ben.refused).toEqual([{ peer: mallory.id, refusal: "too-many-requests" }]);
  });
});

test("[E8c] a flooding author is taken at a bounded rate and named; the neighbour that passes it on is not", () => {
  const net = new Net(7);
  const [ada, ben, carol] = net.addMany(3) as [Node, Node, Node];
  net.link(ada, ben);
  net.link(ben, carol);
  const signer = newSigner(net.random);
  const pen = new Pen(signer, "presence");
  for (let i = 0; i < 20_000; i++) {
    ben.receive(ada.id, pen.write(here(`${i}`)));
    if (i % 100 === 0) net.run(10);
  }
  net.run(1_000);
  expect(carol.applications).toBeLessThan(13_000);
  expect(new Set(ben.refused.map(({ peer, refusal }) => `${peer} ${refusal}`))).toEqual(
    new Set([`${signer.id} author-flood`]),
  );
});

test("[E3a] an entry on presence that is no profile is refused, and is not passed on", () => {
  const net = new Net(9);
  const [mallory, ben, carol] = net.addMany(3) as [Node, Node, Node];
  net.link(mallory, ben);
  net.link(ben, carol);
  const ofAnotherTopic = new Pen(newSigner(net.random), "presence");
  mallory.send(ben.id, ofAnotherTopic.write(post("not a word")));
  net.run(1_000);
  expect(ben.refused).toEqual([{ peer: mallory.id, refusal: "false-entry" }]);
  const ofNoKindKnown = new Pen(newSigner(net.random), "presence");
  mallory.send(ben.id, ofNoKindKnown.write(Uint8Array.of(0x81, 9)));
  net.run(1_000);
  expect(ben.refused).toHaveLength(2);
  expect([ben.state(), carol.state()]).toEqual([{}, {}]);
});

test("[E8d] a neighbour that brings one invented author after another is slowed down, and others are heard", () => {
  const net = new Net(10);
  const [mallory, ben, ada] = net.addMany(3) as [Node, Node, Node];
  net.link(mallory, ben);
  net.link(ada, ben);
  for (let i = 0; i < 8_500; i++) {
    ben.receive(mallory.id, new Pen(newSigner(net.random), "board").write(post(`${i}`)));
    if (i % 100 === 0) net.run(10);
  }
  ada.gossip.append("board", [post("here I am")]);
  net.run(2_000);
  expect(new Set(ben.refused.map(({ peer, refusal }) => `${peer} ${refusal}`))).toEqual(
    new Set([`${mallory.id} too-many-entries`]),
  );
  expect(ben.applications).toBeLessThan(8_300);
  expect(ben.of(ada, "board")).toEqual([post("here I am")]);
});

test("[E8d] many newcomers are no flood, even if their libraries come while their profiles are still checked", () => {
  const net = new Net(10);
  const [ada, ben] = net.addMany(2) as [Node, Node];
  net.link(ada, ben);
  for (let i = 0; i < 5_000; i++) {
    const signer = newSigner(net.random);
    ben.receive(ada.id, new Pen(signer, "presence").write(here(`${i}`)));
    ben.receive(ada.id, new Pen(signer, "library").write(...shares(1, i % 256)));
    net.run(1);
  }
  net.run(1_000);
  expect(ben.refused).toEqual([]);
  expect(ben.applications).toBe(10_000);
});

describe("[E9d] forks of unknown authors", () => {
  const lie = (net: Net): { common: Uint8Array; proof: Uint8Array } => {
    const pen = new Pen(newSigner(net.random), "board");
    const common = pen.write(post("common"));
    const [one, other] = [pen.fork(), pen].map((branch, i) => twice(branch.write(post(`${i}`)))[0]);
    return { common, proof: encodeFrame({ type: "fork", batches: [one!, other!] }) };
  };

  test("are no news, and blame nobody", () => {
    const net = new Net(11);
    const [mallory, ben, carol] = net.addMany(3) as [Node, Node, Node];
    net.link(mallory, ben);
    net.link(ben, carol);
    for (let i = 0; i < 300; i++) mallory.send(ben.id, lie(net).proof);
    net.run(2_000);
    for (const node of [ben, carol]) expect([node.forks, node.refused]).toEqual([[], []]);
    expect(net.sent.some(({ from, bytes }) => from === ben && bytes[1] === 21)).toBe(false);
  });

  test("count once the author is known", () => {
    const net = new Net(12);
    const [mallory, ben, carol] = net.addMany(3) as [Node, Node, Node];
    net.link(mallory, ben);
    net.link(ben, carol);
    const { common, proof } = lie(net);
    mallory.send(ben.id, proof);
    net.run(1_000);
    mallory.send(ben.id, common);
    net.run(2_000);
    for (const node of [ben, carol]) expect(node.forks.map(({ length }) => length)).toEqual([1]);
  });
});

test("[E7] batches beyond those that can be checked at once are refused without blame, and taken later", () => {
  const net = new Net(8);
  const [ada, ben] = net.addMany(2) as [Node, Node];
  net.link(ada, ben);
  net.run(100);
  const pen = new Pen(newSigner(net.random), "presence");
  const words = Array.from({ length: 8_200 }, () => pen.write(here("Ada")));
  for (const word of words) ben.receive(ada.id, word);
  expect(ben.refused).toEqual(Array(8).fill({ peer: ada.id, refusal: "too-many-entries" }));
  expect(isHostile("too-many-entries")).toBe(false);
  net.run(1_000);
  expect(ben.gossip.headOf(pen.name)!.length).toBe(8_192);
  ben.receive(ada.id, words.at(-1)!);
  net.run(1_000);
  expect(ben.gossip.headOf(pen.name)!.length).toBe(8_200);
});

test("[E9c] 256 forks of very many liars are kept, and shown to newcomers", () => {
  const net = new Net(8);
  const [mallory, ben, newcomer] = net.addMany(3) as [Node, Node, Node];
  net.link(mallory, ben);
  for (let i = 0; i < 300; i++) {
    const pen = new Pen(newSigner(net.random), "board");
    ben.receive(mallory.id, pen.write(post("common")));
    for (const text of ["one", "two"]) ben.receive(mallory.id, pen.fork().write(post(text)));
    net.run(10);
  }
  expect(ben.forks.length).toBe(300);
  net.link(ben, newcomer);
  net.run(200_000);
  expect(newcomer.forks.length).toBe(256);
});

test("[E8] a library that never ends fills a bounded part of the memory, and is not asked for more", () => {
  const net = new Net(8);
  const [mallory, ben] = net.addMany(2) as [Node, Node];
  net.link(mallory, ben);
  const pen = new Pen(mallory.signer, "library");
  const entries = Array.from({ length: 15 }, () => new Uint8Array(2_048).fill(7));
  for (let i = 0; i < 1_200; i++) {
    ben.receive(mallory.id, pen.write(...entries));
    net.run(5);
  }
  const length = ben.gossip.headOf(pen.name)!.length;
  expect(length * 2_048).toBeLessThan(33 * 1024 * 1024);
  expect(length * 2_048).toBeGreaterThan(30 * 1024 * 1024);
  net.run(10_000);
  net.sent.length = 0;
  const claim = { ...pen.name, base: 0, length: 190_000, mark: "00".repeat(8) };
  ben.receive(mallory.id, encodeFrame({ type: "heads", areNews: false, heads: [claim] }));
  net.run(1_000);
  expect(net.sent.filter(({ from }) => from === ben)).toEqual([]);
});
