/**
 * A whole peer without a browser: the production engine, host, links, signaling and holdings, over a WebRTC from npm
 * and the file system.
 */
import wrtc from "@roamhq/wrtc";
import { ed25519 } from "@noble/curves/ed25519.js";
import { createHash, randomBytes } from "node:crypto";
import { ADDRESS_BYTES, JOIN_SECRET_BYTES, type Address, type JoinSecret } from "@swapmeet/shared";
import type { Engine } from "@swapmeet/engine";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { LinkId, Output } from "@swapmeet/engine/io/io";
import { peerIdOf, type PeerId } from "@swapmeet/engine/names/peer-id";
import { GENERAL } from "@swapmeet/engine/names/name";
import type { PostId } from "@swapmeet/engine/names/post-id";
import { deriveRoom, openRoom } from "@swapmeet/engine/names/room-secret";
import type { PostView, ResultRow, SearchQuery } from "@swapmeet/engine/io/view";
import { Host } from "../src/platform/run/host.ts";
import type { RoomCode } from "../src/platform/room/room-code.ts";
import { openSocket } from "../src/platform/run/signaling-client.ts";
import { verify } from "../src/platform/run/signature.ts";
import { stretch } from "../src/platform/room/stretched-code.ts";
import { DiskFiles } from "./disk-files.ts";
import { reportError } from "./report-error.ts";

export interface PeerOptions {
  readonly serverUrl: string;
  /** The room code; null: the open room. */
  readonly code: string | null;
  readonly name: string;
  /** A folder for the pieces and the downloads of this peer alone. It is made with the first download. */
  readonly folder: string;
  /** Makes a hostile peer: the outputs that it returns are performed instead of the engine's. See Host. */
  tap?(outputs: readonly Output[], peer: Peer): readonly Output[];
}

export interface PeerState {
  /** Names of everyone else in the room. */
  readonly people: readonly string[];
  /** Names of the people to whom it has a proven link. */
  readonly linked: readonly string[];
  /** How many of these links are the overlay's. */
  readonly neighbors: number;
  /** Names of the files that people offer, this peer's too. */
  readonly files: readonly string[];
  /** Texts of the group "general", as the board orders them. */
  readonly posts: readonly string[];
  /** For each received post, in order: milliseconds from writing to arrival, by the clocks of the two devices. */
  readonly postDelaysMs: readonly number[];
  /** How many calls it has made. */
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

/** To stretch a code takes longer than to join, so the peers of one process do it once. */
const secretByCode = new Map<RoomCode, Promise<Uint8Array>>();
const secretOf = (code: RoomCode): Promise<Uint8Array> => {
  const secret = secretByCode.get(code) ?? stretch(code);
  secretByCode.set(code, secret);
  return secret;
};

export class Peer {
  readonly #host: Host;
  readonly id: PeerId;
  readonly #files: DiskFiles;
  readonly #waiting = new Set<() => void>();
  readonly #delayByPost = new Map<PostId, number>();
  #posts: readonly PostView[] = [];
  #dials = 0;

  static async join(options: PeerOptions): Promise<Peer> {
    return new Peer(options, options.code === null ? null : await secretOf(options.code as RoomCode));
  }

  private constructor({ serverUrl, name, folder, tap }: PeerOptions, roomSecret: Uint8Array | null) {
    const room = roomSecret && deriveRoom(roomSecret);
    const joinSecret = randomBytes(JOIN_SECRET_BYTES);
    const secretKey = ed25519.utils.randomSecretKey();
    this.id = peerIdOf(ed25519.getPublicKey(secretKey));
    let files: DiskFiles | undefined;
    this.#host = new Host({
      identity: { peer: this.id, secretKey, epoch: 0, release: () => {} },
      socket: openSocket(serverUrl),
      join: {
        secret: joinSecret.toString("hex") as JoinSecret,
        room: room ? { kind: "private", tag: room.tag } : { kind: "open" },
      },
      iceServers: [],
      relayOnly: false,
      webRtc: wrtc,
      engine: {
        name,
        address: addressOf(joinSecret),
        envelopeKey: (tag) => (room ?? openRoom(tag)).envelopeKey,
      },
      files: (feed) => (files = new DiskFiles(folder, feed)).holdings,
      server: () => {},
      entered: () => {},
      moved: () => this.close(),
      verify: ({ by, bytes, signature }, then) => then(verify(by, bytes, signature)),
      notice: () => {},
      keep: () => {},
      changed: () => {
        for (const look of this.#waiting) look();
      },
      report: reportError,
      tap: (outputs, engine) => {
        this.#note(outputs, engine);
        return tap?.(outputs, this) ?? outputs;
      },
    });
    this.#files = files!;
  }

  /** Offers a file of the disk to the room. Rejects when it can't be read. */
  async share(path: string): Promise<void> {
    const local = await this.#files.share(path);
    this.#host.feed({ type: "share", files: [local] });
  }

  /** The path of a file that this peer shares; undefined: it does not share the file. */
  sharedPathOf(file: FileId): string | undefined {
    return this.#files.sharedPathOf(file);
  }

  /**
   * Waits until the room offers a file of this name, downloads it and offers it too. Rejects when the download fails.
   * @returns the path that it was written to
   */
  async fetch(name: string): Promise<string> {
    const { engine } = this.#host;
    const { file } = await this.#when(() => this.#find(name));
    const folder = engine.folderOf(file, name);
    this.#files.expect(file, name, folder);
    this.#host.feed({ type: "download", file, name });
    return this.#when(() => {
      const state = engine.downloads().find((download) => download.file === file)?.state;
      if (state?.type === "failed") throw new Error(`${name}: ${JSON.stringify(state.reason)}`);
      if (state?.type === "paused") throw new Error(`${name}: ${JSON.stringify(state.because)}`);
      return this.#files.savedPathOf(name, folder);
    });
  }

  /** The link to another peer; null: there is none. */
  linkOf(peer: PeerId): LinkId | null {
    return this.#host.engine.linkOf(peer);
  }

  /** Posts to the newsgroup "general". */
  post(text: string): void {
    this.#host.feed({ type: "post", group: GENERAL, text, replyTo: null, writtenAt: Date.now() });
  }

  /** Takes batches as if a neighbour had sent them. */
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

  #note(outputs: readonly Output[], engine: Engine): void {
    for (const { type } of outputs) if (type === "dial") this.#dials++;
    const posts = engine.posts(GENERAL);
    if (posts === this.#posts) return;
    this.#posts = posts;
    for (const { id, mine, writtenAt } of posts)
      if (!mine && !this.#delayByPost.has(id)) this.#delayByPost.set(id, Date.now() - writtenAt);
  }

  /** Calls `look` whenever something may have changed, until it gives a value. Rejects when `look` throws. */
  #when<Value>(look: () => Value | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      const again = (): void => {
        try {
          const value = look();
          if (value === undefined) return;
          resolve(value);
        } catch (error) {
          reject(error);
        }
        this.#waiting.delete(again);
      };
      this.#waiting.add(again);
      again();
    });
  }
}

/** The address as the server computes it, see PROTOCOL.md J2. */
const addressOf = (joinSecret: Uint8Array): Address =>
  createHash("sha256")
    .update(joinSecret)
    .digest("hex")
    .slice(0, 2 * ADDRESS_BYTES) as Address;
