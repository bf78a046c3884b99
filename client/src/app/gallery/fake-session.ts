/** A session that only looks like one: what a scene says, and nothing behind it. For the gallery, in development. */
import { rootHexOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { Limits } from "@swapmeet/engine/io/io";
import { libraryKey, type LibraryEntry } from "@swapmeet/engine/names/library-entry";
import { GENERAL } from "@swapmeet/engine/names/name";
import { hueOf, tagOf, type PeerId } from "@swapmeet/engine/names/peer-id";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type {
  GroupView,
  MessageView,
  PersonView,
  PostView,
  ResultRow,
  SearchQuery,
  SearchResults,
  UploadState,
} from "@swapmeet/engine/io/view";
import type { Kind } from "@swapmeet/engine/names/kind";
import { KINDS } from "@swapmeet/engine/names/kind";
import type { PickedFile } from "../../platform/files/dropped-files.ts";
import type { FileDetails, Session } from "../../platform/session/session-view.ts";
import { OpeningSession } from "../room/opening-session.ts";

const DELIVERY_MS = 600;
const ARRIVAL_MS = 3000;

const freshId = (): PostId =>
  Array.from({ length: 64 }, () => Math.floor(Math.random() * 16).toString(16)).join("") as PostId;

type Facts = {
  -readonly [
    Key in
      | "me"
      | "room"
      | "server"
      | "people"
      | "peerCount"
      | "library"
      | "adding"
      | "downloads"
      | "uploads"
      | "notices"
      | "messages"
      | "settings"
      | "storage"
      | "traffic"
  ]: Session[Key];
};

export interface Scene extends Facts {
  results: readonly ResultRow[];
  /** Of all groups, thread after thread. */
  posts: readonly PostView[];
  unreachable?: number;
  /** With messages, and not in the room any more. */
  departed?: readonly PersonView[];
  /** What others post while one looks on. */
  arriving?: readonly PostView[];
  /** What the person who looks has done with the page. */
  look?: { readonly search?: string; readonly dockFolded?: boolean };
}

export class FakeSession implements Session {
  readonly #scene: Scene;
  readonly #listeners = new Set<() => void>();

  constructor(scene: Scene) {
    this.#scene = { ...scene };
    for (const [i, post] of (scene.arriving ?? []).entries())
      setTimeout(() => this.#arrive(post), (i + 1) * ARRIVAL_MS);
  }

  get me() {
    return this.#scene.me;
  }
  get room() {
    return this.#scene.room;
  }
  get server() {
    return this.#scene.server;
  }
  get people() {
    return this.#scene.people;
  }
  get peerCount() {
    return this.#scene.peerCount;
  }
  readonly picked = [];
  get unreachable() {
    return this.#scene.unreachable ?? 0;
  }
  get library() {
    return this.#scene.library;
  }
  get adding() {
    return this.#scene.adding;
  }
  get downloads() {
    return this.#scene.downloads;
  }
  get uploads() {
    return this.#scene.uploads;
  }
  get notices() {
    return this.#scene.notices;
  }
  get groups(): readonly GroupView[] {
    const names = new Set([GENERAL, ...this.#scene.posts.map(({ group }) => group).sort()]);
    return [...names].map((name) => {
      const posts = this.posts(name);
      return { name, posts: posts.length, newest: posts.at(-1)?.id ?? null };
    });
  }
  get messages() {
    return this.#scene.messages;
  }
  get settings() {
    return this.#scene.settings;
  }
  get storage() {
    return this.#scene.storage;
  }
  get traffic() {
    return this.#scene.traffic;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  search({ text, kind, minBytes, maxBytes, of, limit }: SearchQuery): SearchResults {
    const wanted = text.toLowerCase();
    const totalByKind = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
    const rows: ResultRow[] = [];
    let total = 0;
    for (const row of this.#scene.results) {
      const at = row.name.toLowerCase().indexOf(wanted);
      if (
        at < 0 ||
        row.length < minBytes ||
        row.length > maxBytes ||
        (of !== null && !row.sources.includes(of))
      )
        continue;
      totalByKind[row.kind]++;
      if (kind !== null && row.kind !== kind) continue;
      if (total++ < limit) rows.push(wanted === "" ? row : { ...row, marks: [[at, at + wanted.length]] });
    }
    return { rows, total, totalByKind };
  }

  details(file: FileId, name?: string): FileDetails {
    const row = this.#scene.results.find((result) => result.file === file);
    return {
      file,
      name: name ?? row?.name ?? this.#scene.library.find((item) => item.file === file)?.name ?? "",
      rootHex: rootHexOf(file),
      length: row?.length ?? 0,
      sources: row?.sources.map((peer) => this.person(peer)) ?? [],
      link: `${this.#scene.room.link}/${file}`,
    };
  }

  person(peer: PeerId): PersonView {
    const { me, people, departed = [], room } = this.#scene;
    const left = { ...new OpeningSession(room).me, peer, tag: tagOf(peer), hue: hueOf(peer) };
    const known = [me, ...people, ...departed].find((person) => person.peer === peer);
    return known ?? { ...left, presence: "gone" };
  }

  posts(group: string): readonly PostView[] {
    return this.#scene.posts.filter((post) => post.group === group);
  }
  rename(name: string): void {
    this.#change({ me: { ...this.#scene.me, name } });
  }
  async addFiles(files: Iterable<PickedFile>): Promise<readonly LibraryEntry[]> {
    void files;
    return [];
  }
  cancelAdding(): void {
    this.#change({ adding: { ...this.#scene.adding, active: false } });
  }
  unshare(entry: LibraryEntry): () => void {
    const { library } = this.#scene;
    this.#change({ library: library.filter((item) => libraryKey(item) !== libraryKey(entry)) });
    return () => this.#change({ library });
  }
  download(): void {}
  pause(file: FileId): void {
    this.#transfer(file, { type: "paused", because: "person" });
  }
  resume(file: FileId): void {
    this.#transfer(file, { type: "downloading" });
  }
  cancel(entry: LibraryEntry): () => void {
    const { downloads } = this.#scene;
    this.clear(entry);
    return () => this.#change({ downloads });
  }
  clear(entry: LibraryEntry): void {
    const { downloads } = this.#scene;
    this.#change({ downloads: downloads.filter((download) => libraryKey(download) !== libraryKey(entry)) });
  }
  stopSending(to: PeerId, file: FileId): void {
    this.#sending(to, file, "stopped");
  }
  allowSending(to: PeerId, file: FileId): void {
    this.#sending(to, file, "sending");
  }
  clearSent(to: PeerId, file: FileId): void {
    this.#change({
      uploads: this.#scene.uploads.filter((upload) => upload.to !== to || upload.file !== file),
    });
  }
  save(): void {}
  offer(): void {}
  answerOffer(): void {}
  dismiss(noticeId: number): void {
    this.#change({ notices: this.#scene.notices.filter(({ id }) => id !== noticeId) });
  }
  post(group: string, text: string, replyTo: PostId | null): void {
    const { me } = this.#scene;
    const post: PostView = {
      id: freshId(),
      author: me.peer,
      authorName: me.name,
      group,
      text,
      replyTo,
      depth: replyTo === null ? 0 : 1,
      writtenAt: Date.now(),
      mine: true,
    };
    this.#arrive(post);
  }
  message(to: PeerId, text: string): void {
    const message: MessageView = { id: freshId(), with: to, mine: true, text, state: "sending" };
    this.#change({ messages: [...this.#scene.messages, message] });
    setTimeout(() => this.#deliver(message.id), DELIVERY_MS);
  }
  messageAgain(id: string): void {
    this.#deliver(id);
  }
  setSaveByItself(saveByItself: boolean): void {
    this.#change({ settings: { ...this.#scene.settings, saveByItself } });
  }
  setShareDownloads(shareDownloads: boolean): void {
    this.#change({ settings: { ...this.#scene.settings, shareDownloads } });
  }
  setAlwaysChannel(alwaysChannel: boolean): void {
    this.#change({ settings: { ...this.#scene.settings, alwaysChannel } });
  }
  setLimits(limits: Limits): void {
    this.#change({ settings: { ...this.#scene.settings, limits } });
  }
  async chooseFolder(): Promise<void> {}
  forgetFolder(): void {}
  lookAtStorage(): void {}
  deleteStored(files: readonly FileId[]): void {
    const { storage } = this.#scene;
    this.#change({
      storage: storage && { ...storage, files: storage.files.filter(({ file }) => !files.includes(file)) },
    });
  }
  close(): void {}

  #arrive(post: PostView): void {
    const { posts } = this.#scene;
    const answered = posts.findIndex(({ id }) => id === post.replyTo);
    const next = posts.findIndex(({ depth }, i) => i > answered && depth === 0);
    const at = answered === -1 || next === -1 ? posts.length : next;
    this.#change({ posts: posts.toSpliced(at, 0, post) });
  }

  #deliver(id: string): void {
    this.#change({
      messages: this.#scene.messages.map((message) =>
        message.id === id ? { ...message, state: "delivered" } : message,
      ),
    });
  }

  #sending(to: PeerId, file: FileId, state: UploadState): void {
    this.#change({
      uploads: this.#scene.uploads.map((upload) =>
        upload.to === to && upload.file === file ? { ...upload, state, bytesPerSecond: 0 } : upload,
      ),
    });
  }

  #transfer(file: FileId, state: Session["downloads"][number]["state"]): void {
    this.#change({
      downloads: this.#scene.downloads.map((download) =>
        download.file === file ? { ...download, state } : download,
      ),
    });
  }

  #change(facts: Partial<Scene>): void {
    Object.assign(this.#scene, facts);
    for (const listener of this.#listeners) listener();
  }
}
