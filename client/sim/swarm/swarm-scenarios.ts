/**
 * Networks of swarms by their shape, each with its conditions. In all of them everyone gets the file, byte for byte,
 * and nobody honest is refused.
 */
import { LEAF_BYTES, geometryOf, type FileId } from "@swapmeet/engine/names/file-id";
import { Meeting } from "./meeting.ts";
import { must, type Outcome, type Scenario } from "../scenario.ts";
import type { SwarmNode, Tamper } from "./swarm-node.ts";
import { Trace } from "../trace.ts";

const MIB = 1024 * 1024;
const UP_BYTES_PER_SECOND = MIB;
const DOWN_BYTES_PER_SECOND = 8 * MIB;
/** Up to this many peers are all linked with each other; in larger rooms each is linked with so many at random. */
const NEIGHBOURS = 24;
const WITHIN_MS = 3_600_000;

interface Fetched extends Outcome {
  readonly seconds: number;
  /** Time until all had the file, divided by the time that a fluid would need; null where that says nothing. */
  readonly timesBound: number | null;
  readonly wastedBytes: number;
  readonly refused: number;
}

/** One file, some peers that have it and some that want it. */
class Swarming {
  readonly meeting: Meeting;
  readonly bytes: Uint8Array;
  readonly sources: SwarmNode[] = [];
  readonly liars: SwarmNode[] = [];
  readonly receivers: SwarmNode[] = [];
  readonly #trace = new Trace();
  #file: FileId | null = null;

  constructor(seed: number, length: number) {
    this.meeting = new Meeting(seed);
    this.bytes = this.meeting.random.bytes(length);
  }

  get file(): FileId {
    if (!this.#file) throw new Error("nobody has the file");
    return this.#file;
  }

  source(upBytesPerSecond = UP_BYTES_PER_SECOND, tamper: Tamper | null = null): SwarmNode {
    const node = this.#peer(upBytesPerSecond);
    node.tamper = tamper;
    (tamper ? this.liars : this.sources).push(node);
    this.#file = this.meeting.share(node, this.bytes).file;
    return node;
  }

  receiver(upBytesPerSecond = UP_BYTES_PER_SECOND): SwarmNode {
    const node = this.#peer(upBytesPerSecond);
    this.receivers.push(node);
    return node;
  }

  get everyone(): SwarmNode[] {
    return [...this.sources, ...this.liars, ...this.receivers];
  }

  /** Links the peers as a room does: all with all while they are few, else each with some, in one graph. */
  link(): void {
    const { meeting, everyone } = this;
    if (everyone.length <= NEIGHBOURS) return meeting.mesh(everyone);
    everyone.slice(1).forEach((node, at) => meeting.link(everyone[at]!, node));
    for (const node of everyone)
      for (let more = 0; more < NEIGHBOURS / 2 - 1; more++) {
        const other = everyone[meeting.random.below(everyone.length)]!;
        if (other !== node && !meeting.links.isUp(node.id, other.id)) meeting.link(node, other);
      }
  }

  start(): void {
    for (const receiver of this.receivers) this.meeting.download(receiver, this.file);
  }

  after(ms: number, run: () => void): void {
    this.meeting.world.after(ms, run);
  }

  /** Runs to the end and checks the conditions of all scenarios. */
  finish(hasBound = true): Fetched {
    const { meeting, receivers, sources, bytes, file } = this;
    const beganAt = meeting.world.now;
    must(meeting.untilSaved(receivers, file, WITHIN_MS), "everyone gets the file");
    for (const { disk } of receivers)
      must(Buffer.compare(disk.saved.get(file)!, bytes) === 0, "every byte is right");
    const honest = new Set([...sources, ...receivers].map(({ id }) => id));
    for (const node of [...sources, ...receivers])
      must(![...node.refusedPeers].some((peer) => honest.has(peer)), "nobody honest is refused");
    for (const { id } of this.everyone) this.#trace.add(meeting.world.now, id, meeting.links.sentBytes(id));
    const seconds = (meeting.world.now - beganAt) / 1000;
    const timesBound = hasBound ? seconds / this.#fluidSeconds() : null;
    const originBytes = sources[0] ? meeting.links.sentBytes(sources[0].id) : 0;
    const wastedBytes = receivers.reduce((sum, { disk }) => sum + disk.putBytes - bytes.length, 0);
    const refused = receivers.reduce((sum, { refusedPeers }) => sum + refusedPeers.size, 0);
    const figures = [
      `${seconds.toFixed(2)} s`,
      ...(timesBound === null ? [] : [`${timesBound.toFixed(3)} times the bound`]),
      `origin sent ${(originBytes / bytes.length).toFixed(2)} copies`,
      `${wastedBytes} bytes twice`,
      `${refused} refused`,
    ];
    return { seconds, timesBound, wastedBytes, refused, figures, trace: this.#trace.digest };
  }

  /** max(F/u_s, F/d, N F/(u_s + sum u_i)): Kumar, Ross, "Peer-assisted file distribution", 2006. */
  #fluidSeconds(): number {
    const { bytes, receivers, sources } = this;
    const sourcesUp = sources.length * UP_BYTES_PER_SECOND;
    return Math.max(
      bytes.length / sourcesUp,
      bytes.length / DOWN_BYTES_PER_SECOND,
      (receivers.length * bytes.length) / (sourcesUp + receivers.length * UP_BYTES_PER_SECOND),
    );
  }

  #peer(upBytesPerSecond: number): SwarmNode {
    const node = this.meeting.peer(upBytesPerSecond, DOWN_BYTES_PER_SECOND);
    node.listener = ({ type }, from, now) => this.#trace.add(now, node.id, from, type);
    return node;
  }
}

/** Sends so many true bytes, and then only false blocks. Its lies carry its mark. */
class Liar {
  readonly mark: number;
  readonly #trueAtFirst: number;
  trueBytes = 0;
  falseBytes = 0;
  /** False bytes that a receiver kept until they were checked. */
  wastedBytes = 0;

  constructor(mark: number, trueAtFirst: number) {
    this.mark = mark;
    this.#trueAtFirst = trueAtFirst;
  }

  readonly tamper: Tamper = (frame) => {
    if (frame.type !== "block") return [frame];
    if (this.trueBytes < this.#trueAtFirst) {
      this.trueBytes += frame.bytes.length;
      return [frame];
    }
    this.falseBytes += frame.bytes.length;
    return [{ ...frame, bytes: frame.bytes.map((byte) => byte ^ this.mark) }];
  };
}

/** Liars among the sources of one receiver. `trueAtFirst`: how many bytes each sends before it lies, at most. */
const beside = (liars: number, honest: number, seed: number, trueAtFirst = 0): Fetched => {
  const swarming = new Swarming(seed, 4 * MIB + 7);
  const { bytes } = swarming;
  const { random } = swarming.meeting;
  const speed = (): number => MIB / 4 + random.below(4 * MIB);
  const lying = Array.from(
    { length: liars },
    (_, at) => new Liar(at + 1, trueAtFirst && random.below(trueAtFirst)),
  );
  for (const { tamper } of lying) swarming.source(speed(), tamper);
  for (let at = 0; at < honest; at++) swarming.source(speed());
  const receiver = swarming.receiver();
  const { disk } = receiver;
  const put = disk.put.bind(disk);
  disk.put = (file, begin, block) => {
    const mark = block[0]! ^ bytes[begin]!;
    if (mark > 0) lying[mark - 1]!.wastedBytes += block.length;
    put(file, begin, block);
  };
  for (const node of [...swarming.liars, ...swarming.sources])
    swarming.meeting.link(node, receiver, 5 + random.below(60));
  swarming.start();
  const outcome = swarming.finish(false);
  const { pieceLength } = geometryOf(bytes.length);
  for (const { trueBytes, falseBytes, wastedBytes } of lying)
    if (trueBytes === 0) must(falseBytes <= LEAF_BYTES, `${falseBytes} false bytes of one that only lies`);
    else must(wastedBytes <= trueBytes + pieceLength, `${wastedBytes} wasted by one that sent ${trueBytes}`);
  must(outcome.refused <= liars, "only liars are refused");
  return outcome;
};

/** A line of peers, each linked with the next. */
const inLine = (peers: number, seed: number, length: number): Swarming => {
  const swarming = new Swarming(seed, length);
  swarming.source();
  for (let at = 1; at < peers; at++) swarming.receiver();
  swarming.everyone.slice(1).forEach((node, at) => swarming.meeting.link(swarming.everyone[at]!, node));
  return swarming;
};

/** One peer has the file, and all others want it. */
const crowd = (peers: number, seed: number, length: number): Swarming => {
  const swarming = new Swarming(seed, length);
  swarming.source();
  for (let at = 1; at < peers; at++) swarming.receiver();
  swarming.link();
  return swarming;
};

export const SWARM_SCENARIOS: Readonly<Record<string, Scenario>> = {
  two: {
    about: "one has it, one wants it; every byte crosses once",
    peers: 2,
    run(_, seed) {
      const swarming = inLine(2, seed, 16 * MIB + 7);
      swarming.start();
      const outcome = swarming.finish();
      must(outcome.wastedBytes === 0, "no byte comes twice");
      must(outcome.timesBound! < 1.1, "the pipe is full");
      return outcome;
    },
  },
  chain: {
    about: "each linked with the next, and only the first has it: pieces pass through",
    peers: 6,
    run(peers, seed) {
      const swarming = inLine(peers, seed, 16 * MIB + 7);
      swarming.start();
      const outcome = swarming.finish();
      must(outcome.timesBound! < 1.2 + 0.1 * peers, "pieces are passed on as they come");
      return outcome;
    },
  },
  "one-to-many": {
    about: "one has it, all want it at once; uplinks of 1 MiB/s, downlinks of 8",
    peers: 31,
    run(peers, seed) {
      const swarming = crowd(peers, seed, 64 * MIB);
      swarming.start();
      const outcome = swarming.finish();
      must(outcome.timesBound! < (peers > 101 ? 1.4 : 1.25), `within the bound: ${outcome.timesBound}`);
      return outcome;
    },
  },
  "many-to-one": {
    about: "all have it, one wants it: their uplinks add up",
    peers: 4,
    run(peers, seed) {
      const swarming = new Swarming(seed, 32 * MIB + 7);
      for (let at = 1; at < peers; at++) swarming.source();
      swarming.receiver();
      swarming.link();
      swarming.start();
      const outcome = swarming.finish();
      must(outcome.timesBound! < 1.15, `uplinks add up: ${outcome.timesBound}`);
      return outcome;
    },
  },
  churn: {
    about: "links come and go all the time",
    peers: 8,
    run(peers, seed) {
      const swarming = crowd(peers, seed, 8 * MIB + 7);
      const { meeting, everyone } = swarming;
      const cut = (): void => {
        const a = everyone[meeting.random.below(peers)]!;
        const b = everyone[meeting.random.below(peers)]!;
        const wereLinked = meeting.links.isUp(a.id, b.id);
        meeting.unlink(a, b);
        swarming.after(1 + meeting.random.below(3000), () => {
          if (wereLinked && !meeting.links.isUp(a.id, b.id)) meeting.link(a, b);
        });
      };
      for (let at = 0; at < 60; at++) swarming.after(meeting.random.below(20_000), cut);
      swarming.start();
      const outcome = swarming.finish();
      must(outcome.seconds < 60, "cut links hold up nobody for long");
      return outcome;
    },
  },
  liar: {
    about: "one of the sources lies in every block: at most one block of it is wasted",
    peers: 4,
    run: (peers, seed) => beside(1, peers - 2, seed),
  },
  "liars-majority": {
    about: "of the sources 1 to all but one lie, by the seed: at most one block wasted per liar",
    peers: 9,
    run: (peers, seed) => {
      const liars = 1 + (seed % (peers - 2));
      return beside(liars, peers - 1 - liars, seed);
    },
  },
  "liars-later": {
    about: "as above, but they lie once they were believed: none wastes more than it brought, and a piece",
    peers: 9,
    run: (peers, seed) => {
      const liars = 1 + (seed % (peers - 2));
      return beside(liars, peers - 1 - liars, seed, 2 * MIB);
    },
  },
  "slow-seeder": {
    about: "a source a hundred times slower than the other does not hold up the end",
    peers: 3,
    run(_, seed) {
      const swarming = new Swarming(seed, 16 * MIB + 7);
      swarming.source();
      swarming.source(UP_BYTES_PER_SECOND / 100);
      swarming.receiver();
      swarming.link();
      swarming.start();
      const outcome = swarming.finish(false);
      must(outcome.seconds < 18.5, `as soon as from the fast one alone: ${outcome.seconds} s`);
      return outcome;
    },
  },
  "flash-crowd": {
    about: "receivers come one after another within ten seconds",
    peers: 20,
    run(peers, seed) {
      const swarming = crowd(peers, seed, 32 * MIB + 7);
      for (const receiver of swarming.receivers)
        swarming.after(swarming.meeting.random.below(10_000), () =>
          swarming.meeting.download(receiver, swarming.file),
        );
      const outcome = swarming.finish();
      must(outcome.timesBound! < 1.6, `late ones are fed by early ones: ${outcome.timesBound}`);
      return outcome;
    },
  },
  "disk-full": {
    about: "disks fill up at random moments, and have room again later: what was verified is kept",
    peers: 4,
    run(peers, seed) {
      const swarming = crowd(peers, seed, 8 * MIB + 7);
      const { random } = swarming.meeting;
      for (const receiver of swarming.receivers)
        swarming.after(random.below(8000), () => {
          receiver.disk.storeProblem = { kind: "full", missingBytes: null };
          swarming.after(2000 + random.below(5000), () => {
            receiver.disk.storeProblem = null;
            receiver.do((swarm, now) => swarm.resume(swarming.file, now));
          });
        });
      swarming.start();
      const outcome = swarming.finish();
      const onTheWayBytes = swarming.receivers.length * MIB;
      must(outcome.wastedBytes <= onTheWayBytes, `nothing verified is fetched again: ${outcome.wastedBytes}`);
      return outcome;
    },
  },
  "crash-everywhere": {
    about: "every peer crashes at random moments, between any two steps of writing; stores rot: all heals",
    peers: 4,
    run(peers, seed) {
      const swarming = crowd(peers, seed, 8 * MIB + 7);
      const { meeting, receivers, everyone, file } = swarming;
      const { random } = meeting;
      const pieces = geometryOf(swarming.bytes.length).pieceCount;
      const crash = (): void => {
        const node = receivers[random.below(receivers.length)]!;
        node.crash();
        if (random.next() < 0.3) node.disk.rot(file, random.below(pieces));
        swarming.after(500, () => {
          for (const other of everyone)
            if (other !== node && !meeting.links.isUp(node.id, other.id)) meeting.link(node, other);
          if (!node.disk.saved.has(file)) meeting.download(node, file);
        });
      };
      for (let at = 0; at < 3 * peers; at++) swarming.after(random.below(12_000), crash);
      swarming.start();
      return swarming.finish(false);
    },
  },
  partition: {
    about: "the room falls into two halves, one without the source, and heals",
    peers: 8,
    run(peers, seed) {
      const swarming = crowd(peers, seed, 8 * MIB + 7);
      const { meeting, everyone } = swarming;
      const [here, there] = [everyone.slice(0, peers / 2), everyone.slice(peers / 2)];
      swarming.after(3000, () => here.forEach((a) => there.forEach((b) => meeting.unlink(a, b))));
      swarming.after(20_000, () => here.forEach((a) => there.forEach((b) => meeting.link(a, b))));
      swarming.start();
      const outcome = swarming.finish(false);
      must(outcome.seconds < 35, `soon after it heals: ${outcome.seconds} s`);
      return outcome;
    },
  },
};
