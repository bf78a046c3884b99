/** A peer in Node as tests and benchmarks use it: told by name what to fetch, and asked how it is. */
import type { Output } from "@swapmeet/engine/io/io";
import { GENERAL } from "@swapmeet/engine/names/name";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { PostView, ResultRow } from "@swapmeet/engine/io/view";
import type { RoomCode } from "../src/platform/room/room-code.ts";
import { EVERYTHING, Peer } from "./peer.ts";

export interface TestPeerOptions {
  readonly serverUrl: string;
  /** The room code; null: the open room. */
  readonly code: string | null;
  readonly name: string;
  /** A folder for the downloads of this peer alone. It is made with the first download. */
  readonly folder: string;
  /** Makes a hostile peer, see Peer. */
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

/** Rows that a question about the files brings at most. */
const LIMIT = 10_000;

export class TestPeer {
  readonly #peer: Peer;
  readonly #delayByPost = new Map<PostId, number>();
  #posts: readonly PostView[] = [];
  #dials = 0;

  static async join({ code, tap, ...options }: TestPeerOptions): Promise<TestPeer> {
    let joined: TestPeer | undefined;
    const peer = await Peer.join({
      ...options,
      code: code as RoomCode | null,
      sharesDownloads: true,
      tap: (outputs, peer) => {
        if (joined) joined.#note(outputs);
        return tap?.(outputs, peer) ?? outputs;
      },
    });
    return (joined = new TestPeer(peer));
  }

  private constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Offers a file of the disk to the room. Rejects when it can't be read. */
  async share(path: string): Promise<void> {
    const local = await this.#peer.files.share(path);
    this.#peer.feed({ type: "share", files: [local] });
  }

  /**
   * Waits until the room offers a file of this name, downloads it and offers it too. Rejects when the download fails.
   * @returns the path that it was written to
   */
  async fetch(name: string): Promise<string> {
    const { engine, files } = this.#peer;
    const { file } = await this.#peer.when(() => this.#find(name));
    const folder = engine.folderOf(file, name);
    files.expect(file, name, folder);
    this.#peer.feed({ type: "download", file, name });
    return this.#peer.when(() => {
      const state = engine.downloads().find((download) => download.file === file)?.state;
      if (state?.type === "failed") throw new Error(`${name}: ${JSON.stringify(state.reason)}`);
      if (state?.type === "paused") throw new Error(`${name}: ${JSON.stringify(state.because)}`);
      return files.savedPathOf(name, folder);
    });
  }

  /** Posts to the newsgroup "general". */
  post(text: string): void {
    this.#peer.feed({ type: "post", group: GENERAL, text, replyTo: null, writtenAt: Date.now() });
  }

  /** Takes batches as if a neighbour had sent them. */
  restore(frames: readonly Uint8Array[]): void {
    this.#peer.feed({ type: "restore", frames });
  }

  state(): PeerState {
    const { engine } = this.#peer;
    const people = engine.people();
    return {
      people: people.map(({ name }) => name),
      linked: people.filter(({ reach }) => reach !== "known").map(({ name }) => name),
      neighbors: engine.neighborCount,
      files: engine.search({ ...EVERYTHING, limit: LIMIT }).rows.map(({ name }) => name),
      posts: engine.posts(GENERAL).map(({ text }) => text),
      postDelaysMs: [...this.#delayByPost.values()],
      dials: this.#dials,
      refusals: Object.fromEntries(engine.refusals()),
    };
  }

  close(): void {
    this.#peer.close();
  }

  #find(name: string): ResultRow | undefined {
    return this.#peer.engine
      .search({ ...EVERYTHING, limit: LIMIT, text: name })
      .rows.find((row) => row.name === name);
  }

  #note(outputs: readonly Output[]): void {
    for (const { type } of outputs) if (type === "dial") this.#dials++;
    const posts = this.#peer.engine.posts(GENERAL);
    if (posts === this.#posts) return;
    this.#posts = posts;
    for (const { id, mine, writtenAt } of posts)
      if (!mine && !this.#delayByPost.has(id)) this.#delayByPost.set(id, Date.now() - writtenAt);
  }
}
