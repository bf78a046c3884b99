/**
 * The peer: a host talks to it through `handle(input, now) -> outputs` and `nextDeadline()` alone. It is deterministic:
 * the same inputs, times and random bytes give the same outputs. Its time is not the host's: it begins with the first
 * input, and stands still while this device sleeps (awake-clock.ts).
 *
 * The parts know nothing of each other and never call each other: each queues its events, and the queue is drained here
 * in order until it is empty (routes.ts). So no part is called while another one, or itself, is at work.
 */
import type { Address, RoomTag } from "@swapmeet/shared";
import { AwakeClock } from "./base/awake-clock.ts";
import { hexToBytes } from "./base/bytes.ts";
import type { Time } from "./base/time.ts";
import type { Input, LinkId, LocalFile, Output } from "./io/io.ts";
import { lengthOf, type FileId } from "./names/file-id.ts";
import { hueOf, tagOf, type PeerId } from "./names/peer-id.ts";
import type { Refusal } from "./names/refusal.ts";
import { makeParts, type EngineEvent, type Parts, type Self } from "./parts.ts";
import { Routes } from "./routes.ts";
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

export type { EngineEvent } from "./parts.ts";

export interface EngineOptions extends Self {
  /** Sees every event before it is routed. It must not call the engine. */
  tap?(event: EngineEvent, now: Time): void;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #parts: Parts;
  readonly #routes: Routes;
  /** The parts that have deadlines. */
  readonly #sleepers: readonly { tick(now: Time): void; nextDeadline(): Time | null }[];
  /** The one room of this engine's life: null until the server has named it. */
  #room: RoomTag | null = null;
  /** The members in the server's last sample. */
  #members: readonly Address[] = [];
  readonly #events: EngineEvent[] = [];
  #outputs: Output[] = [];
  readonly #clock = new AwakeClock();

  constructor(options: EngineOptions) {
    this.#options = options;
    const queue = (event: EngineEvent): void => void this.#events.push(event);
    const parts = makeParts(options, queue, this.#now);
    this.#parts = parts;
    const emit = (output: Output): void => void this.#outputs.push(output);
    this.#routes = new Routes({ me: options.me, parts, queue, emit });
    const { links, overlay, presence, gossip, messages, transferLinks, swarm } = parts;
    this.#sleepers = [links, overlay, presence, gossip, messages, transferLinks, swarm];
    this.#drain(this.#now);
  }

  /** `hostNow` never goes back. @returns what the host must do, in this order. */
  handle(input: Input, hostNow: Time): readonly Output[] {
    const sleptMs = this.#clock.wake(hostNow);
    const now = this.#now;
    if (sleptMs > 0) this.#woke(sleptMs, now);
    this.#apply(input, now);
    this.#settle(now);
    if (this.#routes.hasLeft) this.#close(now);
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** When to send the next "tick", or null when only an input can change anything. */
  nextDeadline(): Time | null {
    let next = Infinity;
    for (const part of this.#sleepers) next = Math.min(next, part.nextDeadline() ?? Infinity);
    return this.#clock.expect(next === Infinity ? null : next);
  }

  /** Routes the events in the order in which they were queued; those that follow from one come after all that wait. */
  #drain(now: Time): void {
    for (let at = 0; at < this.#events.length; at++) {
      const event = this.#events[at]!;
      this.#options.tap?.(event, now);
      this.#routes.route(event, now);
    }
    this.#events.length = 0;
  }

  /** Drains the queue and ends refused links, again and again, until no part has more events. */
  #settle(now: Time): void {
    do {
      this.#drain(now);
      this.#parts.links.settle(now);
    } while (this.#events.length > 0);
  }

  /** While this device slept, its deadlines stood still, but the time of the others went on. [K2] */
  #woke(sleptMs: number, now: Time): void {
    const { links, overlay, presence } = this.#parts;
    links.woke(sleptMs, now);
    overlay.woke(sleptMs);
    presence.woke(sleptMs, now);
    this.#drain(now);
  }

  /** Links through a friend end first, while the friend can still carry their last message. */
  #close(now: Time): void {
    this.#parts.overlay.close();
    this.#parts.links.endRelayed(now);
    this.#drain(now);
    this.#parts.links.closeAll(now);
    this.#drain(now);
  }

  get #now(): Time {
    return this.#clock.now;
  }

  #apply(input: Input, now: Time): void {
    const { links, presence, gossip, board, messages, swarm, transferLinks, offers, library } = this.#parts;
    switch (input.type) {
      case "server-joined":
        return this.#serverJoined(input, now);
      case "server-lost":
        return links.serverLost();
      case "envelope":
        return links.envelope(input.from, input.bytes, now);
      case "link-signal":
        return links.signal(input.link, input.signal);
      case "link-reachable":
        return links.reachable(input.link);
      case "link-route":
        return links.routed(input.link, input.route);
      case "link-open":
        return links.opened(input.link, input.localFingerprint, input.remoteFingerprint, now);
      case "link-bytes":
        return links.bytes(input.link, input.bytes, now);
      case "link-closed":
        return links.closed(input.link, input.reason, now);
      case "relayed-frame":
        return links.relayedFrame(input.link, input.bytes);
      case "signed":
      case "verified":
      case "message-opened":
        return this.#routes.jobs.answer(input, now);
      case "rename":
        return presence.rename(input.name, now);
      case "be":
        return presence.be(input.state, now);
      case "post": {
        const name = presence.nameOf(this.#options.me);
        const post = board.write(input.group, input.text, input.replyTo, input.writtenAt, name);
        if (post) gossip.append("board", [post]);
        return;
      }
      case "restore":
        return gossip.restore(input.frames, now);
      case "message":
        return messages.message(input.to, input.text, now);
      case "message-again":
        return messages.again(input.id, now);
      case "share":
        return library.share(input.files);
      case "unshare":
        return library.unshare(input.entries);
      case "share-download":
        return library.share(swarm.finished(input.file));
      case "download":
        swarm.download(input.file, input.name, now, input.stored, input.folder);
        return transferLinks.look(now);
      case "order":
        return swarm.order(input.file, input.order);
      case "pause":
        return swarm.pause(input.file, now);
      case "resume":
        swarm.resume(input.file, now);
        return transferLinks.look(now);
      case "cancel":
        return swarm.cancel(input.file, now, input.entry);
      case "clear":
        return swarm.clear(input.file, now, input.entry);
      case "stop-sending":
        return swarm.stopSending(input.to, input.file, now);
      case "allow-sending":
        return swarm.allowSending(input.to, input.file, now);
      case "clear-sent":
        return swarm.clearSent(input.to, input.file);
      case "offer":
        return offers.offer(input.to, input.files);
      case "answer-offer":
        return offers.answer(input.from, input.id, input.accepted);
      case "limits":
        return swarm.limit(input.limits, now);
      case "leave":
        return presence.leave();
      case "tick":
        for (const part of this.#sleepers) {
          part.tick(now);
          this.#drain(now);
        }
        return;
      default:
        return swarm.handle(input, now);
    }
  }

  /** An engine is one visit to one room: when the server names another, the engine leaves. [J13] */
  #serverJoined({ tag, address, members }: Extract<Input, { type: "server-joined" }>, now: Time): void {
    const { links, overlay, presence } = this.#parts;
    if (this.#room !== null && this.#room !== tag) {
      this.#outputs.push({ type: "another-room" });
      return presence.leave();
    }
    if (this.#routes.hasLeft) return;
    if (this.#room === null) this.#outputs.push({ type: "entered", tag });
    this.#room = tag;
    this.#members = members;
    const wasAway = !links.isOnline;
    links.serverJoined(tag, address);
    overlay.members(members, now);
    if (wasAway) overlay.serverBack(now);
  }

  // -- what the page reads -----------------------------------------------------------------------------------------

  get peerCount(): number {
    return this.#parts.links.peerCount;
  }

  /** How many other members the server named last. */
  get memberCount(): number {
    return this.#members.length;
  }

  /** How many of the members that the server named answer calls and still can't be reached. */
  get unreachableCount(): number {
    return this.#members.filter((at) => this.#parts.links.isApart(at) && !this.#parts.presence.peerAt(at))
      .length;
  }

  /** The number of neighbours. Further links are there for transfers. */
  get neighborCount(): number {
    return this.#parts.overlay.neighborCount;
  }

  linkOf(peer: PeerId): LinkId | null {
    return this.#parts.links.linkOf(peer);
  }

  person(peer: PeerId): PersonView {
    return {
      peer,
      name:
        this.#parts.presence.nameOf(peer) ||
        this.#parts.messages.lastNameOf(peer) ||
        this.#parts.swarm.lastNameOf(peer),
      tag: tagOf(peer),
      hue: hueOf(peer),
      reach: this.#reachOf(peer),
      presence: this.#presenceOf(peer),
      lied: this.#routes.isLiar(peer),
      rttMs: this.#parts.links.rttMs(peer),
      fileCount: this.#parts.catalog.fileCountOf(peer),
    };
  }

  /** A peer that owes an answer on its link is away, whatever it said last. [W8] */
  #presenceOf(peer: PeerId): PersonView["presence"] {
    if (this.#parts.links.isQuiet(peer, this.#now)) return "away";
    return this.#parts.presence.stateOf(peer) ?? (this.#parts.links.isLinked(peer) ? "here" : "gone");
  }

  #reachOf(peer: PeerId): PersonView["reach"] {
    const { links } = this.#parts;
    return links.isRelayed(peer) ? "relayed" : (links.routeTo(peer) ?? "known");
  }

  /** All other people in the room, in the order they came. */
  people(): PersonView[] {
    const peers = new Set([...this.#parts.presence.people(), ...this.#parts.links.peers()]);
    return [...peers].map((peer) => this.person(peer));
  }

  library(): LibraryItem[] {
    return Array.from(this.#parts.library.items(), ({ local: { file, name, folder }, problem }) => ({
      file,
      name,
      folder,
      length: lengthOf(file),
      problem,
      uploadedBytes: this.#parts.swarm.uploadedBytes(file),
    }));
  }

  /** The file under one of the names that this peer offers it by. */
  localFile(file: FileId): LocalFile | null {
    return this.#parts.library.offered(file);
  }

  /** All entries of this peer's library that are this file. */
  entriesOf(file: FileId): LocalFile[] {
    return this.#parts.library.entriesOf(file);
  }

  /** All other peers that offer the file. */
  sourcesOf(file: FileId): readonly PeerId[] {
    return this.#parts.catalog.sourcesOf(file);
  }

  fileNameOf(file: FileId): string {
    return this.#parts.catalog.fileNameOf(file);
  }

  search(query: SearchQuery): SearchResults {
    return this.#parts.catalog.search(query);
  }

  /** The folder in which the room offers the file under this name, "" for none. */
  folderOf(file: FileId, name: string): string {
    return this.#parts.catalog.folderOf(file, name);
  }

  /** The board's newsgroups. */
  groups(): GroupView[] {
    return this.#parts.board.groups();
  }

  posts(group: string): readonly PostView[] {
    return this.#parts.board.posts(group);
  }

  /** Direct messages, oldest first. */
  messages(): MessageView[] {
    return this.#parts.messages.messages();
  }

  downloads(): DownloadView[] {
    return this.#parts.swarm.downloads(this.#now);
  }

  uploads(): UploadView[] {
    return this.#parts.swarm.uploads(this.#now);
  }

  /** How often each refusal was made since the start. */
  refusals(): ReadonlyMap<Refusal, number> {
    return this.#parts.links.refusals;
  }
}

/** A key as bytes, for the edge that verifies signatures. */
export const publicKeyOf = (peer: PeerId): Uint8Array => hexToBytes(peer);
