/**
 * A room in memory: a server that introduces, links with latency, whole engines, a virtual clock; everything from one
 * seed. Links behave as WebRTC does: they open only if each side was told the certificate fingerprint that the other
 * really has, they deliver in order, and they end on both sides.
 *
 * Knows nothing of disks: what the swarm wants done is handed to `files`.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Address, RoomTag } from "@swapmeet/shared";
import { Engine, publicKeyOf } from "../src/engine/engine.ts";
import type { Input, LinkId, Notice, Output, SwarmOutput } from "../src/engine/io.ts";
import { peerIdOf, type PeerId } from "../src/engine/peer-id.ts";

export interface CarriedEnvelope {
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
}

export interface SimRoomOptions {
  readonly seed: number;
  readonly latencyMs?: number;
  readonly tag?: RoomTag;
  readonly envelopeKey?: Uint8Array;
}

/** Deterministic bytes, as good as random for engines. */
const seededBytes = (seed: string): ((bytes: number) => Uint8Array) => {
  let counter = 0;
  return (bytes) => {
    const chunks = new Uint8Array(Math.ceil(bytes / 32) * 32);
    for (let at = 0; at < bytes; at += 32) chunks.set(sha256(utf8ToBytes(`${seed}|${counter++}`)), at);
    return chunks.slice(0, bytes);
  };
};

interface Happening {
  readonly at: number;
  readonly order: number;
  run(): void;
}

interface LinkEnd {
  readonly peer: SimPeer;
  readonly link: LinkId;
}

export class SimRoom {
  readonly tag: RoomTag;
  readonly envelopeKey: Uint8Array;
  readonly peers: SimPeer[] = [];
  /** What the server does with an envelope: by default it delivers it. */
  relay: (envelope: CarriedEnvelope) => readonly CarriedEnvelope[] = (envelope) => [envelope];
  serverUp = true;
  now = 0;
  readonly random: (bytes: number) => Uint8Array;
  readonly #latencyMs: number;
  readonly #happenings: Happening[] = [];
  #order = 0;

  constructor(options: SimRoomOptions) {
    this.random = seededBytes(`room ${options.seed}`);
    this.tag = options.tag ?? (bytesToHex(this.random(32)) as RoomTag);
    this.envelopeKey = options.envelopeKey ?? this.random(32);
    this.#latencyMs = options.latencyMs ?? 10;
  }

  add(name: string, options: { envelopeKey?: Uint8Array; files?: SimFiles } = {}): SimPeer {
    const peer = new SimPeer(this, name, options.envelopeKey ?? this.envelopeKey, options.files);
    this.peers.push(peer);
    return peer;
  }

  after(delayMs: number, run: () => void): void {
    this.#happenings.push({ at: this.now + delayMs, order: this.#order++, run });
  }

  /** Lets time pass until nothing happens any more or `ms` have gone by, or `done` holds. */
  run(ms: number, done: () => boolean = () => false): boolean {
    const until = this.now + ms;
    while (!done()) {
      this.#happenings.sort((a, b) => a.at - b.at || a.order - b.order);
      const due = Math.min(
        ...this.peers.map((peer) => Math.max(this.now, peer.engine.nextDeadline() ?? Infinity)),
      );
      const next = this.#happenings[0];
      const at = Math.min(next?.at ?? Infinity, due);
      if (at > until) {
        this.now = until;
        return done();
      }
      this.now = at;
      if (next && next.at <= due) {
        this.#happenings.shift();
        next.run();
      } else
        for (const peer of this.peers)
          if ((peer.engine.nextDeadline() ?? Infinity) <= this.now) peer.feed({ type: "tick" });
    }
    return true;
  }

  join(peer: SimPeer): void {
    if (!this.serverUp) return;
    const members = this.peers
      .filter((other) => other !== peer && other.joined)
      .map(({ address }) => address);
    peer.joined = true;
    peer.feed({ type: "server-joined", tag: this.tag, address: peer.address, members });
  }

  /** @internal */
  carry(envelope: CarriedEnvelope): void {
    if (!this.serverUp) return;
    for (const { from, to, bytes } of this.relay(envelope))
      this.after(this.#latencyMs, () =>
        this.peers
          .find((peer) => peer.address === to && peer.joined)
          ?.feed({ type: "envelope", from, bytes }),
      );
  }

  /** @internal */
  wire(to: LinkEnd, bytes: Uint8Array): void {
    this.after(this.#latencyMs, () => to.peer.receive(to.link, bytes));
  }
}

export interface SimFiles {
  perform(output: SwarmOutput, peer: SimPeer): void;
}

/** One connection: what its two ends have said so far. */
interface Connection {
  readonly fingerprints: { offer: string; answer: string };
  readonly ends: { offer: LinkEnd | null; answer: LinkEnd | null };
}

/** Connections by number: the number is in the signals, as ICE credentials are in an SDP. */
const connections = new WeakMap<SimRoom, Map<number, Connection>>();

export class SimPeer {
  readonly engine: Engine;
  readonly id: PeerId;
  readonly address: Address;
  readonly notices: Notice[] = [];
  joined = false;
  readonly #room: SimRoom;
  readonly #secretKey: Uint8Array;
  readonly #files: SimFiles | undefined;
  readonly #otherEnd = new Map<LinkId, LinkEnd>();
  readonly #saidByLink = new Map<
    LinkId,
    { connection: number; fingerprint: string; role: "offer" | "answer" }
  >();
  /** What came before this end was open, as a data channel keeps it. */
  readonly #early = new Map<LinkId, Uint8Array[]>();
  readonly #inputs: Input[] = [];
  #handling = false;

  constructor(room: SimRoom, name: string, envelopeKey: Uint8Array, files: SimFiles | undefined) {
    this.#room = room;
    this.#files = files;
    this.#secretKey = room.random(32);
    this.id = peerIdOf(ed25519.getPublicKey(this.#secretKey));
    this.address = bytesToHex(room.random(16)) as Address;
    this.engine = new Engine({
      me: this.id,
      epoch: 1,
      name,
      address: this.address,
      envelopeKey: () => envelopeKey,
      random: room.random,
    });
    this.feed({ type: "tick" });
  }

  feed(input: Input): void {
    this.#inputs.push(input);
    if (this.#handling) return;
    this.#handling = true;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift())
      for (const output of this.engine.handle(next, this.#room.now)) this.#perform(output);
    this.#handling = false;
  }

  /** Bytes out of the blue, as from a hostile program at the other end of a link. */
  sendRaw(to: PeerId, bytes: Uint8Array): void {
    const link = this.engine.linkOf(to);
    const other = link === null ? undefined : this.#otherEnd.get(link);
    if (link !== null && other) this.#room.wire(other, bytes);
  }

  receive(link: LinkId, bytes: Uint8Array): void {
    if (this.#otherEnd.has(link)) this.feed({ type: "link-bytes", link, bytes });
    else this.#early.set(link, [...(this.#early.get(link) ?? []), bytes]);
  }

  #perform(output: Output): void {
    switch (output.type) {
      case "send-envelope":
        return this.#room.carry({ from: this.address, to: output.to, bytes: output.bytes });
      case "sample-members":
        return this.#room.join(this);
      case "dial":
        return this.#say(output.link, "offer", this.#connections.size);
      case "accept":
        return;
      case "signal":
        return this.#hear(output.link, output.signal);
      case "close-link":
        return this.#close(output.link);
      case "send": {
        const other = this.#otherEnd.get(output.link);
        if (other) this.#room.wire(other, output.bytes);
        return;
      }
      case "sign":
        return this.feed({
          type: "signed",
          job: output.job,
          signature: ed25519.sign(output.bytes, this.#secretKey),
        });
      case "verify":
        return this.feed({
          type: "verified",
          job: output.job,
          valid: ed25519.verify(output.signature, output.bytes, publicKeyOf(output.by)),
        });
      case "notice":
        return void this.notices.push(output.notice);
      default:
        return this.#files?.perform(output, this);
    }
  }

  get #connections(): Map<number, Connection> {
    let known = connections.get(this.#room);
    if (!known) connections.set(this.#room, (known = new Map()));
    return known;
  }

  #say(link: LinkId, role: "offer" | "answer", number: number): void {
    const fingerprint = bytesToHex(this.#room.random(8));
    const connection = this.#connections.get(number) ?? {
      fingerprints: { offer: "", answer: "" },
      ends: { offer: null, answer: null },
    };
    connection.fingerprints[role] = fingerprint;
    connection.ends[role] = { peer: this, link };
    this.#connections.set(number, connection);
    this.#saidByLink.set(link, { connection: number, fingerprint, role });
    this.#room.after(1, () =>
      this.feed({ type: "link-signal", link, signal: `${role} ${number} ${fingerprint}` }),
    );
  }

  #hear(link: LinkId, signal: string): void {
    const [role, number, fingerprint] = signal.split(" ");
    if (role === "offer") this.#say(link, "answer", Number(number));
    const said = this.#saidByLink.get(link);
    const connection = said && this.#connections.get(said.connection);
    if (!said || !connection || !fingerprint) return;
    const theirs = said.role === "offer" ? "answer" : "offer";
    const other = connection.ends[theirs];
    // DTLS: the other end must have the certificate that its description named.
    if (!other || connection.fingerprints[theirs] !== fingerprint) return;
    this.#room.after(20, () => {
      this.#otherEnd.set(link, other);
      this.feed({
        type: "link-open",
        link,
        localFingerprint: said.fingerprint,
        remoteFingerprint: fingerprint,
      });
      for (const bytes of this.#early.get(link) ?? []) this.receive(link, bytes);
      this.#early.delete(link);
    });
  }

  #close(link: LinkId): void {
    const other = this.#otherEnd.get(link);
    this.#otherEnd.delete(link);
    if (other) this.#room.after(1, () => other.peer.#lost(other.link));
  }

  #lost(link: LinkId): void {
    if (this.#otherEnd.delete(link)) this.feed({ type: "link-closed", link, reason: "closed" });
  }
}
