/**
 * A whole peer without a browser: the production engine, host, links and signaling over real WebRTC, with files in
 * memory. For tests that need many peers, or hostile ones.
 */
import "./webrtc.ts";
import { ed25519 } from "@noble/curves/ed25519.js";
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { ADDRESS_BYTES, JOIN_SECRET_BYTES, type Address, type JoinSecret } from "@swapmeet/shared";
import { DiskFiles } from "../sim/swarm/disk-files.ts";
import { HEARSAY, LIES, lieFrom, type HearsayName, type Liar, type LieName } from "../sim/room/lies.ts";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { Input, Output, SwarmOutput } from "@swapmeet/engine/io/io";
import { peerIdOf, type PeerId } from "@swapmeet/engine/names/peer-id";
import { GENERAL } from "@swapmeet/engine/names/name";
import type { PostId } from "@swapmeet/engine/names/post-id";
import { deriveRoom, openRoom } from "@swapmeet/engine/names/room-secret";
import type { PostView, ResultRow, SearchQuery } from "@swapmeet/engine/io/view";
import type { BlockSender, HostFiles } from "../src/platform/bytes/host-files.ts";
import { Host } from "../src/platform/run/host.ts";
import type { RoomCode } from "../src/platform/room/room-code.ts";
import { openSocket } from "../src/platform/run/signaling-client.ts";
import { verify } from "../src/platform/run/signature.ts";
import { stretch } from "../src/platform/room/stretched-code.ts";

export interface PeerOptions {
  readonly serverUrl: string;
  /** null: the open room. */
  readonly code: string | null;
  readonly name: string;
  /** What it lies about; an honest peer has none. */
  readonly lie?: LieName | HearsayName;
}

export interface PeerState {
  /** Names of everyone else in the room. */
  readonly people: readonly string[];
  /** Names of those it has a proven link with. */
  readonly linked: readonly string[];
  /** How many of these links are the overlay's. */
  readonly neighbors: number;
  /** Names of the files that people offer, this one too. */
  readonly files: readonly string[];
  /** Texts of the group "general", as the board orders them. */
  readonly posts: readonly string[];
  /** For each post of somebody else in the order they came: milliseconds since it was written, by the two clocks. */
  readonly postDelaysMs: readonly number[];
  /** How often it has called somebody. */
  readonly dials: number;
  /** How often it has refused something, by name. */
  readonly refusals: Readonly<Record<string, number>>;
}

const EVERYTHING: SearchQuery = {
  text: "",
  kind: null,
  minBytes: 0,
  maxBytes: Infinity,
  of: null,
  limit: 10_000,
};

/** To stretch a code takes longer than to join: peers of one process do it once. */
const secretByCode = new Map<RoomCode, Promise<Uint8Array>>();
const secretOf = (code: RoomCode): Promise<Uint8Array> => {
  const secret = secretByCode.get(code) ?? stretch(code);
  secretByCode.set(code, secret);
  return secret;
};

export class Peer {
  readonly #host: Host;
  readonly #files: MemoryFiles;
  readonly #waiting = new Set<() => void>();
  readonly #delayByPost = new Map<PostId, number>();
  #posts: readonly PostView[] = [];
  #dials = 0;

  static async join(options: PeerOptions): Promise<Peer> {
    return new Peer(options, options.code === null ? null : await secretOf(options.code as RoomCode));
  }

  private constructor({ serverUrl, name, lie }: PeerOptions, roomSecret: Uint8Array | null) {
    const room = roomSecret && deriveRoom(roomSecret);
    const joinSecret = randomBytes(JOIN_SECRET_BYTES);
    const secretKey = ed25519.utils.randomSecretKey();
    const id = peerIdOf(ed25519.getPublicKey(secretKey));
    let files: MemoryFiles | undefined;
    this.#host = new Host({
      identity: { peer: id, secretKey, epoch: 0, lasting: false, release: () => {} },
      socket: openSocket(serverUrl),
      join: {
        secret: joinSecret.toString("hex") as JoinSecret,
        room: room ? { kind: "private", tag: room.tag } : { kind: "open" },
      },
      iceServers: [],
      engine: {
        name,
        address: sha256(joinSecret).slice(0, 2 * ADDRESS_BYTES) as Address,
        envelopeKey: (tag) => (room ?? openRoom(tag)).envelopeKey,
      },
      files: (feed) => (files = new MemoryFiles(feed)),
      server: () => {},
      entered: () => {},
      moved: () => this.close(),
      verify: ({ by, bytes, signature }, then) => then(verify(by, bytes, signature)),
      notice: () => {},
      keep: () => {},
      changed: () => {
        for (const look of this.#waiting) look();
      },
    });
    this.#files = files!;
    const { engine } = this.#host;
    const liar: Liar = {
      id,
      linkOf: (peer) => engine.linkOf(peer),
      read: (file, begin, length) => this.#files.read(file, begin, length),
    };
    lieFrom(engine, (output) => this.#counted(output), liar);
    const { handle } = engine;
    engine.handle = (input, now) => {
      const outputs = handle(input, now);
      this.#notePosts();
      return outputs;
    };
    if (lie) lieFrom(engine, { ...LIES, ...HEARSAY }[lie], liar);
  }

  /** Offers a file of the disk to the room. */
  async share(path: string): Promise<void> {
    const local = this.#files.disk.add(await readFile(path), basename(path));
    this.#host.feed({ type: "share", files: [local] });
  }

  /** Waits until the room offers a file of this name, downloads it and offers it too. @returns its SHA-256 */
  async fetch(name: string): Promise<string> {
    const { file } = await this.#when(() => this.#find(name));
    this.#host.feed({ type: "download", file, name });
    const bytes = await this.#when(() => this.#files.disk.saved.get(file));
    this.#host.feed({ type: "share-download", file });
    return sha256(bytes);
  }

  /** To the group "general". */
  post(text: string): void {
    this.#host.feed({ type: "post", group: GENERAL, text, replyTo: null, writtenAt: Date.now() });
  }

  /** Batches as a neighbour would have told them. */
  restore(frames: readonly Uint8Array[]): void {
    this.#host.feed({ type: "restore", frames });
  }

  state(): PeerState {
    const { engine } = this.#host;
    const people = engine.people();
    return {
      people: people.map(({ name }) => name),
      linked: people.filter(({ reach }) => reach !== "known").map(({ name }) => name),
      neighbors: engine.neighborCount,
      files: engine.search(EVERYTHING).rows.map(({ name }) => name),
      posts: engine.posts(GENERAL).map(({ text }) => text),
      postDelaysMs: [...this.#delayByPost.values()],
      dials: this.#dials,
      refusals: Object.fromEntries(engine.refusals()),
    };
  }

  close(): void {
    this.#host.close();
  }

  #find(name: string): ResultRow | undefined {
    return this.#host.engine.search({ ...EVERYTHING, text: name }).rows.find((row) => row.name === name);
  }

  #notePosts(): void {
    const posts = this.#host.engine.posts(GENERAL);
    if (posts === this.#posts) return;
    this.#posts = posts;
    for (const { id, mine, writtenAt } of posts)
      if (!mine && !this.#delayByPost.has(id)) this.#delayByPost.set(id, Date.now() - writtenAt);
  }

  #counted(output: Output): readonly Output[] {
    if (output.type === "dial") this.#dials++;
    return [output];
  }

  /** Looks whenever something may have changed. */
  #when<Value>(look: () => Value | undefined): Promise<Value> {
    return new Promise((resolve) => {
      const again = (): void => {
        const value = look();
        if (value === undefined) return;
        this.#waiting.delete(again);
        resolve(value);
      };
      this.#waiting.add(again);
      again();
    });
  }
}

class MemoryFiles implements HostFiles {
  sentBytes = 0;
  readonly #feed: (input: Input) => void;
  #linkOf: (peer: PeerId) => BlockSender | null = () => null;
  readonly #files = new DiskFiles({
    feed: (input) => this.#feed(input),
    sendBlocks: (peer, id, bytes) =>
      void this.#linkOf(peer)?.sendBlocks(id, Promise.resolve(bytes), (sent) => {
        this.sentBytes += sent;
        this.#feed({ type: "bytes-sent", peer, id, bytes: sent });
      }),
    stopBlocks: (peer, id) => this.#linkOf(peer)?.stopBlocks(id),
  });

  constructor(feed: (input: Input) => void) {
    this.#feed = feed;
  }

  get disk(): DiskFiles["disk"] {
    return this.#files.disk;
  }

  read(file: FileId, begin: number, length: number): Uint8Array {
    const bytes = this.disk.read(file, begin, length);
    if (typeof bytes === "string") throw new Error(`${file} ${bytes}`);
    return bytes;
  }

  perform(output: SwarmOutput, linkOf: (peer: PeerId) => BlockSender | null): void {
    this.#linkOf = linkOf;
    this.#files.perform(output);
  }

  close(): void {}
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
