/**
 * A room in memory: a server that introduces, links with latency, whole engines, a virtual clock; everything from one
 * seed. Links behave as WebRTC does: they open only if each side was told the certificate fingerprint that the other
 * really has, they deliver in order, and they end on both sides.
 *
 * It knows nothing of disks: outputs of the swarm are handed to `files`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Address, RoomTag } from "@swapmeet/shared";
import { viewOf } from "@swapmeet/engine/base/bytes";
import { Engine } from "@swapmeet/engine";
import type { Input, LinkEnd, LinkId, Notice, Output, Signal, SwarmOutput } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { SimServer, type CarriedEnvelope, type Member } from "./server.ts";
import { realSigning, type RandomBytes, type Signer, type Signing } from "./signing.ts";
import { World, type Sleeper, type Time } from "../world.ts";

export type { CarriedEnvelope } from "./server.ts";

const SIGNAL_MS = 1;
const HANDSHAKE_MS = 20;
/** ICE gives up after so long. */
const NO_ROUTE_MS = 15_000;

export interface SimRoomOptions {
  readonly seed: number;
  /** One way, over a link or through the server, unless a peer's own access to the network takes another time. */
  readonly latencyMs?: number;
  readonly upBytesPerSecond?: number;
  readonly tag?: RoomTag;
  readonly envelopeKey?: Uint8Array;
  readonly signing?: Signing;
}

export interface SimPeerOptions {
  readonly envelopeKey?: Uint8Array;
  readonly files?: SimFiles;
  /** The signer of an earlier peer that this one continues. */
  readonly signer?: Signer;
  readonly epoch?: number;
  /** How far its clock is ahead of the world's. */
  readonly aheadMs?: Time;
  /** Its half of the way to any other peer. */
  readonly accessMs?: number;
}

export interface SimFiles {
  perform(output: SwarmOutput, peer: SimPeer): void;
}

/** A frame on its way. */
export interface CarriedFrame {
  readonly from: SimPeer;
  readonly to: SimPeer;
  readonly bytes: Uint8Array;
}

/** Deterministic bytes, as good as random for engines. */
const seededBytes = (seed: string): RandomBytes => {
  let counter = 0;
  return (bytes) => {
    const chunks = new Uint8Array(Math.ceil(bytes / 32) * 32);
    for (let at = 0; at < bytes; at += 32) chunks.set(sha256(utf8ToBytes(`${seed}|${counter++}`)), at);
    return chunks.slice(0, bytes);
  };
};

export class SimRoom {
  readonly tag: RoomTag;
  readonly envelopeKey: Uint8Array;
  readonly world = new World();
  readonly random: RandomBytes;
  readonly signing: Signing;
  readonly server: SimServer;
  readonly peers: SimPeer[] = [];
  /** The server's treatment of an envelope: by default it delivers it. */
  relay: (envelope: CarriedEnvelope) => readonly CarriedEnvelope[] = (envelope) => [envelope];
  /** Changes a frame on its way: the frames that arrive instead, each with its delay. */
  wire: ((frame: CarriedFrame) => readonly { readonly bytes: Uint8Array; readonly lateMs: number }[]) | null =
    null;
  /** Hears every frame that comes over an open link. */
  listener: ((frame: CarriedFrame) => void) | null = null;
  /** Whether the network lets two peers reach each other. */
  reaches: (from: SimPeer, to: SimPeer) => boolean = () => true;
  reachesServer: (from: SimPeer) => boolean = () => true;
  /**
   * Frames arrive, and deadlines come, at multiples of this. Frames that come to a peer at one time cost half as much
   * as one by one, because its memory is in the processor's cache.
   */
  grainMs = 1;
  readonly accessMs: number;
  readonly #upBytesPerMs: number;
  readonly #connectionByNumber = new Map<number, Connection>();
  #connections = 0;

  constructor(options: SimRoomOptions) {
    const { latencyMs = 10, upBytesPerSecond = Infinity } = options;
    this.random = seededBytes(`room ${options.seed}`);
    this.tag = options.tag ?? (bytesToHex(this.random(32)) as RoomTag);
    this.envelopeKey = options.envelopeKey ?? this.random(32);
    this.signing = options.signing ?? realSigning;
    this.server = new SimServer((bound) => viewOf(this.random(4)).getUint32(0) % bound);
    this.accessMs = latencyMs / 2;
    this.#upBytesPerMs = upBytesPerSecond / 1000;
  }

  add(name: string, options: SimPeerOptions = {}): SimPeer {
    const peer = new SimPeer(this, name, options);
    this.peers.push(peer);
    return peer;
  }

  get now(): Time {
    return this.world.now;
  }

  after(delayMs: number, run: () => void): void {
    this.world.after(delayMs, run);
  }

  /** @internal */
  onGrain(at: Time): Time {
    return Math.ceil(at / this.grainMs) * this.grainMs;
  }

  /** Lets `ms` go by, or less when `done` holds. @returns whether it does. */
  run(ms: number, done: () => boolean = () => false): boolean {
    return this.world.run(done, this.now + ms);
  }

  join(peer: SimPeer): void {
    if (!this.server.isUp || !this.reachesServer(peer)) return;
    const members = this.server.sample(peer.address);
    peer.feed({ type: "server-joined", tag: this.tag, address: peer.address, members });
  }

  /** The network ends the link of two peers. */
  cut(a: SimPeer, b: SimPeer): void {
    a.lose(b);
    b.lose(a);
  }

  /** @internal */
  carry(envelope: CarriedEnvelope, from: SimPeer): void {
    if (!this.reachesServer(from)) return;
    for (const carried of this.relay(envelope))
      this.after(2 * from.accessMs, () => this.server.deliver(carried));
  }

  /** @internal */
  send(arrival: Arrival): void {
    const { from, to, bytes, side } = arrival;
    if (!this.reaches(from, to)) return;
    from.sent(bytes.length, this.#upBytesPerMs);
    const arrivesInMs = from.reachesInMs(to);
    const arrives = this.onGrain(this.now + arrivesInMs);
    if (!this.wire) return to.expect(arrival, inOrder(side, arrives));
    for (const { lateMs, ...carried } of this.wire(arrival)) {
      const at = lateMs > 0 ? this.onGrain(this.now + arrivesInMs + lateMs) : inOrder(side, arrives);
      to.expect({ ...arrival, ...carried }, at);
    }
  }

  /** @internal */
  connect(): Connection {
    const connection = { number: this.#connections++, offer: null, answer: null };
    this.#connectionByNumber.set(connection.number, connection);
    return connection;
  }

  /** @internal */
  connection(number: number): Connection | undefined {
    return this.#connectionByNumber.get(number);
  }

  /** @internal From now on nobody can open it. */
  disconnect({ number }: Connection): void {
    this.#connectionByNumber.delete(number);
  }
}

interface Connection {
  /** It is in the signals, as ICE credentials are in an SDP. */
  readonly number: number;
  offer: Side | null;
  answer: Side | null;
}

type Role = "offer" | "answer";

/** One peer's side of a connection. */
interface Side {
  readonly peer: SimPeer;
  readonly link: LinkId;
  readonly connection: Connection;
  readonly role: Role;
  readonly fingerprint: string;
  /** The other side, once it is open. */
  other: Side | null;
  /** Frames that came before it was open, as a data channel keeps them. */
  readonly early: Uint8Array[];
  /** When the last frame that is under way to it arrives. */
  lastAt: Time;
}

/** Nothing on a link overtakes what was sent before it, not even the link's end. */
const inOrder = (side: Side, at: Time): Time => (side.lastAt = Math.max(side.lastAt, at));

interface Arrival extends CarriedFrame {
  /** The side at which it arrives. */
  readonly side: Side;
}

export class SimPeer implements Sleeper, Member {
  readonly engine: Engine;
  readonly id: PeerId;
  readonly address: Address;
  readonly signer: Signer;
  readonly notices: Notice[] = [];
  /** How often the server named another room than this peer's. */
  otherRooms = 0;
  /** False: its browser finds no ICE candidate. */
  hasCandidates = true;
  /** The outputs of each input pass through it: a hostile peer's are changed here. */
  tap: (outputs: readonly Output[]) => readonly Output[] = (outputs) => outputs;
  /** The batches that are kept on the device, by key. */
  readonly kept = new Map<string, Uint8Array>();
  readonly accessMs: number;
  readonly cameAt: Time;
  /** The bytes of all frames that it sent. */
  sentBytes = 0;
  /** The connections that it began or accepted, whether they opened or not. */
  connectionCount = 0;
  readonly #room: SimRoom;
  readonly #files: SimFiles | undefined;
  readonly #aheadMs: Time;
  readonly #sideByLink = new Map<LinkId, Side>();
  /** Links through a friend. */
  readonly #relayed = new Set<LinkId>();
  readonly #inputs: Input[] = [];
  /** The frames under way to it, by the time of their arrival. */
  readonly #arrivalsByTime = new Map<Time, Arrival[]>();
  #handling = false;
  #receiving = false;
  #isAlive = true;
  #isAsleep = false;
  #upFreeAt: Time = 0;

  constructor(
    room: SimRoom,
    name: string,
    { envelopeKey = room.envelopeKey, files, signer, epoch = 1, aheadMs = 0, accessMs }: SimPeerOptions,
  ) {
    this.#room = room;
    this.#files = files;
    this.#aheadMs = aheadMs;
    this.accessMs = accessMs ?? room.accessMs;
    this.cameAt = room.now;
    this.signer = signer ?? room.signing.newSigner(room.random);
    this.id = this.signer.id;
    this.address = bytesToHex(room.random(16)) as Address;
    this.engine = new Engine({
      me: this.id,
      epoch,
      name,
      address: this.address,
      envelopeKey: () => envelopeKey,
      random: room.random,
    });
    this.feed({ type: "tick" });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  feed(input: Input): void {
    if (!this.#isAlive) return;
    if (input.type === "server-joined") this.#room.server.join(input.address, this);
    this.#inputs.push(input);
    if (this.#handling || this.#isAsleep) return;
    this.#handling = true;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift())
      for (const output of this.tap(this.engine.handle(next, this.#now))) this.#perform(output);
    this.#handling = false;
    if (!this.#receiving) this.#room.world.watch(this);
  }

  tick(): void {
    this.feed({ type: "tick" });
  }

  /** Its tab is frozen: inputs wait, and no deadline wakes it. */
  sleep(): void {
    this.#isAsleep = true;
  }

  /** First comes the overdue tick, and then all inputs that have waited. */
  wakeUp(): void {
    this.#isAsleep = false;
    this.#inputs.unshift({ type: "tick" });
    this.feed(this.#inputs.pop()!);
  }

  nextDeadline(): Time | null {
    const deadline = this.#isAlive && !this.#isAsleep ? this.engine.nextDeadline() : null;
    return deadline === null ? null : this.#room.onGrain(deadline - this.#aheadMs);
  }

  envelope(from: Address, bytes: Uint8Array): void {
    this.feed({ type: "envelope", from, bytes });
  }

  /** Ends without a word, as a phone without power does; the others notice after `noticedAfterMs` each. */
  die(noticedAfterMs: () => number = () => 0): void {
    this.#isAlive = false;
    this.#room.server.leave(this.address);
    for (const link of [...this.#sideByLink.keys()]) this.#end(link, noticedAfterMs);
  }

  /** The peers that it has an open link to. */
  linked(): SimPeer[] {
    return [...this.#sideByLink.values()].flatMap(({ other }) => (other ? [other.peer] : []));
  }

  /** Its links to this one are lost, here and not at the other end. */
  lose(peer: SimPeer): void {
    for (const { link, other } of [...this.#sideByLink.values()]) if (other?.peer === peer) this.#lost(link);
  }

  /** Links to peers that it can't reach any more are lost at this end; the other end notices by itself. */
  loseUnreachable(noticedAfterMs: () => number): void {
    for (const { link, other } of this.#sideByLink.values())
      if (other && !this.#room.reaches(this, other.peer))
        this.#room.after(noticedAfterMs(), () => this.#lost(link));
  }

  /** Sends any bytes, as a hostile program at the other end of a link could. */
  sendRaw(to: PeerId, bytes: Uint8Array): void {
    const link = this.engine.linkOf(to);
    if (link !== null) this.#send(link, bytes);
  }

  /** Sends a block as the host does: one that goes through a friend comes back to the engine first. */
  sendBlock(to: PeerId, bytes: Uint8Array): void {
    const link = this.engine.linkOf(to);
    if (link === null) return;
    if (this.#relayed.has(link)) this.feed({ type: "relayed-frame", link, bytes });
    else this.#send(link, bytes);
  }

  receive(link: LinkId, bytes: Uint8Array): void {
    const side = this.#sideByLink.get(link);
    if (side && !side.other) side.early.push(bytes);
    else this.feed({ type: "link-bytes", link, bytes });
  }

  /** @internal */
  sent(bytes: number, upBytesPerMs: number): void {
    this.sentBytes += bytes;
    this.#upFreeAt = Math.max(this.#upFreeAt, this.#room.now) + bytes / upBytesPerMs;
  }

  /** How long a frame takes that is sent now, behind all those sent before. */
  reachesInMs(to: SimPeer): number {
    return Math.max(this.#upFreeAt - this.#room.now, 0) + this.accessMs + to.accessMs;
  }

  get #now(): Time {
    return this.#room.now + this.#aheadMs;
  }

  #perform(output: Output): void {
    switch (output.type) {
      case "send-envelope":
        return this.#room.carry({ from: this.address, to: output.to, bytes: output.bytes }, this);
      case "sample-members":
        return this.#room.join(this);
      case "entered":
        return;
      case "another-room":
        this.otherRooms++;
        return;
      case "dial":
        return this.#say(output.link, "offer", this.#room.connect());
      case "accept":
        return;
      case "signal":
        return this.#hear(output.link, output.signal);
      case "open-relay":
        return void this.#relayed.add(output.link);
      case "relay-took":
        return;
      case "close-link":
        this.#relayed.delete(output.link);
        return this.#end(output.link, (other) => this.reachesInMs(other));
      case "send":
        return this.#send(output.link, output.bytes);
      case "sign":
        return this.feed({ type: "signed", job: output.job, signature: this.signer.sign(output.bytes) });
      case "verify": {
        const { job, by, bytes, signature } = output;
        const valid = this.#room.signing.verify(by, bytes, signature);
        return this.feed({ type: "verified", job, valid });
      }
      case "open-message": {
        const { job, from, id, box } = output;
        return this.feed({
          type: "message-opened",
          job,
          text: this.signer.open({ from, to: this.id, id }, box),
        });
      }
      case "keep-batch":
        return void this.kept.set(output.key, output.frame);
      case "unkeep-batch":
        return void this.kept.delete(output.key);
      case "notice":
        return void this.notices.push(output.notice);
      default:
        return this.#files?.perform(output, this);
    }
  }

  #send(link: LinkId, bytes: Uint8Array): void {
    const other = this.#sideByLink.get(link)?.other;
    if (!other) return;
    const { peer: to } = other;
    this.#room.send({ from: this, to, bytes, side: other });
  }

  /** @internal */
  expect(arrival: Arrival, at: Time): void {
    const others = this.#arrivalsByTime.get(at);
    if (others) return void others.push(arrival);
    this.#arrivalsByTime.set(at, [arrival]);
    this.#room.world.at(at, () => {
      const arrivals = this.#arrivalsByTime.get(at)!;
      this.#arrivalsByTime.delete(at);
      this.#receiving = true;
      for (const arrived of arrivals) this.#arrive(arrived);
      this.#receiving = false;
      if ((this.nextDeadline() ?? Infinity) <= this.#room.now) this.tick();
      else this.#room.world.watch(this);
    });
  }

  #arrive(arrival: Arrival): void {
    const { side, bytes } = arrival;
    if (this.#sideByLink.get(side.link) !== side) return;
    this.#room.listener?.(arrival);
    this.receive(side.link, bytes);
  }

  #say(link: LinkId, role: Role, connection: Connection): void {
    const fingerprint = bytesToHex(this.#room.random(8));
    const side: Side = { peer: this, link, connection, role, fingerprint, other: null, early: [], lastAt: 0 };
    connection[role] = side;
    this.#sideByLink.set(link, side);
    this.connectionCount++;
    const signal = `${role} ${connection.number} ${fingerprint}`;
    this.#room.after(SIGNAL_MS, () => {
      this.feed({ type: "link-signal", link, signal });
      if (!this.hasCandidates) this.#lost(link, "no-candidates");
    });
  }

  #hear(link: LinkId, signal: Signal): void {
    const [role, number, fingerprint] = signal.split(" ");
    const connection = this.#room.connection(Number(number));
    if (!connection || !fingerprint) return;
    const from = (role === "offer" ? connection.offer : connection.answer)?.peer;
    if (from?.hasCandidates) this.feed({ type: "link-reachable", link });
    if (role === "offer") this.#say(link, "answer", connection);
    const side = this.#sideByLink.get(link);
    const other = side && otherSideOf(side);
    // DTLS: the other end must have the certificate that its description named.
    if (!other || other.fingerprint !== fingerprint) return;
    if (!from?.hasCandidates || !this.hasCandidates) return; // both sides give up by themselves
    if (!this.#room.reaches(this, other.peer))
      return this.#room.after(NO_ROUTE_MS, () => this.#lost(link, "no-route"));
    this.#room.after(HANDSHAKE_MS, () => this.#open(side, other));
  }

  #open(side: Side, other: Side): void {
    const { link } = side;
    if (this.#sideByLink.get(link) !== side) return;
    side.other = other;
    const [localFingerprint, remoteFingerprint] = [side.fingerprint, other.fingerprint];
    this.feed({ type: "link-open", link, localFingerprint, remoteFingerprint });
    for (const bytes of side.early.splice(0)) this.receive(link, bytes);
  }

  /** Ends a link. The other end hears of it only if the link was open there. */
  #end(link: LinkId, heardAfterMs: (by: SimPeer) => number): void {
    const side = this.#sideByLink.get(link);
    if (!side) return;
    this.#sideByLink.delete(link);
    this.#room.disconnect(side.connection);
    const other = otherSideOf(side);
    if (!other?.other) return;
    const heardAt = this.#room.onGrain(this.#room.now + heardAfterMs(other.peer));
    this.#room.world.at(inOrder(other, heardAt), () => other.peer.#lost(other.link));
  }

  #lost(link: LinkId, reason: LinkEnd = "closed"): void {
    if (this.#sideByLink.delete(link)) this.feed({ type: "link-closed", link, reason });
  }
}

const otherSideOf = ({ role, connection }: Side): Side | null =>
  role === "offer" ? connection.answer : connection.offer;
