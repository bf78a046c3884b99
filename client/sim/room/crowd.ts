/**
 * Hundreds of whole engines in one room: peers come, go and post, the network disturbs them, and the cost is measured.
 * Everything comes from one seed.
 */
import { createHash } from "node:crypto";
import { decodeBatch, entriesOf, isBatch } from "@swapmeet/engine/feed/batch";
import { decodeEntry } from "@swapmeet/engine/feed/entry";
import { fileIdOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { LocalFile } from "@swapmeet/engine/io/io";
import type { PostId } from "@swapmeet/engine/names/post-id";
import { SeededRandom } from "../../testing/random.ts";
import { SimRoom, type CarriedFrame, type SimPeer, type SimPeerOptions } from "./room.ts";
import { fastSigning } from "./signing.ts";
import { Trace } from "../trace.ts";
import type { Time } from "../world.ts";

const UP_BYTES_PER_SECOND = 1024 * 1024;
/** A peer's half of the way to others: from the same house to another continent. */
const MIN_ACCESS_MS = 5;
const MAX_ACCESS_MS = 60;
/** The time until a lost link is noticed: at once by the page, or late by ICE's consent checks. */
const MIN_NOTICED_MS = 1_000;
const MAX_NOTICED_MS = 15_000;
/** socket.io waits so long before it tries again. */
const SERVER_BACK_WITHIN_MS = 5_000;
export const GROUP = "general";

/** A post on its way through the room. */
export interface Posting {
  readonly text: string;
  readonly author: SimPeer;
  readonly at: Time;
  /** For each peer that has got it: over how many links, and when. */
  readonly receiptByPeer: Map<SimPeer, Receipt>;
  /** How often it crossed a link. */
  copies: number;
}

interface Receipt {
  readonly hops: number;
  readonly at: Time;
}

export class Crowd {
  readonly random: SeededRandom;
  readonly room: SimRoom;
  readonly postings: Posting[] = [];
  readonly #trace = new Trace();
  readonly #sharerByFile = new Map<FileId, SimPeer>();
  readonly #postingByText = new Map<string, Posting>();
  /** Batches are passed on as the very bytes they came in. */
  readonly #postingByBytes = new WeakMap<Uint8Array, Posting | null>();

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.room = new SimRoom({
      seed,
      upBytesPerSecond: UP_BYTES_PER_SECOND,
      signing: fastSigning(this.random.bytes(32)),
    });
    this.room.listener = (frame) => this.#heard(frame);
  }

  get alive(): SimPeer[] {
    return this.room.peers.filter(({ isAlive }) => isAlive);
  }

  get trace(): string {
    return this.#trace.digest;
  }

  /** Somebody comes through the server. */
  come(options: SimPeerOptions = {}): SimPeer {
    const accessMs = MIN_ACCESS_MS + this.random.next() * (MAX_ACCESS_MS - MIN_ACCESS_MS);
    const peer = this.room.add(`Peer ${this.room.peers.length}`, { accessMs, ...options });
    this.room.join(peer);
    return peer;
  }

  /** Lets so many peers come within `ms`, each at a moment of its own. */
  comeWithin(count: number, ms: number, come: (index: number) => void = () => this.come()): void {
    for (let index = 0; index < count; index++)
      this.room.after((ms * (index + this.random.next())) / count, () => come(index));
  }

  pass(ms: number): void {
    this.room.run(ms);
  }

  /** Lets up to `ms` pass, looking every `everyMs`. @returns the milliseconds it took, or null. */
  until(holds: () => boolean, ms: number, everyMs = 500): Time | null {
    const beganAt = this.room.now;
    while (!holds()) {
      if (this.room.now - beganAt >= ms) return null;
      this.pass(everyMs);
    }
    return this.room.now - beganAt;
  }

  someone(among = this.alive): SimPeer {
    return among[this.random.below(among.length)]!;
  }

  // -- what people do ------------------------------------------------------------------------------------------------

  post(author: SimPeer, replyTo: PostId | null = null): Posting {
    const text = `post ${this.postings.length} of ${author.id.slice(0, 8)}`;
    const posting: Posting = { text, author, at: this.room.now, receiptByPeer: new Map(), copies: 0 };
    posting.receiptByPeer.set(author, { hops: 0, at: this.room.now });
    this.postings.push(posting);
    this.#postingByText.set(text, posting);
    author.feed({ type: "post", group: GROUP, text, replyTo, writtenAt: this.room.now });
    return posting;
  }

  share(peer: SimPeer, files: number): void {
    const shared = Array.from({ length: files }, (): LocalFile => {
      const file = fileIdOf(this.random.bytes(32), 1 + this.random.below(100_000));
      return { file, name: `song ${this.random.below(100)}.mp3`, folder: "", layer: new Uint8Array(0) };
    });
    peer.feed({ type: "share", files: shared });
    for (const { file } of shared) this.#sharerByFile.set(file, peer);
  }

  /** The peer says that it leaves, and goes. */
  leave(peer: SimPeer): void {
    peer.feed({ type: "leave" });
    peer.die();
  }

  /** The peer goes without a word. */
  kill(peer: SimPeer): void {
    peer.die(() => this.#noticedAfterMs());
  }

  // -- what happens to them ------------------------------------------------------------------------------------------

  /** The network falls into parts; only the first one reaches the server. */
  split(partOf: (peer: SimPeer) => number): void {
    this.room.reaches = (a, b) => partOf(a) === partOf(b);
    this.room.reachesServer = (peer) => partOf(peer) === 0;
    for (const peer of this.alive) {
      peer.loseUnreachable(() => this.#noticedAfterMs());
      if (partOf(peer) !== 0) this.#loseServer(peer);
    }
  }

  heal(): void {
    const cutOff = this.alive.filter((peer) => !this.room.reachesServer(peer));
    this.room.reaches = () => true;
    this.room.reachesServer = () => true;
    for (const peer of cutOff) this.#findServer(peer);
  }

  killServer(): void {
    this.room.server.isUp = false;
    for (const peer of this.alive) this.#loseServer(peer);
  }

  restartServer(): void {
    this.room.server.isUp = true;
    for (const peer of this.alive) this.#findServer(peer);
  }

  #loseServer(peer: SimPeer): void {
    this.room.server.leave(peer.address);
    this.room.after(2 * peer.accessMs, () => peer.feed({ type: "server-lost" }));
  }

  #findServer(peer: SimPeer): void {
    this.room.after(this.random.next() * SERVER_BACK_WITHIN_MS, () => {
      if (peer.isAlive) this.room.join(peer);
    });
  }

  #noticedAfterMs(): number {
    return MIN_NOTICED_MS + this.random.next() * (MAX_NOTICED_MS - MIN_NOTICED_MS);
  }

  // -- what can be seen ----------------------------------------------------------------------------------------------

  /** Bytes that each of these sends in a second, while `ms` pass. */
  idleBytesPerSecond(peers: readonly SimPeer[], ms: number): number {
    const sent = (): number => peers.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
    const before = sent();
    this.pass(ms);
    return ((sent() - before) * 1000) / ms / peers.length;
  }

  /** A text of everything that this peer knows of the room: it is equal for two that know the same. */
  knowledgeOf({ engine, id }: SimPeer): string {
    const files = [...this.#sharerByFile].filter(
      ([file, sharer]) => sharer.id === id || engine.sourcesOf(file).includes(sharer.id),
    );
    return JSON.stringify({
      people: [id, ...engine.people().map(({ peer }) => peer)].sort(),
      files: files.map(([file]) => file),
      posts: engine.posts(GROUP).map(({ id }) => id),
    });
  }

  /** How many different states of knowledge these peers have. */
  opinions(peers: readonly SimPeer[]): number {
    const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
    return new Set(peers.map((peer) => digestOf(this.knowledgeOf(peer)))).size;
  }

  #heard({ from, to, bytes }: CarriedFrame): void {
    this.#trace.add(this.room.now, from.id, to.id, bytes.length);
    if (!isBatch(bytes)) return;
    const posting = this.#postingOf(bytes);
    if (!posting) return;
    posting.copies++;
    const hops = (posting.receiptByPeer.get(from)?.hops ?? 0) + 1;
    if (!posting.receiptByPeer.has(to)) posting.receiptByPeer.set(to, { hops, at: this.room.now });
  }

  #postingOf(bytes: Uint8Array): Posting | null {
    const known = this.#postingByBytes.get(bytes);
    if (known !== undefined) return known;
    const batch = decodeBatch(bytes);
    const [entry] = batch.ok && batch.value.topic === "board" ? entriesOf(batch.value).map(decodeEntry) : [];
    const posting = entry?.type === "post" ? (this.#postingByText.get(entry.text) ?? null) : null;
    this.#postingByBytes.set(bytes, posting);
    return posting;
  }
}
