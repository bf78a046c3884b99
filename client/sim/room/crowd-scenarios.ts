/** Scenarios for rooms of whole engines, and the conditions that must hold. In all of them nobody honest is refused. */
import { decodeBatch, encodeBatch, entriesOf, headOf, headText, isBatch } from "@swapmeet/engine/feed/batch";
import { decodeEntry, encodeEntry } from "@swapmeet/engine/feed/entry";
import { decodeFrame, encodeFrame } from "@swapmeet/engine/wire/frame-codec";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { Crowd, GROUP, type Posting } from "./crowd.ts";
import { HeapWatch, leaveBuffersUncounted } from "../large-heap.ts";
import { eachOutput } from "../../testing/lies.ts";
import type { CarriedFrame, SimPeer } from "./room.ts";
import { must, type Outcome, type Scenario, type Tell } from "../scenario.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const TEN_YEARS = 10 * 365 * 24 * 60 * MINUTE;
const ARRIVING_MS_PER_PEER = 20;
const FILES_PER_PEER = 1;
/** In large rooms time passes in steps while peers come and while something is waited for: this halves the run time. */
const LARGE_ROOM = 1_000;
const LARGE_ROOM_STEP_MS = 50;
const HUGE_ROOM = 2_500;
const HUGE_ROOM_STEP_MS = 150;
const LOOK_AT_HEAP_EVERY_MS = 100;
/** The most offers times peers that know them: in larger rooms the other peers share nothing, to fit in memory. */
const MOST_KNOWN_OFFERS = 1_000_000;
const POSTS = 20;
const POST_EVERY_MS = 300;
/** News cross a room in a second or two; lost ones come a little later. */
const SPREAD_MS = 15 * SECOND;
/** Enough time to notice cut links, to suspect their peers, to wait for an answer, and to take them for gone. */
const FORGOTTEN_MS = 3 * MINUTE;
/** A word on its way when its author vanished counts as a sign of life: then two intervals of silence have to pass. */
const MISSED_MS = 2 * MINUTE;
/** When many vanish at once, this share may do so with all neighbours: a call or silence shows it much later. */
const MOST_UNNOTICED = 0.005;

/** A room in which everyone knows everyone. */
class Gathering {
  readonly crowd: Crowd;
  readonly figures: string[] = [];
  readonly #tell: Tell | undefined;
  readonly #heap = new HeapWatch();
  /** The honest peers, with the number of files that each has brought. */
  readonly #filesByPeer = new Map<SimPeer, number>();
  #sharers = 0;
  #stepMs = 1;
  /** The peer that was last found to lack something: it is checked first, before all others. */
  #behind: SimPeer | null = null;

  constructor(seed: number, tell?: Tell) {
    this.crowd = new Crowd(seed);
    this.#tell = tell;
  }

  static of(peers: number, seed: number, tell?: Tell): Gathering {
    const gathering = new Gathering(seed, tell);
    gathering.gather(peers, () => gathering.come());
    return gathering;
  }

  /** Lets so many peers come, one after another, and get to know each other. */
  gather(peers: number, come: (index: number) => void): void {
    const { crowd } = this;
    this.#sharers = Math.floor(MOST_KNOWN_OFFERS / peers);
    this.#stepMs = stepMsOf(peers);
    if (peers >= LARGE_ROOM) this.#lookAtHeap();
    if (peers >= HUGE_ROOM) leaveBuffersUncounted();
    crowd.comeWithin(peers, peers * ARRIVING_MS_PER_PEER, come);
    this.#coarsely(() => crowd.pass(peers * ARRIVING_MS_PER_PEER));
    this.soon("everyone knows everyone and what they share", 2 * MINUTE, () => this.#allKnowAll());
    crowd.pass(30 * SECOND);
  }

  come(options = {}): SimPeer {
    const peer = this.crowd.come(options);
    const files = this.#filesByPeer.size < this.#sharers ? FILES_PER_PEER : 0;
    this.crowd.share(peer, files);
    this.#filesByPeer.set(peer, files);
    return peer;
  }

  get honest(): SimPeer[] {
    return [...this.#filesByPeer.keys()].filter(({ isAlive }) => isAlive);
  }

  /** Lets these peers post, one after another, so that each may have seen the post before. */
  post(count: number, everyMs: number, among = this.honest): Posting[] {
    return Array.from({ length: count }, () => {
      const posting = this.crowd.post(this.crowd.someone(among));
      this.crowd.pass(everyMs);
      return posting;
    });
  }

  say(...figures: readonly string[]): void {
    this.figures.push(...figures);
    for (const figure of figures) this.#tell?.(figure);
  }

  soon(what: string, withinMs: number, holds: () => boolean): void {
    const tookMs = this.#coarsely(() => this.crowd.until(holds, withinMs));
    must(tookMs !== null, `${what} within ${seconds(withinMs)}`);
    this.say(
      `${what} after ${seconds(tookMs!)}${this.#stepMs > 1 ? ` (in steps of ${this.#stepMs} ms)` : ""}`,
    );
  }

  /** Whether all know the same, and list exactly the people who are there. */
  get agree(): boolean {
    return this.agreeBut(0);
  }

  /** Whether all know the same, and list at most so many people who are not there any more. */
  agreeBut(unnoticed: number): boolean {
    const isRight = (count: number): boolean => count >= 0 && count <= unnoticed;
    return (
      this.#isTrueOfAll((peer) => isRight(this.unnoticedBy(peer))) && this.crowd.opinions(this.honest) === 1
    );
  }

  /** How many people it lists who are not there any more, if it lists all who are. */
  unnoticedBy({ engine }: SimPeer): number {
    return engine.people().length - (this.honest.length - 1);
  }

  /** The share of these posts that is on the boards of these peers. */
  delivered(postings: readonly Posting[], peers = this.honest): number {
    let delivered = 0;
    for (const { engine } of peers) {
      const texts = new Set(engine.posts(GROUP).map(({ text }) => text));
      for (const { text } of postings) delivered += Number(texts.has(text));
    }
    return delivered / (postings.length * peers.length);
  }

  /** Measures posts that came as news, not those in the history that a newcomer gets. */
  measureSpread(postings: readonly Posting[]): { copies: number } {
    const peers = this.honest.length;
    const receipts = postings.flatMap(({ author, at, receiptByPeer }) =>
      [...receiptByPeer]
        .filter(([peer]) => peer !== author && peer.cameAt <= at)
        .map(([, receipt]) => ({ hops: receipt.hops, tookMs: receipt.at - at })),
    );
    const hops = receipts.map((receipt) => receipt.hops).sort((a, b) => a - b);
    const tookMs = receipts.map((receipt) => receipt.tookMs).sort((a, b) => a - b);
    const copies = postings.reduce((sum, posting) => sum + posting.copies, 0) / postings.length / peers;
    this.say(
      `${(100 * this.delivered(postings)).toFixed(3)} % delivered`,
      `hops p50 ${at(hops, 0.5)} max ${at(hops, 1)}`,
      `post p50 ${seconds(at(tookMs, 0.5))} p99 ${seconds(at(tookMs, 0.99))} max ${seconds(at(tookMs, 1))}`,
      `${copies.toFixed(3)} payload copies`,
    );
    return { copies };
  }

  measureIdle(): { bytesPerSecond: number } {
    const bytesPerSecond = this.crowd.idleBytesPerSecond(this.honest, MINUTE);
    this.say(`${Math.round(bytesPerSecond)} B/s idle`);
    return { bytesPerSecond };
  }

  measureLinks(): { neighbors: number } {
    const neighbors = this.honest.map(({ engine }) => engine.neighborCount);
    const links = this.honest.map((peer) => peer.linked().length);
    const connections = this.honest.map(({ connectionCount }) => connectionCount);
    this.say(
      `neighbours ${meanAndMost(neighbors)}`,
      `links ${meanAndMost(links)}`,
      `connections ${meanAndMost(connections)}`,
    );
    return { neighbors: Math.max(...neighbors) };
  }

  end(): Outcome {
    const names = new Set<PeerId>([...this.#filesByPeer.keys()].map(({ id }) => id));
    for (const { notices } of this.#filesByPeer.keys())
      for (const notice of notices)
        if (notice.type === "peer-dropped")
          must(!names.has(notice.peer), `nobody honest is refused: ${notice.refusal}`);
    return { figures: this.figures, trace: this.crowd.trace };
  }

  /** Watches the heap as long as the room exists, because the memory it needs changes. */
  #lookAtHeap(): void {
    this.#heap.look();
    this.crowd.room.after(LOOK_AT_HEAP_EVERY_MS, () => this.#lookAtHeap());
  }

  #allKnowAll(): boolean {
    const { honest } = this;
    return this.#isTrueOfAll(({ id, engine }) => {
      const people = new Map(engine.people().map((person) => [person.peer, person.fileCount]));
      return honest.every(
        (other) => other.id === id || people.get(other.id) === this.#filesByPeer.get(other),
      );
    });
  }

  #isTrueOfAll(holds: (peer: SimPeer) => boolean): boolean {
    const { honest } = this;
    if (this.#behind?.isAlive && !holds(this.#behind)) return false;
    this.#behind = honest.find((peer) => !holds(peer)) ?? null;
    return this.#behind === null;
  }

  #coarsely<Result>(pass: () => Result): Result {
    const { room } = this.crowd;
    room.grainMs = this.#stepMs;
    const result = pass();
    room.grainMs = 1;
    return result;
  }
}

const stepMsOf = (peers: number): number =>
  peers < LARGE_ROOM ? 1 : peers < HUGE_ROOM ? LARGE_ROOM_STEP_MS : HUGE_ROOM_STEP_MS;
const seconds = (ms: number): string => `${(ms / SECOND).toFixed(1)} s`;
const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
const meanAndMost = (counts: readonly number[]): string =>
  `${(counts.reduce((sum, count) => sum + count, 0) / counts.length).toFixed(1)} (max ${Math.max(...counts)})`;

/** Measures the number of links, the spread of posts, and the traffic at rest. */
const measureRest = (room: Gathering, peers: number): void => {
  const { neighbors } = room.measureLinks();
  must(neighbors <= 8, `${neighbors} neighbours`);
  const postings = room.post(POSTS, 500);
  room.crowd.pass(SPREAD_MS);
  const { copies } = room.measureSpread(postings);
  must(room.delivered(postings) === 1, "everyone has every post");
  if (peers >= 50) must(copies < 1.5, `${copies} copies of a post for each peer`);
  const { bytesPerSecond } = room.measureIdle();
  must(bytesPerSecond < 2048, `an idle peer sends ${bytesPerSecond} B/s`);
};

/** Makes a peer that takes everything and passes nothing on, asks urgently, and names only peers like itself. */
const swallow = (peer: SimPeer, others: readonly SimPeer[]): void => {
  peer.tap = eachOutput((output) => {
    if (output.type !== "send") return [output];
    const decoded = decodeFrame(output.bytes);
    if (!decoded.ok) return [output];
    const frame = decoded.value;
    switch (frame.type) {
      case "batch":
        return frame.batch.author === peer.id ? [output] : [];
      case "heads":
      case "wants":
      case "answered":
      case "summary":
      case "fork":
      case "suspect":
        return [];
      case "neighbor":
        return [{ ...output, bytes: encodeFrame({ type: "neighbor", urgent: true }) }];
      case "shuffle":
      case "shuffle-reply": {
        const contacts = others.map(({ id, address }) => ({ peer: id, address }));
        return [{ ...output, bytes: encodeFrame({ ...frame, contacts }) }];
      }
      default:
        return [output];
    }
  });
};

/** Makes a peer that signs two entries at one place of its feed, and sends each to every second neighbour. */
const equivocate = (peer: SimPeer, place: number): void => {
  let told = 0;
  peer.tap = eachOutput((output) => {
    if (output.type !== "send" || !isBatch(output.bytes)) return [output];
    const decoded = decodeBatch(output.bytes);
    if (!decoded.ok) return [output];
    const batch = decoded.value;
    if (batch.author !== peer.id || batch.topic !== "board" || batch.first !== place) return [output];
    const entry = decodeEntry(entriesOf(batch)[0]!);
    // The lie is sent first. Its heads tell of the true entry: so the lie is found even if only one neighbour gets it.
    if (entry?.type !== "post" || told++ % 2 === 1) return [output];
    const entries = [encodeEntry({ ...entry, text: "something else" })];
    const signature = peer.signer.sign(headText(headOf(batch, batch.first, batch.previous, entries)));
    return [{ ...output, bytes: encodeBatch(batch, batch.first, batch.previous, entries, signature) }];
  });
};

/** The longest delay of late frames. */
const LATE_MS = 3 * SECOND;
/** Gossip frames come twice, late, or again long after. */
const disorder = (crowd: Crowd): void => {
  const { random, room } = crowd;
  const sent: Uint8Array[] = [];
  room.wire = ({ bytes }: CarriedFrame) => {
    if (!isBatch(bytes)) return [{ bytes, lateMs: 0 }];
    sent.push(bytes);
    return [
      { bytes, lateMs: random.next() < 0.3 ? random.below(LATE_MS) : 0 },
      ...(random.next() < 0.3 ? [{ bytes, lateMs: random.below(LATE_MS) }] : []),
      ...(random.next() < 0.1 ? [{ bytes: sent[random.below(sent.length)]!, lateMs: 0 }] : []),
    ];
  };
};

export const CROWD_SCENARIOS: Readonly<Record<string, Scenario>> = {
  "room-of-N": {
    about: "all come within seconds, some post, and then nobody does anything",
    peers: 100,
    run(peers, seed, tell) {
      const room = Gathering.of(peers, seed, tell);
      measureRest(room, peers);
      return room.end();
    },
  },
  "room-churn": {
    about: "half of the room is replaced every minute: they come, leave, and vanish; others post",
    peers: 40,
    run(peers, seed, tell) {
      const room = Gathering.of(peers, seed, tell);
      const { crowd } = room;
      const postings: Posting[] = [];
      for (let second = 0; second < 120; second++) {
        const spared = new Set(postings.slice(-10).map(({ author }) => author));
        for (let chances = peers / 120; chances > crowd.random.next(); chances--) {
          const mortal = room.honest.filter((peer) => !spared.has(peer));
          const peer = crowd.someone(mortal);
          if (crowd.random.next() < 0.5) crowd.leave(peer);
          else crowd.kill(peer);
          room.come();
        }
        if (second % 2 === 0) postings.push(...room.post(1, 0));
        crowd.pass(SECOND);
      }
      crowd.pass(SPREAD_MS);
      room.measureSpread(postings);
      room.measureLinks();
      must(room.delivered(postings) === 1, "who is there has every post");
      room.soon("all know the same", FORGOTTEN_MS, () => room.agree);
      return room.end();
    },
  },
  "partition-and-heal": {
    about:
      "the network falls into halves that go on by themselves, one or both without the server, and heals",
    peers: 40,
    run(peers, seed, tell) {
      const room = Gathering.of(peers, seed, tell);
      const { crowd } = room;
      const half = new Set(room.honest.filter(() => crowd.random.next() < 0.5));
      crowd.split((peer) => Number(half.has(peer)));
      const isServerGone = seed % 2 === 0;
      if (isServerGone) crowd.killServer();
      const postings = room.post(10, (1 + (seed % 3)) * 5 * SECOND);
      for (const peer of room.honest.slice(0, 5)) crowd.share(peer, 1);
      crowd.heal();
      if (isServerGone) crowd.restartServer();
      room.soon("all know the same", 10 * SECOND, () => room.agree && room.delivered(postings) === 1);
      return room.end();
    },
  },
  "mass-failure": {
    about: "as room-of-N; then three in ten vanish at once, and the others go on posting",
    peers: 100,
    run(peers, seed, tell) {
      const room = Gathering.of(peers, seed, tell);
      measureRest(room, peers);
      const { crowd } = room;
      room.say("then three in ten vanish");
      const vanishing = Math.round(0.3 * peers);
      for (let left = vanishing; left > 0; left--) crowd.kill(crowd.someone());
      const postings = room.post(POSTS, SECOND);
      crowd.pass(SPREAD_MS);
      room.measureSpread(postings);
      const delivered = room.delivered(postings);
      must(delivered >= 0.999, `${100 * delivered} % delivered`);
      room.soon("all know the same", FORGOTTEN_MS, () => room.agreeBut(MOST_UNNOTICED * vanishing));
      room.say(`${room.unnoticedBy(room.honest[0]!)} of ${vanishing} not noticed yet`);
      return room.end();
    },
  },
  sybil: {
    about:
      "four strangers for each honest peer come, take everything and pass nothing on (peers: the honest ones)",
    peers: 40,
    run(peers, seed, tell) {
      const room = Gathering.of(peers, seed, tell);
      const { crowd } = room;
      const sybils = new Set<SimPeer>();
      crowd.room.wire = ({ to, bytes }) => (sybils.has(to) && isBatch(bytes) ? [] : [{ bytes, lateMs: 0 }]);
      crowd.comeWithin(4 * peers, MINUTE, () => {
        const sybil = crowd.come();
        swallow(sybil, [...sybils].slice(-5));
        sybils.add(sybil);
      });
      crowd.pass(5 * MINUTE);
      room.measureLinks();
      const postings = room.post(POSTS, 500);
      crowd.pass(SPREAD_MS);
      room.measureSpread(postings);
      const delivered = room.delivered(postings);
      must(delivered >= 0.999, `${100 * delivered} % delivered`);
      return room.end();
    },
  },
  equivocator: {
    about: "one signs two different posts for one place: all find out, and all keep the same",
    peers: 30,
    run(peers, seed, tell) {
      const room = Gathering.of(peers, seed, tell);
      const { crowd } = room;
      const [liar] = room.honest as [SimPeer];
      const others = room.honest.filter((peer) => peer !== liar);
      const place = 1 + (seed % 2);
      equivocate(liar, place);
      const before = room.post(place, SECOND, [liar]);
      const after = room.post(1 + (seed % 3), SECOND, [liar]);
      room.post(5, SECOND, others);
      const isFound = (): boolean => others.every(({ engine }) => engine.person(liar.id).lied);
      room.soon("all know of the lie", 2 * MINUTE, isFound);
      must(room.delivered(before, others) === 1, "what came before the lie stays");
      must(room.delivered(after, others) === 0, "what came after it counts nowhere");
      room.soon("all know the same", MINUTE, () => crowd.opinions(others) === 1);
      return room.end();
    },
  },
  "late-joiner": {
    about: "authors post and leave, and whoever comes after them reads it all",
    peers: 40,
    run(peers, seed, tell) {
      const room = Gathering.of(peers, seed, tell);
      const { crowd } = room;
      const authors = room.honest.slice(0, peers / 4);
      const postings = room.post(3 * POSTS, SECOND / 4, authors);
      crowd.pass(SPREAD_MS);
      for (const author of authors) crowd.leave(author);
      room.soon("all know that they have left", FORGOTTEN_MS, () => room.agree);
      const late = room.come();
      room.soon("the newcomer knows all people and files", 5 * SECOND, () => {
        const people = late.engine.people();
        return people.length === room.honest.length - 1 && people.every(({ fileCount }) => fileCount > 0);
      });
      room.soon("and every post", 10 * SECOND, () => room.delivered(postings, [late]) === 1);
      room.soon("all know the same", 10 * SECOND, () => room.agree);
      return room.end();
    },
  },
  "clock-skew": {
    about: "clocks are off by up to ten years: order stays causal, and nobody is taken for gone",
    peers: 30,
    run(peers, seed, tell) {
      const room = new Gathering(seed, tell);
      const { crowd } = room;
      room.gather(peers, () => room.come({ aheadMs: crowd.random.next() * TEN_YEARS }));
      let last: Posting | null = null;
      const postings = Array.from({ length: 10 }, () => {
        const previous = last;
        const readers = room.honest.filter((peer) => !previous || room.delivered([previous], [peer]) === 1);
        last = crowd.post(crowd.someone(readers));
        crowd.pass(100 + crowd.random.below(SECOND));
        return last;
      });
      crowd.pass(SPREAD_MS);
      const written = postings.map(({ text }) => text);
      for (const { engine } of room.honest)
        must(`${engine.posts(GROUP).map(({ text }) => text)}` === `${written}`, "posts are in causal order");
      crowd.pass(5 * MINUTE);
      must(room.agree, "all know the same");
      for (const { engine } of room.honest)
        must(
          engine.people().every(({ presence }) => presence === "here"),
          "all are still here",
        );
      return room.end();
    },
  },
  "server-gone": {
    about: "the server dies, then links and peers: the room mends itself; it comes back, and somebody new",
    peers: 40,
    run(peers, seed, tell) {
      const room = Gathering.of(peers, seed, tell);
      const { crowd } = room;
      crowd.killServer();
      crowd.pass(5 * SECOND);
      for (const peer of room.honest)
        for (const other of peer.linked()) if (crowd.random.next() < 0.2) crowd.room.cut(peer, other);
      for (let left = Math.round(peers / 10); left > 0; left--) crowd.kill(crowd.someone());
      const postings = room.post(POSTS, SECOND);
      crowd.pass(MINUTE);
      room.measureSpread(postings);
      must(room.delivered(postings) === 1, "everyone has every post");
      room.measureLinks();
      crowd.restartServer();
      crowd.pass(10 * SECOND);
      const late = room.come();
      room.soon("somebody new knows all", 10 * SECOND, () => room.delivered(postings, [late]) === 1);
      room.soon("all know the same", FORGOTTEN_MS, () => room.agree);
      return room.end();
    },
  },
  "duplicate-reorder-replay": {
    about: "gossip comes twice, late and again, while people post, come and go: all end up with the same",
    peers: 20,
    run(peers, seed, tell) {
      const room = new Gathering(seed, tell);
      const { crowd } = room;
      disorder(crowd);
      room.gather(peers, () => room.come());
      const postings = room.post(POSTS, POST_EVERY_MS);
      // Posts of the last authors may still be on their way, and would be lost with their links.
      const talking = new Set(postings.slice(-LATE_MS / POST_EVERY_MS - 2).map(({ author }) => author));
      crowd.leave(crowd.someone(room.honest.filter((peer) => !talking.has(peer))));
      room.come();
      postings.push(...room.post(POSTS, POST_EVERY_MS));
      const agree = (): boolean => room.agree && room.delivered(postings) === 1;
      room.soon("all know the same", FORGOTTEN_MS + MISSED_MS, agree);
      return room.end();
    },
  },
};
