/** Downloads, uploads, and offers of files to one person. */
import { lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import { entryKey, type LibraryEntry } from "@swapmeet/engine/names/library-entry";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { DownloadView, UploadView } from "@swapmeet/engine/io/view";
import type { OfferedFile } from "@swapmeet/engine/wire/frame";
import { entriesOf, type LedgerLine } from "../device/ledger.ts";
import { UNDO_WITHIN_MS, type Holdings } from "../files/holdings.ts";
import type { StoredFiles } from "../files/stored-files.ts";
import type { Host } from "../run/host.ts";
import { askToPersist } from "../store/quota.ts";
import type { RoomNotices } from "./notices.ts";
import type { Resuming } from "./resuming.ts";

export interface Transfers {
  readonly downloads: readonly DownloadView[];
  readonly uploads: readonly UploadView[];

  /** A file that is here, or coming, by another name is only saved once more. Without `folder`: the one in the room. */
  download(file: FileId, name: string, folder?: string): void;
  pause(file: FileId): void;
  resume(file: FileId): void;
  /**
   * Deletes the fetched pieces, after a delay: until then the returned function resumes the download, or has it paused
   * as it was. A file that is fetched by other names too stays.
   */
  cancel(entry: LibraryEntry): () => void;
  /** Takes a complete, failed or cancelled transfer off the list. */
  clear(entry: LibraryEntry): void;
  /** Saves a complete download (again). */
  save(entry: LibraryEntry): void;

  /** Stops sending the file to this person, and tells them, until it is allowed again or the visit ends. */
  stopSending(to: PeerId, file: FileId): void;
  allowSending(to: PeerId, file: FileId): void;
  /** Takes this upload off the list. */
  clearSent(to: PeerId, file: FileId): void;

  offer(to: PeerId, files: readonly OfferedFile[]): void;
  answerOffer(from: PeerId, id: number, accepted: boolean): void;
}

export interface RoomTransfersOptions {
  readonly host: Pick<Host, "engine" | "feed">;
  readonly holdings: Pick<Holdings, "save">;
  readonly stored: Pick<StoredFiles, "name" | "holds" | "delete" | "spare">;
  readonly resuming: Pick<Resuming, "started" | "became" | "without" | "ended" | "lineOf" | "knows">;
  readonly notices: Pick<RoomNotices, "offered">;
}

/** From this size on the browser is asked to keep stored files: a small file is soon fetched again. Guess. */
const LARGE_BYTES = 64 * 1024 * 1024;

export class RoomTransfers implements Transfers {
  readonly #options: RoomTransfersOptions;

  constructor(options: RoomTransfersOptions) {
    this.#options = options;
  }

  get downloads() {
    return this.#options.host.engine.downloads();
  }

  get uploads() {
    return this.#options.host.engine.uploads();
  }

  download(file: FileId, name: string, folder = this.#options.host.engine.folderOf(file, name)): void {
    void this.#fetch(file, name, folder);
  }

  pause(file: FileId): void {
    this.#options.resuming.became(file, "paused");
    this.#options.host.feed({ type: "pause", file });
  }

  resume(file: FileId): void {
    this.#options.resuming.became(file, "fetching");
    this.#options.host.feed({ type: "resume", file });
  }

  cancel(entry: LibraryEntry): () => void {
    const { host, stored, resuming } = this.#options;
    const { file, name, folder } = entry;
    if (this.#isFetchedByOthers(entry)) {
      resuming.without(file, entry);
      host.feed({ type: "cancel", file, entry });
      return () => this.download(file, name, folder);
    }
    const line = resuming.lineOf(file);
    resuming.ended(file);
    host.feed({ type: "cancel", file });
    void stored.delete(file, UNDO_WITHIN_MS);
    return () => {
      if (line) void this.#takeUp(line);
    };
  }

  clear(entry: LibraryEntry): void {
    const { host, resuming } = this.#options;
    const { file } = entry;
    if (!host.engine.localFile(file) && !this.#isFetchedByOthers(entry)) resuming.ended(file);
    host.feed({ type: "clear", file, entry });
  }

  save({ file, name, folder }: LibraryEntry): void {
    void this.#options.holdings.save(file, [{ name, folder }]);
  }

  stopSending(to: PeerId, file: FileId): void {
    this.#options.host.feed({ type: "stop-sending", to, file });
  }

  allowSending(to: PeerId, file: FileId): void {
    this.#options.host.feed({ type: "allow-sending", to, file });
  }

  clearSent(to: PeerId, file: FileId): void {
    this.#options.host.feed({ type: "clear-sent", to, file });
  }

  offer(to: PeerId, files: readonly OfferedFile[]): void {
    this.#options.host.feed({ type: "offer", to, files });
  }

  answerOffer(from: PeerId, id: number, accepted: boolean): void {
    const { host, notices } = this.#options;
    host.feed({ type: "answer-offer", from, id, accepted });
    if (accepted) for (const { file, name } of notices.offered(from, id)) this.download(file, name);
  }

  async #fetch(file: FileId, name: string, folder: string): Promise<void> {
    const { host, stored, resuming } = this.#options;
    stored.name(file, name, folder);
    resuming.started(file, name, folder);
    if (lengthOf(file) >= LARGE_BYTES) void askToPersist();
    const isStored = await stored.holds(file);
    if (resuming.knows(file)) host.feed({ type: "download", file, name, stored: isStored });
  }

  /** Fetches again a download that was cancelled a moment ago. */
  async #takeUp(line: LedgerLine): Promise<void> {
    const { file, state } = line;
    this.#options.stored.spare(file);
    for (const { name, folder } of entriesOf(line)) await this.#fetch(file, name, folder);
    if (state === "paused") this.pause(file);
  }

  #isFetchedByOthers(entry: LibraryEntry): boolean {
    return this.downloads.some(
      (download) => download.file === entry.file && entryKey(download) !== entryKey(entry),
    );
  }
}
