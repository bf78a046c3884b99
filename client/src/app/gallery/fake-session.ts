/** A session that only looks like one: what a scene says, and nothing behind it. For the gallery, in development. */
import { rootHexOf, type FileId } from "../../engine/file-id.ts";
import type { Limits } from "../../engine/io.ts";
import type { PeerId } from "../../engine/peer-id.ts";
import type {
  GroupView,
  Kind,
  PersonView,
  ResultRow,
  SearchQuery,
  SearchResults,
} from "../../engine/view.ts";
import { KINDS } from "../../engine/kind.ts";
import type { FileDetails, PickedFile, Session } from "../../platform/session-view.ts";
import { OpeningSession } from "../opening-session.ts";

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
      | "settings"
      | "storage"
      | "traffic"
  ]: Session[Key];
};

export interface Scene extends Facts {
  results: readonly ResultRow[];
}

export class FakeSession implements Session {
  readonly #scene: Scene;
  readonly #listeners = new Set<() => void>();

  constructor(scene: Scene) {
    this.#scene = scene;
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
  readonly groups: readonly GroupView[] = [{ name: "general", posts: 0, newest: null }];
  readonly messages = [];
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

  details(file: FileId): FileDetails {
    const row = this.#scene.results.find((result) => result.file === file);
    return {
      file,
      name: row?.name ?? this.#scene.library.find((item) => item.file === file)?.name ?? "",
      rootHex: rootHexOf(file),
      length: row?.length ?? 0,
      sources: row?.sources.map((peer) => this.person(peer)) ?? [],
      link: `${this.#scene.room.link}/${file}`,
    };
  }

  person(peer: PeerId): PersonView {
    return (
      this.#scene.people.find((person) => person.peer === peer) ?? new OpeningSession(this.#scene.room).me
    );
  }

  posts() {
    return [];
  }
  rename(name: string): void {
    this.#change({ me: { ...this.#scene.me, name } });
  }
  addFiles(files: Iterable<PickedFile>): void {
    void files;
  }
  cancelAdding(): void {
    this.#change({ adding: { ...this.#scene.adding, active: false } });
  }
  unshare(file: FileId): () => void {
    const { library } = this.#scene;
    this.#change({ library: library.filter((item) => item.file !== file) });
    return () => this.#change({ library });
  }
  download(): void {}
  pause(file: FileId): void {
    this.#transfer(file, { type: "paused", because: "person" });
  }
  resume(file: FileId): void {
    this.#transfer(file, { type: "downloading" });
  }
  cancel(file: FileId): void {
    this.clear(file);
  }
  clear(file: FileId): void {
    this.#change({ downloads: this.#scene.downloads.filter((download) => download.file !== file) });
  }
  save(): void {}
  offer(): void {}
  answerOffer(): void {}
  dismiss(noticeId: number): void {
    this.#change({ notices: this.#scene.notices.filter(({ id }) => id !== noticeId) });
  }
  post(): void {}
  message(): void {}
  messageAgain(): void {}
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

  #transfer(file: FileId, state: Session["downloads"][number]["state"]): void {
    this.#change({
      downloads: this.#scene.downloads.map((download) =>
        download.file === file ? { ...download, state } : download,
      ),
    });
  }

  #change(facts: Partial<Facts>): void {
    Object.assign(this.#scene, facts);
    for (const listener of this.#listeners) listener();
  }
}
