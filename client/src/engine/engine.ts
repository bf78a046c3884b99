/**
 * The peer: one door, `handle(input, now) -> outputs`, and `nextDeadline()`. Deterministic: the same inputs, times and
 * random bytes give the same outputs. The parts know nothing of each other; they meet here.
 */
import type { Address, RoomTag } from "@swapmeet/shared";
import { hexToBytes } from "./bytes.ts";
import { Catalog } from "./catalog.ts";
import { Feeds } from "./feeds.ts";
import type { FileId } from "./file-id.ts";
import type { Frame } from "./frame.ts";
import type { Input, LinkId, LocalFile, Notice, Output, Time } from "./io.ts";
import { Links } from "./links.ts";
import { Mesh } from "./mesh.ts";
import { safePersonName } from "./name.ts";
import { hueOf, tagOf, type PeerId } from "./peer-id.ts";
import type { Refusal } from "./refusal.ts";
import { Swarm } from "./swarm.ts";
import type {
  DownloadView,
  LibraryItem,
  PersonView,
  SearchQuery,
  SearchResults,
  UploadView,
} from "./view.ts";

export interface EngineOptions {
  readonly me: PeerId;
  /** Number of this feed of this key: higher in each life. */
  readonly epoch: number;
  readonly name: string;
  /** Where the server delivers this tab's envelopes. */
  readonly address: Address;
  /** The key that seals envelopes in the room with this tag. */
  envelopeKey(tag: RoomTag): Uint8Array;
  /** Cryptographically random in production, seeded in simulation. */
  random(bytes: number): Uint8Array;
}

/** A peer whose link was lost keeps its place this long: a reload, a phone's file picker, a lift. */
const FORGET_AFTER_MS = 15_000;

export class Engine {
  readonly #options: EngineOptions;
  readonly #links: Links;
  readonly #mesh: Mesh;
  readonly #feeds: Feeds;
  readonly #catalog: Catalog;
  readonly #swarm: Swarm;
  readonly #library = new Map<FileId, LocalFile>();
  readonly #lostSinceByPeer = new Map<PeerId, Time>();
  readonly #jobs = new Map<number, (answer: Uint8Array | boolean, now: Time) => void>();
  #nextJob = 1;
  #outputs: Output[] = [];
  #now: Time = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    const emit = (output: Output) => void this.#outputs.push(output);
    const notify = (notice: Notice) => emit({ type: "notice", notice });
    const sign = (bytes: Uint8Array, then: (signature: Uint8Array) => void) =>
      emit({ type: "sign", job: this.#job((answer) => then(answer as Uint8Array)), bytes });
    const verify = (
      by: PeerId,
      bytes: Uint8Array,
      signature: Uint8Array,
      then: (valid: boolean, now: Time) => void,
    ) =>
      emit({
        type: "verify",
        job: this.#job((answer, now) => then(answer === true, now)),
        by,
        bytes,
        signature,
      });
    const refuse = (peer: PeerId, refusal: Refusal) => this.#links.refuse(peer, refusal);
    const send = (peer: PeerId, frame: Frame) => this.#links.send(peer, frame);

    this.#links = new Links({
      me: options.me,
      emit,
      random: options.random,
      sign,
      verify,
      envelopeKey: options.envelopeKey,
      notify,
      nextHop: (_, except) => this.#linkedAtRandom(except),
      isNeeded: () => true, // the mesh needs all
      dialFailed: (_, now) => this.#mesh.dialFailed(now),
      peerUp: (peer, _, now) => {
        this.#mesh.peerUp();
        this.#lostSinceByPeer.delete(peer);
        this.#feeds.peerUp(peer);
        this.#swarm.peerUp(peer, now);
      },
      peerDown: (peer, now) => {
        this.#mesh.peerDown(now);
        this.#lostSinceByPeer.set(peer, now);
        this.#feeds.peerDown(peer, now);
        this.#swarm.peerDown(peer, now);
      },
      frame: (peer, frame, now) => this.#frame(peer, frame, now),
    });
    this.#mesh = new Mesh({
      linkCount: () => this.#links.linkCount,
      dial: (address, now) => this.#links.dial(address, now),
      sample: () => emit({ type: "sample-members" }),
      random: () => this.#random(),
    });
    this.#catalog = new Catalog({
      me: options.me,
      sourcesChanged: (file) => this.#swarm.sourcesChanged(file, this.#now),
    });
    this.#feeds = new Feeds(
      {
        send,
        refuse,
        sign,
        verify,
        applied: (author, seq, entry) => this.#catalog.apply(author, seq, entry),
        restarted: (author) => this.#catalog.drop(author),
      },
      options.me,
      options.epoch,
    );
    this.#swarm = new Swarm({
      emit,
      send,
      refuse,
      notify,
      random: () => this.#random(),
      sourcesOf: (file) => this.#catalog.sourcesOf(file).filter((peer) => this.#links.isLinked(peer)),
    });
    this.#introduce(options.name);
  }

  /** @returns what the host must do, in this order. */
  handle(input: Input, now: Time): readonly Output[] {
    this.#now = now;
    this.#apply(input, now);
    this.#links.settle(now);
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** When to send the next "tick", or null when only an input can change anything. */
  nextDeadline(): Time | null {
    let next = Math.min(
      this.#links.nextDeadline() ?? Infinity,
      this.#mesh.nextDeadline() ?? Infinity,
      this.#feeds.nextDeadline() ?? Infinity,
      this.#swarm.nextDeadline() ?? Infinity,
    );
    for (const since of this.#lostSinceByPeer.values()) next = Math.min(next, since + FORGET_AFTER_MS);
    return next === Infinity ? null : next;
  }

  #apply(input: Input, now: Time): void {
    switch (input.type) {
      case "server-joined":
        this.#links.serverJoined(input.tag, input.address);
        return this.#mesh.members(input.members, now);
      case "server-lost":
        return this.#links.serverLost();
      case "envelope":
        return this.#links.envelope(input.from, input.bytes, now);
      case "link-signal":
        return this.#links.signal(input.link, input.signal);
      case "link-open":
        return this.#links.opened(input.link, input.localFingerprint, input.remoteFingerprint, now);
      case "link-bytes":
        return this.#links.bytes(input.link, input.bytes, now);
      case "link-closed":
        return this.#links.closed(input.link, input.reason, now);
      case "signed":
        return this.#answered(input.job, input.signature, now);
      case "verified":
        return this.#answered(input.job, input.valid, now);
      case "rename":
        return this.#introduce(input.name);
      case "share":
        return this.#share(input.files);
      case "unshare":
        return this.#unshare(new Set(input.files));
      case "share-download": {
        const local = this.#swarm.finished(input.file);
        return local ? this.#share([local]) : undefined;
      }
      case "download":
        this.#dialSourcesOf(input.file, now);
        return this.#swarm.download(input.file, input.name, now, input.stored);
      case "pause":
        return this.#swarm.pause(input.file, now);
      case "resume":
        this.#dialSourcesOf(input.file, now);
        return this.#swarm.resume(input.file, now);
      case "cancel":
        return this.#swarm.cancel(input.file, now);
      case "clear":
        return this.#swarm.clear(input.file, now);
      case "offer":
        return this.#links.send(input.to, { type: "offer", id: this.#nextJob++, files: input.files });
      case "answer-offer":
        return this.#links.send(input.from, { type: "offer-answer", id: input.id, accepted: input.accepted });
      case "limits":
        return this.#swarm.limit(input.limits, now);
      case "leave":
        return this.#links.closeAll(now);
      case "tick":
        return this.#tick(now);
      default:
        return this.#swarm.handle(input, now);
    }
  }

  #frame(peer: PeerId, frame: Frame, now: Time): void {
    switch (frame.type) {
      case "feeds":
      case "want":
      case "entries":
        return this.#feeds.frame(peer, frame, now);
      case "offer":
        return void this.#outputs.push({
          type: "notice",
          notice: { type: "offer", from: peer, id: frame.id, files: frame.files },
        });
      case "offer-answer":
        return void this.#outputs.push({
          type: "notice",
          notice: { type: "offer-answered", by: peer, accepted: frame.accepted },
        });
      case "heads":
      case "wants":
      case "answered":
      case "batch":
      case "summary":
      case "eager":
      case "fork":
      case "neighbor":
      case "neighbor-answer":
      case "disconnect":
      case "shuffle":
      case "shuffle-reply":
      case "suspect":
      case "relay":
      case "message":
      case "message-received":
        return;
      case "prove":
      case "introduce":
      case "ping":
      case "pong":
        return; // links.ts answers these
      default:
        return this.#swarm.frame(peer, frame, now);
    }
  }

  #tick(now: Time): void {
    this.#links.tick(now);
    this.#mesh.tick(now);
    this.#feeds.tick(now);
    this.#swarm.tick(now);
    for (const [peer, since] of this.#lostSinceByPeer) {
      if (now < since + FORGET_AFTER_MS) continue;
      this.#lostSinceByPeer.delete(peer);
      this.#feeds.forget(peer);
      this.#catalog.drop(peer);
    }
  }

  #introduce(name: string): void {
    const { address } = this.#options;
    this.#feeds.append([{ type: "profile", name: safePersonName(name), address, state: "here" }]);
  }

  #share(files: readonly LocalFile[]): void {
    const fresh = files.filter((file) => !this.#library.has(file.file));
    for (const file of fresh) {
      this.#library.set(file.file, file);
      this.#swarm.share(file);
    }
    this.#feeds.append(fresh.map(({ file, name, folder }) => ({ type: "share", file, name, folder })));
  }

  #unshare(files: ReadonlySet<FileId>): void {
    const shares = [...this.#catalog.sharesOf(this.#options.me)].filter(([, share]) => files.has(share.file));
    for (const file of files) {
      this.#library.delete(file);
      this.#swarm.unshare(file);
    }
    this.#feeds.append(shares.map(([share]) => ({ type: "unshare", share })));
  }

  /** In a room larger than the mesh a source may be known by its feed alone. */
  #dialSourcesOf(file: FileId, now: Time): void {
    for (const peer of this.#catalog.sourcesOf(file)) {
      const address = this.#links.isLinked(peer) ? null : this.#catalog.addressOf(peer);
      if (address) this.#links.dial(address, now);
    }
  }

  #linkedAtRandom(except: PeerId | null): PeerId | null {
    const peers = [...this.#links.peers()].filter((peer) => peer !== except);
    return peers[Math.floor(this.#random() * peers.length)] ?? null;
  }

  /** [0, 1) */
  #random(): number {
    return new DataView(this.#options.random(4).buffer).getUint32(0) / 2 ** 32;
  }

  #job(then: (answer: Uint8Array | boolean, now: Time) => void): number {
    this.#jobs.set(this.#nextJob, then);
    return this.#nextJob++;
  }

  #answered(job: number, answer: Uint8Array | boolean, now: Time): void {
    const then = this.#jobs.get(job);
    this.#jobs.delete(job);
    then?.(answer, now);
  }

  // -- what the page reads -----------------------------------------------------------------------------------------

  get peerCount(): number {
    return this.#links.peerCount;
  }

  linkOf(peer: PeerId): LinkId | null {
    return this.#links.linkOf(peer);
  }

  person(peer: PeerId): PersonView {
    return {
      peer,
      name: this.#catalog.nameOf(peer),
      tag: tagOf(peer),
      hue: hueOf(peer),
      reach: this.#links.isLinked(peer) ? "direct" : "known",
      presence: "here",
      lied: false,
      rttMs: this.#links.rttMs(peer),
      fileCount: this.#catalog.fileCountOf(peer),
    };
  }

  /** Everyone but this peer, in the order they came. */
  people(): PersonView[] {
    const peers = new Set([...this.#catalog.authors(), ...this.#links.peers()]);
    peers.delete(this.#options.me);
    return [...peers].map((peer) => this.person(peer));
  }

  library(): LibraryItem[] {
    return [...this.#library.values()].map(({ file, name, folder }) =>
      this.#swarm.libraryItem(file, name, folder),
    );
  }

  localFile(file: FileId): LocalFile | null {
    return this.#library.get(file) ?? null;
  }

  /** Everyone else who offers the file. */
  sourcesOf(file: FileId): readonly PeerId[] {
    return this.#catalog.sourcesOf(file);
  }

  fileNameOf(file: FileId): string {
    return this.#catalog.fileNameOf(file);
  }

  search(query: SearchQuery): SearchResults {
    return this.#catalog.search(query);
  }

  /** The folder that a file goes by in the room, "" for none. */
  folderOf(file: FileId): string {
    return this.#catalog.folderOf(file);
  }

  downloads(): DownloadView[] {
    return this.#swarm.downloads(this.#now);
  }

  uploads(): UploadView[] {
    return this.#swarm.uploads(this.#now);
  }

  /** How often each refusal was made, since the start. */
  refusals(): ReadonlyMap<Refusal, number> {
    return this.#links.refusals;
  }
}

/** A key as bytes, for the edge that verifies signatures. */
export const publicKeyOf = (peer: PeerId): Uint8Array => hexToBytes(peer);
