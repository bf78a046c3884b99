/**
 * The peer: one door, `handle(input, now) -> outputs`, and `nextDeadline()`. Deterministic: the same inputs, times and
 * random bytes give the same outputs. The parts know nothing of each other; they meet here. Their time is not the host's:
 * it begins with the first input, and stands still while this device sleeps (awake-clock.ts).
 */
import type { Address, RoomTag } from "@swapmeet/shared";
import type { EntryHash, FeedName } from "./feed/batch.ts";
import { AwakeClock } from "./base/awake-clock.ts";
import { BoundedSet } from "./base/bounded.ts";
import { Board } from "./board/board.ts";
import { hexToBytes, viewOf } from "./base/bytes.ts";
import { Catalog } from "./catalog/catalog.ts";
import { DirectMessages } from "./people/direct-message.ts";
import type { Entry } from "./feed/entry.ts";
import { lengthOf, type FileId } from "./names/file-id.ts";
import type { Frame } from "./wire/frame.ts";
import { Gossip } from "./gossip/gossip.ts";
import type { Input, LinkId, LocalFile, Notice, Output, ReadProblem } from "./io/io.ts";
import type { Time } from "./base/time.ts";
import { Library } from "./library.ts";
import type { LibraryEntry } from "./names/library-entry.ts";
import { Links } from "./links/links.ts";
import { Offers } from "./people/offers.ts";
import { Overlay } from "./overlay/overlay.ts";
import { hueOf, tagOf, type PeerId } from "./names/peer-id.ts";
import type { PostId } from "./names/post-id.ts";
import { Presence } from "./people/presence.ts";
import { MAX_FORKS } from "./gossip/proofs.ts";
import type { Refusal } from "./names/refusal.ts";
import { Swarm } from "./swarm/swarm.ts";
import { TransferLinks } from "./links/transfer-links.ts";
import type {
  DownloadView,
  GroupView,
  LibraryItem,
  MessageView,
  PersonView,
  PostView,
  SearchQuery,
  SearchResults,
  UploadView,
} from "./io/view.ts";

export interface EngineOptions {
  readonly me: PeerId;
  /** Number of this life of this key: higher in each. */
  readonly epoch: number;
  readonly name: string;
  /** Where the server delivers this tab's envelopes. */
  readonly address: Address;
  /** The key that seals envelopes in the room with this tag. */
  envelopeKey(tag: RoomTag): Uint8Array;
  /** Cryptographically random in production, seeded in simulation. */
  random(bytes: number): Uint8Array;
}

type Answer = Uint8Array | boolean | string | null;

export class Engine {
  readonly #options: EngineOptions;
  readonly #links: Links;
  readonly #overlay: Overlay;
  readonly #presence: Presence;
  readonly #gossip: Gossip;
  readonly #catalog: Catalog;
  readonly #board: Board;
  readonly #messages: DirectMessages;
  readonly #swarm: Swarm;
  readonly #transferLinks: TransferLinks;
  readonly #offers: Offers;
  /** Those that wait for a time. */
  readonly #parts: readonly { tick(now: Time): void; nextDeadline(): Time | null }[];
  readonly #library = new Library();
  /** Proven to have signed two histories. As many as gossip keeps proofs of. */
  readonly #liars = new BoundedSet<PeerId>(MAX_FORKS);
  readonly #jobs = new Map<number, (answer: Answer, now: Time) => void>();
  #nextJob = 1;
  /** The one room of this engine's life: null until the server has named it. */
  #room: RoomTag | null = null;
  /** As of the server's last sample. */
  #members: readonly Address[] = [];
  #hasLeft = false;
  #outputs: Output[] = [];
  readonly #clock = new AwakeClock();

  constructor(options: EngineOptions) {
    this.#options = options;
    const { me, epoch, address } = options;
    const emit = (output: Output) => void this.#outputs.push(output);
    const notify = (notice: Notice) => emit({ type: "notice", notice });
    const sign = (bytes: Uint8Array, then: (signature: Uint8Array, now: Time) => void) =>
      emit({ type: "sign", job: this.#job((answer, now) => then(answer as Uint8Array, now)), bytes });
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
    // These pass on what others began: one who brings too much of it is not to blame. [W3b]
    const passOver = (_: PeerId, refusal: Refusal) => this.#links.count(refusal);
    const send = (peer: PeerId, frame: Frame) => this.#links.send(peer, frame);
    const isLinked = (peer: PeerId) => this.#links.isLinked(peer);
    const random = () => this.#random();

    this.#links = new Links({
      me,
      emit,
      random: options.random,
      sign,
      verify,
      envelopeKey: options.envelopeKey,
      notify,
      nextHop: (to, except) => this.#nextHop(to, except),
      isNeeded: (peer) =>
        this.#overlay.isNeighbor(peer) || this.#swarm.needs(peer) || this.#messages.needs(peer),
      peerUp: (peer, { address }, now) => {
        this.#overlay.linkUp(peer, address, now);
        this.#presence.linkUp(peer, now);
        this.#swarm.peerUp(peer, now);
        this.#messages.peerUp(peer, now);
        this.#transferLinks.peerUp(peer);
      },
      peerDown: (peer, wasQuiet, now) => {
        const wasNeighbor = this.#overlay.isNeighbor(peer);
        this.#overlay.linkDown(peer, now);
        this.#presence.linkDown(peer, wasQuiet ? "quiet" : wasNeighbor ? "neighbor" : "other", now);
        this.#swarm.peerDown(peer, now);
        this.#messages.peerDown(peer, now);
        this.#offers.peerDown(peer);
        this.#transferLinks.look(now);
      },
      dialFailed: (address, wasSilent, now) => {
        this.#overlay.dialFailed(address, now);
        if (wasSilent) this.#presence.unanswered(address, now);
      },
      frame: (peer, frame, now) => this.#frame(peer, frame, now),
    });
    this.#overlay = new Overlay({
      me,
      address,
      send,
      refuse: passOver,
      dial: (to, now) => this.#links.dial(to, now),
      connectionsLeft: () => this.#links.connectionsLeft,
      neighborUp: (peer, now) => this.#gossip.neighborUp(peer, now),
      neighborDown: (peer, now) => this.#gossip.neighborDown(peer, now),
      sample: () => emit({ type: "sample-members" }),
      random,
    });
    this.#gossip = new Gossip({
      me,
      epoch,
      send: (peer, frame) => this.#links.send(peer, frame),
      refuse,
      sign,
      verify,
      random,
      applied: (feed, first, entries, last, from, now) =>
        entries.forEach((entry, i) => this.#applied(feed, first + i, entry, last, from, now)),
      dropped: (feed, from, to) => this.#dropped(feed, from, to),
      forked: ({ author }) => this.#lied(author),
      keep: (feed, first, frame) => emit({ type: "keep-batch", key: batchKey(feed, first), frame }),
      unkeep: (feed, first) => emit({ type: "unkeep-batch", key: batchKey(feed, first) }),
      told: (peer) => this.#overlay.told(peer),
      missed: (peer) => this.#overlay.missed(peer),
      brought: (peer) => this.#overlay.brought(peer),
      vouched: (author, life, seq, by) => this.#presence.vouched(author, life, seq, by),
    });
    this.#catalog = new Catalog({
      me,
      sourcesChanged: (file) => this.#swarm.sourcesChanged(file, this.#now),
    });
    this.#board = new Board(me);
    this.#swarm = new Swarm({
      emit,
      send,
      refuse,
      notify: (notice) => {
        if (notice.type === "source-unreadable") this.#withdraw(notice.file, notice.reason);
        notify(notice);
      },
      random,
      sourcesOf: (file) => this.#catalog.sourcesOf(file).filter(isLinked),
    });
    this.#transferLinks = new TransferLinks({
      isLinked,
      addressOf: (peer) => this.#presence.addressOf(peer),
      dial: (to, now) => this.#links.dial(to, now),
      send,
      wanted: () => this.#swarm.wanted(),
      sourcesOf: (file) => this.#catalog.sourcesOf(file),
      random,
    });
    this.#offers = new Offers({ notify, refuse });
    this.#messages = new DirectMessages({
      me,
      isLinked,
      send: (to, frame, now, failed) => this.#transferLinks.send(to, frame, now, failed),
      refuse,
      open: ({ from, id }, box, then) =>
        emit({
          type: "open-message",
          job: this.#job((text, now) => then(text as string | null, now)),
          from,
          id,
          box,
        }),
      random: options.random,
    });
    this.#presence = new Presence(
      {
        me,
        epoch,
        address,
        append: (profile) => this.#gossip.append("presence", [profile]),
        neighbors: () => this.#overlay.neighbors(),
        send,
        refuse: passOver,
        came: () => {},
        gone: (peer, now, last) => {
          if (last) this.#overlay.forget(last.address);
          if (last) this.#messages.gone(peer, last.name);
          if (last) this.#swarm.gone(peer, last.name);
          this.#gossip.forget(peer, now);
        },
        random,
      },
      options.name,
      this.#now,
    );
    this.#parts = [
      this.#links,
      this.#overlay,
      this.#presence,
      this.#gossip,
      this.#messages,
      this.#transferLinks,
      this.#swarm,
    ];
  }

  /** `hostNow` never goes back. @returns what the host must do, in this order. */
  handle(input: Input, hostNow: Time): readonly Output[] {
    const sleptMs = this.#clock.wake(hostNow);
    const now = this.#now;
    if (sleptMs > 0) this.#woke(sleptMs, now);
    this.#apply(input, now);
    this.#links.settle(now);
    if (this.#hasLeft) this.#close(now);
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** When to send the next "tick", or null when only an input can change anything. */
  nextDeadline(): Time | null {
    let next = Infinity;
    for (const part of this.#parts) next = Math.min(next, part.nextDeadline() ?? Infinity);
    return this.#clock.expect(next === Infinity ? null : next);
  }

  /** While this device slept no deadline went on; but the others' time did. [K2] */
  #woke(sleptMs: number, now: Time): void {
    this.#links.woke(sleptMs, now);
    this.#overlay.woke(sleptMs);
    this.#presence.woke(sleptMs, now);
  }

  get #now(): Time {
    return this.#clock.now;
  }

  #apply(input: Input, now: Time): void {
    switch (input.type) {
      case "server-joined":
        return this.#serverJoined(input, now);
      case "server-lost":
        return this.#links.serverLost();
      case "envelope":
        return this.#links.envelope(input.from, input.bytes, now);
      case "link-signal":
        return this.#links.signal(input.link, input.signal);
      case "link-reachable":
        return this.#links.reachable(input.link);
      case "link-open":
        return this.#links.opened(input.link, input.localFingerprint, input.remoteFingerprint, now);
      case "link-bytes":
        return this.#links.bytes(input.link, input.bytes, now);
      case "link-closed":
        return this.#links.closed(input.link, input.reason, now);
      case "relayed-frame":
        return this.#links.relayedFrame(input.link, input.bytes);
      case "signed":
        return this.#answered(input.job, input.signature, now);
      case "verified":
        return this.#answered(input.job, input.valid, now);
      case "message-opened":
        return this.#answered(input.job, input.text, now);
      case "rename":
        return this.#presence.rename(input.name, now);
      case "be":
        return this.#presence.be(input.state, now);
      case "post": {
        const name = this.#presence.nameOf(this.#options.me);
        const post = this.#board.write(input.group, input.text, input.replyTo, input.writtenAt, name);
        if (post) this.#gossip.append("board", [post]);
        return;
      }
      case "restore":
        return this.#gossip.restore(input.frames, now);
      case "message":
        return this.#messages.message(input.to, input.text, now);
      case "message-again":
        return this.#messages.again(input.id, now);
      case "share":
        return this.#share(input.files);
      case "unshare":
        return this.#unshare(input.entries);
      case "share-download":
        return this.#share(this.#swarm.finished(input.file));
      case "download":
        this.#swarm.download(input.file, input.name, now, input.stored, input.folder);
        return this.#transferLinks.look(now);
      case "order":
        return this.#swarm.order(input.file, input.order);
      case "pause":
        return this.#swarm.pause(input.file, now);
      case "resume":
        this.#swarm.resume(input.file, now);
        return this.#transferLinks.look(now);
      case "cancel":
        return this.#swarm.cancel(input.file, now, input.entry);
      case "clear":
        return this.#swarm.clear(input.file, now, input.entry);
      case "stop-sending":
        return this.#swarm.stopSending(input.to, input.file, now);
      case "allow-sending":
        return this.#swarm.allowSending(input.to, input.file, now);
      case "clear-sent":
        return this.#swarm.clearSent(input.to, input.file);
      case "offer":
        return this.#transferLinks.send(input.to, this.#offers.make(input.to, input.files), now, () =>
          this.#notify({ type: "not-reached", peer: input.to }),
        );
      case "answer-offer":
        return this.#transferLinks.send(
          input.from,
          { type: "offer-answer", id: input.id, accepted: input.accepted },
          now,
        );
      case "limits":
        return this.#swarm.limit(input.limits, now);
      case "leave":
        return this.#presence.leave(now);
      case "tick":
        for (const part of this.#parts) part.tick(now);
        return;
      default:
        return this.#swarm.handle(input, now);
    }
  }

  /** An engine is one visit to one room: nothing of it enters another. [J13] */
  #serverJoined({ tag, address, members }: Extract<Input, { type: "server-joined" }>, now: Time): void {
    if (this.#room !== null && this.#room !== tag) {
      this.#outputs.push({ type: "another-room" });
      return this.#presence.leave(now);
    }
    if (this.#hasLeft) return;
    if (this.#room === null) this.#outputs.push({ type: "entered", tag });
    this.#room = tag;
    this.#members = members;
    const wasAway = !this.#links.isOnline;
    this.#links.serverJoined(tag, address);
    this.#overlay.members(members, now);
    if (wasAway) this.#overlay.serverBack(now);
  }

  #frame(peer: PeerId, frame: Frame, now: Time): void {
    switch (frame.type) {
      case "batch":
      case "heads":
      case "wants":
      case "answered":
      case "summary":
      case "eager":
      case "fork":
        return this.#gossip.frame(peer, frame, now);
      case "neighbor":
      case "neighbor-answer":
      case "disconnect":
      case "shuffle":
      case "shuffle-reply":
        return this.#overlay.frame(peer, frame, now);
      case "suspect":
        return this.#presence.frame(peer, frame, now);
      case "message":
      case "message-received":
        return this.#messages.frame(peer, frame, now);
      case "offer":
      case "offer-answer":
        return this.#offers.frame(peer, frame, now);
      case "prove":
      case "introduce":
      case "relay":
      case "ping":
      case "pong":
        return; // links.ts answers these
      default:
        return this.#swarm.frame(peer, frame, now);
    }
  }

  /** A verified entry. */
  #applied(
    feed: FeedName,
    seq: number,
    entry: Entry | null,
    last: EntryHash,
    from: PeerId | null,
    now: Time,
  ): void {
    switch (entry?.type) {
      case undefined:
        return;
      case "profile":
        // The last word is signed and told: the links may end.
        if (feed.author === this.#options.me && entry.state === "left") this.#hasLeft = true;
        return this.#presence.applied(feed.author, feed.epoch, seq, entry, from, now);
      case "share":
      case "unshare":
        return this.#catalog.apply(feed.author, seq, entry);
      case "post":
        return this.#board.apply(feed, seq, entry, last as string as PostId);
    }
  }

  #dropped(feed: FeedName, from: number, to: number): void {
    switch (feed.topic) {
      case "presence":
        return; // presence.ts says itself who is gone
      case "library":
        this.#catalog.drop(feed.author);
        // Of a liar's, what it said before the lie stands, unshared or not.
        if (from > 0)
          for (const { seq, entry } of this.#gossip.entries(feed))
            this.#catalog.apply(feed.author, seq, entry);
        return;
      case "board":
        return this.#board.drop(feed, from, to);
    }
  }

  #lied(author: PeerId): void {
    if (this.#liars.has(author)) return;
    this.#notify({ type: "two-histories", author });
    this.#liars.add(author);
  }

  #share(files: readonly LocalFile[]): void {
    const fresh = files.filter((local) => this.#library.add(local));
    const first = this.#gossip.append(
      "library",
      fresh.map(({ file, name, folder }) => ({ type: "share", file, name, folder })),
    );
    for (const [i, local] of fresh.entries()) {
      this.#library.shared(local, first + i);
      this.#swarm.share(local);
    }
  }

  #unshare(entries: readonly LibraryEntry[]): void {
    const shares = entries.map((entry) => this.#library.remove(entry));
    for (const file of new Set(entries.map((entry) => entry.file))) {
      const other = this.#library.offered(file);
      if (other) this.#swarm.share(other);
      else this.#swarm.unshare(file);
    }
    this.#takeBack(shares.filter((share) => share !== null));
  }

  /** What cannot be read is on the table, with the reason, and offered to nobody. [S17] */
  #withdraw(file: FileId, problem: ReadProblem): void {
    this.#takeBack(this.#library.unreadable(file, problem));
  }

  #takeBack(shares: readonly number[]): void {
    this.#gossip.append(
      "library",
      shares.map((share) => ({ type: "unshare", share })),
    );
  }

  /** Where an introduction goes on: straight to it, or back the way that its last word came, or anywhere. [I9] */
  #nextHop(to: Address, except: PeerId | null): PeerId | null {
    const peer = this.#presence.peerAt(to);
    const route = peer && this.#presence.routeTo(peer);
    for (const next of [peer, route]) if (next && next !== except && this.#links.isLinked(next)) return next;
    const neighbors = [...this.#overlay.neighbors()].filter((neighbor) => neighbor !== except);
    return neighbors[Math.floor(this.#random() * neighbors.length)] ?? null;
  }

  #close(now: Time): void {
    this.#overlay.close();
    this.#links.closeAll(now);
  }

  #notify(notice: Notice): void {
    this.#outputs.push({ type: "notice", notice });
  }

  /** [0, 1) */
  #random(): number {
    return viewOf(this.#options.random(4)).getUint32(0) / 2 ** 32;
  }

  #job(then: (answer: Answer, now: Time) => void): number {
    this.#jobs.set(this.#nextJob, then);
    return this.#nextJob++;
  }

  #answered(job: number, answer: Answer, now: Time): void {
    const then = this.#jobs.get(job);
    this.#jobs.delete(job);
    then?.(answer, now);
  }

  // -- what the page reads -----------------------------------------------------------------------------------------

  get peerCount(): number {
    return this.#links.peerCount;
  }

  /** How many of those whom the server named are here and can't be reached. */
  get unreachableCount(): number {
    return this.#members.filter((at) => this.#links.isApart(at) && !this.#presence.peerAt(at)).length;
  }

  /** Links of the overlay: the others are there for transfers. */
  get neighborCount(): number {
    return this.#overlay.neighborCount;
  }

  linkOf(peer: PeerId): LinkId | null {
    return this.#links.linkOf(peer);
  }

  person(peer: PeerId): PersonView {
    return {
      peer,
      name: this.#presence.nameOf(peer) || this.#messages.lastNameOf(peer) || this.#swarm.lastNameOf(peer),
      tag: tagOf(peer),
      hue: hueOf(peer),
      reach: this.#reachOf(peer),
      presence: this.#presenceOf(peer),
      lied: this.#liars.has(peer),
      rttMs: this.#links.rttMs(peer),
      fileCount: this.#catalog.fileCountOf(peer),
    };
  }

  /** Who owes an answer on its link is away, whatever it said last. [W8] */
  #presenceOf(peer: PeerId): PersonView["presence"] {
    if (this.#links.isQuiet(peer, this.#now)) return "away";
    return this.#presence.stateOf(peer) ?? (this.#links.isLinked(peer) ? "here" : "gone");
  }

  #reachOf(peer: PeerId): PersonView["reach"] {
    if (!this.#links.isLinked(peer)) return "known";
    return this.#links.isRelayed(peer) ? "relayed" : "direct";
  }

  /** Everyone but this peer, in the order they came. */
  people(): PersonView[] {
    const peers = new Set([...this.#presence.people(), ...this.#links.peers()]);
    return [...peers].map((peer) => this.person(peer));
  }

  library(): LibraryItem[] {
    return Array.from(this.#library.items(), ({ local: { file, name, folder }, problem }) => ({
      file,
      name,
      folder,
      length: lengthOf(file),
      problem,
      uploadedBytes: this.#swarm.uploadedBytes(file),
    }));
  }

  /** The file under one of the names that this peer offers it by. */
  localFile(file: FileId): LocalFile | null {
    return this.#library.offered(file);
  }

  /** Everything on the table that is this file. */
  entriesOf(file: FileId): LocalFile[] {
    return this.#library.entriesOf(file);
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

  /** The folder that a file goes by in the room under this name, "" for none. */
  folderOf(file: FileId, name: string): string {
    return this.#catalog.folderOf(file, name);
  }

  /** The board's newsgroups. */
  groups(): GroupView[] {
    return this.#board.groups();
  }

  posts(group: string): readonly PostView[] {
    return this.#board.posts(group);
  }

  /** Direct messages, oldest first. */
  messages(): MessageView[] {
    return this.#messages.messages();
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

/** Names a kept batch on the device: the same in every tab. */
const batchKey = ({ author, epoch, topic }: FeedName, first: number): string =>
  `${author} ${epoch} ${topic} ${first}`;

/** A key as bytes, for the edge that verifies signatures. */
export const publicKeyOf = (peer: PeerId): Uint8Array => hexToBytes(peer);
