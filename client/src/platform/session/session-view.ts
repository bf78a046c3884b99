/**
 * What the page may read and command: the whole interface between `app` and everything below it.
 * Reads are cheap and always current; the page re-reads after `subscribe` calls back, a few times a second.
 */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { OfferedFile } from "@swapmeet/engine/wire/frame";
import type { LibraryEntry } from "@swapmeet/engine/names/library-entry";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { Limits, Notice } from "@swapmeet/engine/io/io";
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
} from "@swapmeet/engine/io/view";
import type { HashProblem } from "../bytes/hash-file.ts";

/** `outside`: the link as other devices can open it; differs from `link` where this page is at "localhost". */
export type RoomView =
  | { readonly kind: "private"; readonly code: string; readonly link: string; readonly outside: string }
  /** "Nearby": everyone of this network. Not protected from the server, and the page says so. */
  | { readonly kind: "open"; readonly link: string; readonly outside: string };

export type ServerState =
  | { readonly type: "connecting" }
  | { readonly type: "online" }
  /** Retrying by itself. `sinceMs`: how long it has been away. */
  | { readonly type: "offline"; readonly sinceMs: number }
  | { readonly type: "refused"; readonly reason: "room-full" | "too-fast" | "bad-request" };

/** Files being hashed before they can be shared. */
export type AddingProblem = Exclude<HashProblem, "cancelled">;

export interface AddingView {
  readonly files: number;
  readonly filesDone: number;
  readonly bytes: number;
  readonly bytesDone: number;
  /** Up to a handful that could not be read. */
  readonly problems: readonly { readonly name: string; readonly reason: AddingProblem }[];
  readonly active: boolean;
}

export interface FileDetails {
  readonly file: FileId;
  readonly name: string;
  readonly rootHex: string;
  readonly length: number;
  readonly sources: readonly PersonView[];
  /** Opens the room at this file. */
  readonly link: string;
}

/** Something the page shows once, newest last; gone when dismissed. */
export interface NoticeView {
  readonly id: number;
  readonly notice: Notice;
}

/** A picked or dropped file with the folders above it ("Album/CD1", "" for none). */
export interface PickedFile {
  readonly file: File;
  readonly folder: string;
}

export interface Settings {
  /** A finished download saves itself. */
  readonly saveByItself: boolean;
  /** A finished download is offered to the room. */
  readonly shareDownloads: boolean;
  /** Tabs of this browser don't hand each other files: even between them everything takes the channel. */
  readonly alwaysChannel: boolean;
  readonly limits: Limits;
  /** Name of the folder that downloads are written to, null: the browser's downloads. */
  readonly folderName: string | null;
  /** This browser can write to a chosen folder. */
  readonly canChooseFolder: boolean;
}

/** What downloads take of this device. */
export interface StorageView {
  /** Of everything this page stores; null where the browser does not tell, as on plain http. */
  readonly quota: { readonly usedBytes: number; readonly availableBytes: number } | null;
  /** The browser has promised not to clear it by itself when the disk gets short. */
  readonly persistent: boolean;
  /** Left by finished downloads, and by those of other rooms. */
  readonly files: readonly { readonly file: FileId; readonly name: string; readonly bytes: number }[];
}

export interface Session {
  subscribe(listener: () => void): () => void;

  readonly me: PersonView;
  readonly room: RoomView;
  readonly server: ServerState;
  /** Everyone in the room but me, stable order. */
  readonly people: readonly PersonView[];
  /** How many are in the room whom this device can't reach: nobody knows more of them than that. */
  readonly unreachable: number;
  /** Number of peers with an open, proven link. */
  readonly peerCount: number;
  readonly library: readonly LibraryItem[];
  readonly adding: AddingView;
  readonly downloads: readonly DownloadView[];
  readonly uploads: readonly UploadView[];
  readonly notices: readonly NoticeView[];
  /** The board's newsgroups, "general" first, then by name. */
  readonly groups: readonly GroupView[];
  /** Direct messages with everyone, oldest first. */
  readonly messages: readonly MessageView[];
  readonly settings: Settings;
  /** As of the last `lookAtStorage`; null before the first. */
  readonly storage: StorageView | null;
  readonly traffic: {
    readonly directInBytes: number;
    readonly directOutBytes: number;
    readonly serverBytes: number;
  };

  /** Instant, local, no network. */
  search(query: SearchQuery): SearchResults;
  /** `name`: by which of its names; absent: by the first. */
  details(file: FileId, name?: string): FileDetails;
  person(peer: PeerId): PersonView;
  /** Of one newsgroup: threads in causal order, each one's answers below it in theirs. Unchanged posts stay the same objects. */
  posts(group: string): readonly PostView[];

  rename(name: string): void;
  /**
   * Puts them on the table, where the whole room finds them.
   * @param until stops reading these, and leaves what is there already
   * @returns which are there, when all of them have been read; also those that were there before
   */
  addFiles(files: Iterable<PickedFile>, until?: AbortSignal): Promise<readonly LibraryEntry[]>;
  cancelAdding(): void;
  /** Of what is on the table, the files that were picked in this visit, as they were picked. */
  readonly picked: readonly PickedFile[];
  /** Stops offering the file by that name; undo is sharing it again: the returned function does that. */
  unshare(entry: LibraryEntry): () => void;
  /** By another name of what is here, or on its way, it is only saved once more. `folder`: absent: that in the room. */
  download(file: FileId, name: string, folder?: string): void;
  pause(file: FileId): void;
  resume(file: FileId): void;
  /**
   * Drops what was fetched, though not at once: the returned function goes on with it, or has it paused as it was. A
   * file that is fetched by other names too stays.
   */
  cancel(entry: LibraryEntry): () => void;
  /** Takes a complete, failed or cancelled transfer off the list. */
  clear(entry: LibraryEntry): void;
  /** Sends nothing more of the file to this person, who is told, until it is allowed again or the visit ends. */
  stopSending(to: PeerId, file: FileId): void;
  allowSending(to: PeerId, file: FileId): void;
  /** Takes what was sent to this person off the list. */
  clearSent(to: PeerId, file: FileId): void;
  /** Saves a complete download (again). */
  save(entry: LibraryEntry): void;
  offer(to: PeerId, files: readonly OfferedFile[]): void;
  answerOffer(from: PeerId, id: number, accepted: boolean): void;
  dismiss(noticeId: number): void;
  /** Signs it and tells everyone. Text without anything visible is not posted; a group may be named freely. */
  post(group: string, text: string, replyTo: PostId | null): void;
  /** To this one person, sealed; how far it came is in `messages`. */
  message(to: PeerId, text: string): void;
  /** Tries once more what could not be delivered; it stays the same message, so it never arrives twice. */
  messageAgain(id: string): void;
  setSaveByItself(on: boolean): void;
  setShareDownloads(on: boolean): void;
  setAlwaysChannel(on: boolean): void;
  setLimits(limits: Limits): void;
  /** Opens the browser's folder picker; call it from a gesture. */
  chooseFolder(): Promise<void>;
  forgetFolder(): void;

  lookAtStorage(): void;
  /** Deletes what is stored of finished downloads or of other rooms' ones; they are no longer shared either. */
  deleteStored(files: readonly FileId[]): void;

  /** Leaves the room and closes everything; twice is harmless. */
  close(): void;
}
