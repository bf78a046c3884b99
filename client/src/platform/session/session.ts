/** One visit to one room: puts host, holdings and saving together, and is what the page reads and commands. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Socket } from "socket.io-client";
import { bytesToHex } from "@noble/hashes/utils.js";
import {
  ADDRESS_BYTES,
  JOIN_SECRET_BYTES,
  fail,
  type Address,
  type IceServers,
  type JoinSecret,
  type RoomTag,
} from "@swapmeet/shared";
import { lengthOf, rootHexOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { OfferedFile } from "@swapmeet/engine/wire/frame";
import type { Limits, LocalFile, Notice } from "@swapmeet/engine/io/io";
import { entryKey, type LibraryEntry } from "@swapmeet/engine/names/library-entry";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { PostId } from "@swapmeet/engine/names/post-id";
import { personNameOf } from "@swapmeet/engine/names/person-name";
import { openRoom, type RoomSecrets } from "@swapmeet/engine/names/room-secret";
import type {
  GroupView,
  MessageView,
  PersonView,
  PostView,
  SearchQuery,
  SearchResults,
} from "@swapmeet/engine/io/view";
import { Adding } from "../files/adding.ts";
import { Hasher } from "../bytes/hasher.ts";
import { Holdings, UNDO_WITHIN_MS } from "../files/holdings.ts";
import { pageReading } from "../bytes/page-reading.ts";
import { Host } from "../run/host.ts";
import { watchAttention } from "../device/attention.ts";
import { BoardStore } from "../device/board-store.ts";
import { claimIdentity, type Identity } from "../device/identity.ts";
import type { PickedFile } from "../files/dropped-files.ts";
import { KeptFiles } from "../files/kept-files.ts";
import { Lane } from "../tabs/lane.ts";
import { entriesOf, type Line } from "../device/ledger.ts";
import type { LaneKeys } from "../tabs/lane-message.ts";
import { askToPersist } from "../store/quota.ts";
import { Resuming } from "./resuming.ts";
import type { RoomCode } from "../room/room-code.ts";
import { roomKeys } from "../room/room-keys.ts";
import { Saving } from "../saving/saving.ts";
import type { FileDetails, NoticeView, ServerState, Session, Settings } from "./session-view.ts";
import { roomView, outsidePage, type RoomView } from "../room/room-view.ts";
import { openSocket } from "../run/signaling-client.ts";
import { readLimits, writeLimits } from "../device/limits.ts";
import { readSetting, writeSetting } from "../device/settings.ts";
import { DeviceStorage } from "../store/storage.ts";
import { StoreNews } from "../store/store-news.ts";
import { pageVerifier } from "./page-verifier.ts";
import { warm } from "./warm.ts";

export type RoomChoice = { readonly kind: "private"; readonly code: RoomCode } | { readonly kind: "open" };

/** From this size on the browser is asked to keep what is stored: a small file is soon fetched again. Guess. */
const LARGE_BYTES = 64 * 1024 * 1024;
/** Notices kept for the page; older ones have been read or never will be. */
const MAX_NOTICES = 20;

/**
 * Claims an identity and derives the room's keys; then everything goes on by itself.
 * @param moved the server has put this tab into another room [J13]: the session is over, and wants to be closed
 */
export const openSession = async (choice: RoomChoice, moved: () => void): Promise<Session> => {
  const socket = openSocket(location.origin);
  try {
    const [identity, secrets, page] = await Promise.all([
      claimIdentity(),
      choice.kind === "private" ? roomKeys(choice.code) : null,
      outsidePage(),
    ]);
    return new RoomSession(roomView(choice, page), socket, identity, secrets, moved);
  } catch (error) {
    socket.disconnect();
    throw error;
  }
};

class RoomSession implements Session {
  readonly room: RoomView;
  readonly #identity: Identity;
  readonly #host: Host;
  readonly #holdings: Holdings;
  readonly #hasher = new Hasher();
  readonly #verifier = pageVerifier();
  readonly #adding: Adding;
  readonly #saving = new Saving();
  readonly #storage = new DeviceStorage();
  readonly #resuming: Resuming;
  readonly #kept: KeptFiles;
  readonly #news = new StoreNews(() => this.#resuming.retry());
  readonly #listeners = new Set<() => void>();
  readonly #stopWatching: () => void;
  /** In an open room from when the server has said which it is. */
  #lane: Lane | null = null;
  #boards: BoardStore | null = null;
  #server: "connecting" | "online" | "offline" | Extract<ServerState, { type: "refused" }>["reason"] =
    "connecting";
  #offlineSince = 0;
  #notices: readonly NoticeView[] = [];
  #nextNotice = 1;

  constructor(
    room: RoomView,
    socket: Socket,
    identity: Identity,
    secrets: RoomSecrets | null,
    moved: () => void,
  ) {
    this.room = room;
    this.#identity = identity;
    const secret = bytesToHex(crypto.getRandomValues(new Uint8Array(JOIN_SECRET_BYTES))) as JoinSecret;
    this.#adding = new Adding(this.#hasher, {
      added: (files) => {
        for (const { local, source } of files) this.#holdings.share(local, source);
        this.#share(files.map(({ local }) => local));
      },
      changed: () => this.#changed(),
    });
    let holdings: Holdings | undefined;
    this.#host = new Host({
      identity,
      socket,
      join: {
        secret,
        room: secrets ? { kind: "private", tag: secrets.tag } : { kind: "open" },
      },
      iceServers: stunOfPage(),
      engine: {
        name: readSetting("name") ?? personNameOf(identity.peer),
        address: addressOf(secret),
        envelopeKey: secrets ? () => secrets.envelopeKey : openRoomKey(),
      },
      files: (feed) =>
        (holdings = new Holdings({
          feed,
          finished: (file) => {
            this.#lane?.forget(file);
            if (!this.settings.shareDownloads) return;
            feed({ type: "share-download", file });
            this.#lane?.announce([file]);
          },
          saved: (file) => this.#resuming.became(file, "saved"),
          deleted: (file) => this.#resuming.erase(file),
          released: () => this.#news.tell(),
          stores: () => this.#storage.stores(),
          save: (blob, name, folder) => this.#saving.save(blob, name, folder),
          reading: pageReading,
          leaves: (piece) => this.#hasher.leaves(piece),
          hash: async (content, onBytes, signal) =>
            (await this.#hasher.hash([content], onBytes, signal))[0] ?? fail("cancelled"),
          askTabs: (file) => this.#lane?.ask(file),
          refuseTab: (file, from, because) => {
            this.#lane?.refuse(file, from);
            this.#tell({ type: "false-hand-over", file, from, because });
          },
          savesByItself: () => this.settings.saveByItself,
        })),
      server: (state) => this.#serverIs(state),
      entered: (tag) => {
        warm();
        void this.#resuming.enter(tag);
        this.#enterBoard(tag);
        if (!secrets) this.#enterLane(openRoom(tag));
      },
      moved,
      verify: (check, then) => this.#verifier.verify(check, then),
      notice: (notice) => this.#tell(notice),
      keep: (key, frame) => (frame ? this.#boards?.keep(key, frame) : this.#boards?.unkeep(key)),
      changed: () => this.#changed(),
      report: (error) => reportError(error),
    });
    this.#holdings = holdings!;
    this.#resuming = new Resuming({
      holdings: this.#holdings,
      feed: (input) => this.#host.feed(input),
      downloads: () => this.downloads,
      share: (file) => this.#share([file]),
      sharesDownloads: () => this.settings.shareDownloads,
    });
    this.#kept = new KeptFiles({
      holdings: this.#holdings,
      unfinished: () => new Set(this.#unfinished()),
      changed: () => this.#changed(),
    });
    this.#host.feed({ type: "limits", limits: readLimits() });
    if (secrets) void this.#resuming.enter(secrets.tag);
    if (secrets) this.#enterLane(secrets);
    if (secrets) this.#enterBoard(secrets.tag);
    this.#stopWatching = watchAttention((state) => this.#host.feed({ type: "be", state }));
    addEventListener("pagehide", this.#leaving);
  }

  /** The browser itself says no good-bye for a tab that closes: others would wait half a minute for it. */
  readonly #leaving = (): void => this.close();

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get me(): PersonView {
    return this.#host.engine.person(this.#identity.peer);
  }

  get server(): ServerState {
    switch (this.#server) {
      case "connecting":
      case "online":
        return { type: this.#server };
      case "offline":
        return { type: "offline", sinceMs: performance.now() - this.#offlineSince };
      default:
        return { type: "refused", reason: this.#server };
    }
  }

  get people(): readonly PersonView[] {
    return this.#host.engine.people();
  }

  get unreachable(): number {
    return this.#host.engine.unreachableCount;
  }

  get peerCount(): number {
    return this.#host.engine.peerCount;
  }

  get library() {
    return this.#host.engine.library();
  }

  get adding() {
    return this.#adding.view;
  }

  get downloads() {
    return this.#host.engine.downloads();
  }

  get uploads() {
    return this.#host.engine.uploads();
  }

  get notices(): readonly NoticeView[] {
    return this.#notices;
  }

  get traffic() {
    return this.#host.traffic;
  }

  get groups(): readonly GroupView[] {
    return this.#host.engine.groups();
  }

  get messages(): readonly MessageView[] {
    return this.#host.engine.messages();
  }

  get settings(): Settings {
    return {
      saveByItself: readSetting("save-by-itself") !== "no",
      shareDownloads: readSetting("share-downloads") !== "no",
      alwaysChannel: readSetting("always-channel") === "yes",
      limits: readLimits(),
      folderName: this.#saving.folderName,
      canChooseFolder: this.#saving.canChooseFolder,
    };
  }

  get storage() {
    return this.#kept.view;
  }

  search(query: SearchQuery): SearchResults {
    return this.#host.engine.search(query);
  }

  details(file: FileId, name?: string): FileDetails {
    const { engine } = this.#host;
    const own = engine.localFile(file);
    const sources = engine.sourcesOf(file).map((peer) => engine.person(peer));
    return {
      file,
      name: name ?? engine.entriesOf(file)[0]?.name ?? engine.fileNameOf(file),
      rootHex: rootHexOf(file),
      length: lengthOf(file),
      sources: own ? [this.me, ...sources] : sources,
      link: this.room.kind === "private" ? `${this.room.link}/${file}` : `${this.room.link}#/${file}`,
    };
  }

  person(peer: PeerId): PersonView {
    return this.#host.engine.person(peer);
  }

  posts(group: string): readonly PostView[] {
    return this.#host.engine.posts(group);
  }

  rename(name: string): void {
    writeSetting("name", name);
    this.#host.feed({ type: "rename", name });
  }

  addFiles(
    files: Iterable<PickedFile> | AsyncIterable<PickedFile>,
    until?: AbortSignal,
  ): Promise<readonly LibraryEntry[]> {
    return this.#adding.add(files, until);
  }

  cancelAdding(): void {
    this.#adding.cancel();
  }

  get picked(): readonly PickedFile[] {
    return this.library.flatMap(({ file, name, folder }) => {
      const source = this.#holdings.pickedOf(file);
      if (!source) return [];
      return [{ file: source.name === name ? source : new File([source], name, source), folder }];
    });
  }

  unshare(entry: LibraryEntry): () => void {
    const { engine } = this.#host;
    const local = engine.localFile(entry.file);
    this.#host.feed({ type: "unshare", entries: [entry] });
    const takeBack = () => {
      if (local) this.#share([{ ...local, name: entry.name, folder: entry.folder }]);
    };
    return engine.localFile(entry.file) ? takeBack : this.#putAway(entry.file, takeBack);
  }

  download(file: FileId, name: string, folder = this.#host.engine.folderOf(file, name)): void {
    void this.#fetch(file, name, folder);
  }

  pause(file: FileId): void {
    this.#resuming.became(file, "paused");
    this.#host.feed({ type: "pause", file });
  }

  resume(file: FileId): void {
    this.#resuming.became(file, "fetching");
    this.#host.feed({ type: "resume", file });
  }

  cancel(entry: LibraryEntry): () => void {
    const { file, name, folder } = entry;
    if (this.#isFetchedByOthers(entry)) {
      this.#resuming.without(file, entry);
      this.#host.feed({ type: "cancel", file, entry });
      return () => this.download(file, name, folder);
    }
    const line = this.#resuming.lineOf(file);
    this.#resuming.ended(file);
    this.#host.feed({ type: "cancel", file });
    void this.#holdings.delete(file, UNDO_WITHIN_MS);
    return () => {
      if (line) void this.#takeUp(line);
    };
  }

  clear(entry: LibraryEntry): void {
    const { file } = entry;
    if (!this.#host.engine.localFile(file) && !this.#isFetchedByOthers(entry)) this.#resuming.ended(file);
    this.#host.feed({ type: "clear", file, entry });
  }

  stopSending(to: PeerId, file: FileId): void {
    this.#host.feed({ type: "stop-sending", to, file });
  }

  allowSending(to: PeerId, file: FileId): void {
    this.#host.feed({ type: "allow-sending", to, file });
  }

  clearSent(to: PeerId, file: FileId): void {
    this.#host.feed({ type: "clear-sent", to, file });
  }

  save({ file, name, folder }: LibraryEntry): void {
    void this.#holdings.save(file, [{ name, folder }]);
  }

  offer(to: PeerId, files: readonly OfferedFile[]): void {
    this.#host.feed({ type: "offer", to, files });
  }

  answerOffer(from: PeerId, id: number, accepted: boolean): void {
    this.#host.feed({ type: "answer-offer", from, id, accepted });
    const offer = this.#notices
      .map(({ notice }) => notice)
      .find((n) => n.type === "offer" && n.from === from && n.id === id);
    if (accepted && offer?.type === "offer")
      for (const { file, name } of offer.files) this.download(file, name);
  }

  dismiss(noticeId: number): void {
    this.#notices = this.#notices.filter(({ id }) => id !== noticeId);
    this.#changed();
  }

  post(group: string, text: string, replyTo: PostId | null): void {
    this.#host.feed({ type: "post", group, text, replyTo, writtenAt: Date.now() });
  }

  message(to: PeerId, text: string): void {
    this.#host.feed({ type: "message", to, text });
  }

  messageAgain(id: string): void {
    this.#host.feed({ type: "message-again", id });
  }

  setSaveByItself(on: boolean): void {
    writeSetting("save-by-itself", on ? "yes" : "no");
    this.#changed();
  }

  setShareDownloads(on: boolean): void {
    writeSetting("share-downloads", on ? "yes" : "no");
    this.#changed();
  }

  setAlwaysChannel(on: boolean): void {
    writeSetting("always-channel", on ? "yes" : "no");
    this.#changed();
  }

  setLimits(limits: Limits): void {
    writeLimits(limits);
    this.#host.feed({ type: "limits", limits });
    this.#changed();
  }

  async chooseFolder(): Promise<void> {
    await this.#saving.chooseFolder();
    this.#changed();
  }

  forgetFolder(): void {
    this.#saving.forgetFolder();
    this.#changed();
  }

  lookAtStorage(): void {
    void this.#kept.look();
  }

  deleteStored(files: readonly FileId[]): void {
    for (const file of files) {
      this.#host.feed({ type: "unshare", entries: this.#host.engine.entriesOf(file) });
      this.#host.feed({ type: "clear", file });
      this.#resuming.ended(file);
    }
    void this.#kept.delete(files).then((gone) => {
      void this.#resuming.forget(gone);
      this.#resuming.retry();
    });
  }

  close(): void {
    removeEventListener("pagehide", this.#leaving);
    this.#stopWatching();
    this.#resuming.close();
    this.#adding.cancel();
    this.#lane?.close();
    this.#hasher.close();
    this.#verifier.close();
    this.#host.close();
    void this.#storage.close();
    void this.#boards?.close();
    this.#news.close();
    this.#listeners.clear();
  }

  async #fetch(file: FileId, name: string, folder: string): Promise<void> {
    this.#holdings.name(file, name, folder);
    this.#resuming.started(file, name, folder);
    if (lengthOf(file) >= LARGE_BYTES) void askToPersist();
    const stored = await this.#holdings.holds(file);
    if (this.#resuming.knows(file)) this.#host.feed({ type: "download", file, name, stored });
  }

  /** What was cancelled a moment ago. */
  async #takeUp(line: Line): Promise<void> {
    const { file, state } = line;
    this.#holdings.spare(file);
    for (const { name, folder } of entriesOf(line)) await this.#fetch(file, name, folder);
    if (state === "paused") this.pause(file);
  }

  #isFetchedByOthers(entry: LibraryEntry): boolean {
    return this.downloads.some(
      (download) => download.file === entry.file && entryKey(download) !== entryKey(entry),
    );
  }

  #serverIs(
    state: "online" | "offline" | { readonly refused: Extract<ServerState, { type: "refused" }>["reason"] },
  ) {
    if (state === "offline" && this.#server !== "offline") this.#offlineSince = performance.now();
    this.#server = typeof state === "string" ? state : state.refused;
    this.#changed();
  }

  #unfinished(): FileId[] {
    return this.downloads.flatMap(({ file, state }) => (state.type === "complete" ? [] : [file]));
  }

  /** A download that is no longer shared, nor in the list, is deleted after a while. */
  #putAway(file: FileId, takeBack: () => void): () => void {
    const line = this.#resuming.lineOf(file);
    if (!line || this.downloads.some((download) => download.file === file)) return takeBack;
    this.#resuming.ended(file);
    void this.#holdings.delete(file, UNDO_WITHIN_MS);
    return () => {
      this.#holdings.spare(file);
      this.#resuming.takeUp(line);
      takeBack();
    };
  }

  #share(files: readonly LocalFile[]): void {
    this.#host.feed({ type: "share", files });
    this.#lane?.announce(files.map(({ file }) => file));
  }

  /** Only what is shared with the room is handed over. */
  #enterLane(keys: LaneKeys): void {
    this.#lane = new Lane(keys, this.#identity.peer, {
      mayAsk: () => !this.settings.alwaysChannel,
      shared: async (file) => (this.#host.engine.localFile(file) ? this.#holdings.whole(file) : null),
      handed: (file, from, content) => this.#holdings.handed(file, from, content),
    });
  }

  /** What this device kept of the board is there before anybody else is. */
  #enterBoard(tag: RoomTag): void {
    if (this.#boards) return;
    this.#boards = new BoardStore(tag);
    void this.#boards.load().then((frames) => {
      if (frames.length > 0) this.#host.feed({ type: "restore", frames });
    });
  }

  #tell(notice: Notice): void {
    this.#notices = [...this.#notices, { id: this.#nextNotice++, notice }].slice(-MAX_NOTICES);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A server of the version before says nothing of ICE: where no proxy is in front, it answers at the page's own port. */
const stunOfPage = (): IceServers =>
  location.protocol === "https:" ? [] : [{ urls: [`stun:${location.hostname}:${location.port || 80}`] }];

/** As the server computes it, see PROTOCOL.md J2. */
const addressOf = (secret: JoinSecret): Address =>
  bytesToHex(
    sha256(new Uint8Array(secret.match(/../g)!.map((byte) => Number.parseInt(byte, 16)))).subarray(
      0,
      ADDRESS_BYTES,
    ),
  ) as Address;

/** The key of an open room follows from its tag, which the server tells. */
const openRoomKey = (): ((tag: RoomTag) => Uint8Array) => {
  let known: { tag: RoomTag; key: Uint8Array } | null = null;
  return (tag) => {
    if (known?.tag !== tag) known = { tag, key: openRoom(tag).envelopeKey };
    return known.key;
  };
};
