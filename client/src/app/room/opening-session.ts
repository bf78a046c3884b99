/**
 * The room while it is being opened: nobody in it yet, and nothing lost. Files that are dropped and a name that is
 * typed in this second are kept and handed to the real session when it is there.
 */
import type { FileId } from "@swapmeet/engine/names/file-id";
import { NO_LIMITS, type Limits } from "@swapmeet/engine/io/io";
import type { LibraryEntry } from "@swapmeet/engine/names/library-entry";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { GroupView, PersonView, SearchResults } from "@swapmeet/engine/io/view";
import type { PickedFile } from "../../platform/files/dropped-files.ts";
import type { RoomView } from "../../platform/room/room-view.ts";
import type { FileDetails, ServerState, Session } from "../../platform/session/session-view.ts";

const NOBODY: PersonView = {
  peer: "" as PeerId,
  name: "",
  tag: "",
  hue: 0,
  reach: "known",
  presence: "here",
  lied: false,
  rttMs: null,
  fileCount: 0,
};

const NOTHING: SearchResults = {
  rows: [],
  total: 0,
  totalByKind: { audio: 0, video: 0, picture: 0, document: 0, archive: 0, program: 0, other: 0 },
};

export class OpeningSession implements Session {
  readonly room: RoomView;
  me = NOBODY;
  readonly server: ServerState = { type: "connecting" };
  readonly people = [];
  readonly unreachable = 0;
  readonly peerCount = 0;
  readonly library = [];
  readonly picked = [];
  readonly adding = { files: 0, filesDone: 0, bytes: 0, bytesDone: 0, problems: [], active: false };
  readonly downloads = [];
  readonly uploads = [];
  readonly notices = [];
  readonly groups: readonly GroupView[] = [{ name: "general", posts: 0, newest: null }];
  readonly messages = [];
  readonly settings = {
    saveByItself: true,
    shareDownloads: true,
    alwaysChannel: false,
    limits: NO_LIMITS,
    folderName: null,
    canChooseFolder: false,
  };
  readonly storage = null;
  readonly traffic = { directInBytes: 0, directOutBytes: 0, serverBytes: 0 };
  readonly #kept: ((session: Session) => void)[] = [];

  constructor(room: RoomView) {
    this.room = room;
  }

  /** Does in the opened session what was asked for meanwhile. */
  handOver(session: Session): void {
    for (const command of this.#kept.splice(0)) command(session);
  }

  addFiles(files: Iterable<PickedFile>, until?: AbortSignal): Promise<readonly LibraryEntry[]> {
    const picked = [...files];
    return new Promise((resolve) => {
      this.#kept.push((session) => resolve(session.addFiles(picked, until)));
    });
  }
  rename(name: string): void {
    this.me = { ...NOBODY, name };
    this.#kept.push((session) => session.rename(name));
  }
  post(group: string, text: string, replyTo: PostId | null): void {
    this.#kept.push((session) => session.post(group, text, replyTo));
  }
  setSaveByItself(on: boolean): void {
    this.#kept.push((session) => session.setSaveByItself(on));
  }
  setShareDownloads(on: boolean): void {
    this.#kept.push((session) => session.setShareDownloads(on));
  }
  setAlwaysChannel(on: boolean): void {
    this.#kept.push((session) => session.setAlwaysChannel(on));
  }
  setLimits(limits: Limits): void {
    this.#kept.push((session) => session.setLimits(limits));
  }

  subscribe(): () => void {
    return () => undefined;
  }
  search(): SearchResults {
    return NOTHING;
  }
  details(file: FileId): FileDetails {
    return { file, name: "", rootHex: "", length: 0, sources: [], link: "" };
  }
  person(): PersonView {
    return NOBODY;
  }
  posts() {
    return [];
  }

  // Nobody is here and nothing moves: there is nothing that these could be about.
  cancelAdding(): void {}
  unshare(): () => void {
    return () => undefined;
  }
  download(): void {}
  pause(): void {}
  resume(): void {}
  cancel(): () => void {
    return () => undefined;
  }
  clear(): void {}
  stopSending(): void {}
  allowSending(): void {}
  clearSent(): void {}
  save(): void {}
  offer(): void {}
  answerOffer(): void {}
  dismiss(): void {}
  message(): void {}
  messageAgain(): void {}
  async chooseFolder(): Promise<void> {}
  forgetFolder(): void {}
  lookAtStorage(): void {}
  deleteStored(): void {}
  close(): void {}
}
