/** Files: those on my table, and those of the whole room, to be searched. */
import { lengthOf, rootHexOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { LocalFile } from "@swapmeet/engine/io/io";
import type { LibraryEntry } from "@swapmeet/engine/names/library-entry";
import type { LibraryItem, PersonView, SearchQuery, SearchResults } from "@swapmeet/engine/io/view";
import type { Hasher } from "../bytes/hasher.ts";
import { Adding, type AddingView } from "../files/adding.ts";
import type { PickedFile } from "../files/dropped-files.ts";
import { UNDO_WITHIN_MS, type Holdings } from "../files/holdings.ts";
import type { StoredFiles } from "../files/stored-files.ts";
import type { RoomView } from "../room/room-view.ts";
import type { Host } from "../run/host.ts";
import type { People } from "./people.ts";
import type { Resuming } from "./resuming.ts";

export interface FileDetails {
  readonly file: FileId;
  readonly name: string;
  readonly rootHex: string;
  readonly length: number;
  readonly sources: readonly PersonView[];
  /** Opens the room at this file. */
  readonly link: string;
}

export interface Library {
  /** The files on my table. */
  readonly items: readonly LibraryItem[];
  /** The files on the table that were picked in this visit, as they were picked. */
  readonly picked: readonly PickedFile[];
  readonly adding: AddingView;

  /**
   * Puts files on the table, where the whole room finds them.
   * @param until stops the reading of these files; those that are on the table already stay
   * @returns the given files that are on the table, once all of them have been read; also those that were there before
   */
  add(files: Iterable<PickedFile>, until?: AbortSignal): Promise<readonly LibraryEntry[]>;
  cancelAdding(): void;
  /** Stops offering the file by that name. The returned function shares it again. */
  unshare(entry: LibraryEntry): () => void;
  /** Instant, local, no network. */
  search(query: SearchQuery): SearchResults;
  /** `name`: one of the file's names; the first one when absent. */
  details(file: FileId, name?: string): FileDetails;
}

export interface RoomLibraryOptions {
  readonly room: RoomView;
  readonly host: Pick<Host, "engine" | "feed">;
  readonly people: Pick<People, "me" | "person">;
  readonly holdings: Pick<Holdings, "share" | "pickedOf">;
  readonly stored: Pick<StoredFiles, "delete" | "spare">;
  readonly hasher: Hasher;
  readonly resuming: Pick<Resuming, "lineOf" | "ended" | "takeUp">;
  /** Offers them to the room. */
  share(files: readonly LocalFile[]): void;
  changed(): void;
}

export class RoomLibrary implements Library {
  readonly #options: RoomLibraryOptions;
  readonly #adding: Adding;

  constructor(options: RoomLibraryOptions) {
    this.#options = options;
    this.#adding = new Adding(options.hasher, {
      added: (files) => {
        for (const { local, source } of files) options.holdings.share(local, source);
        options.share(files.map(({ local }) => local));
      },
      changed: () => options.changed(),
    });
  }

  get items() {
    return this.#options.host.engine.library();
  }

  get picked(): readonly PickedFile[] {
    return this.items.flatMap(({ file, name, folder }) => {
      const source = this.#options.holdings.pickedOf(file);
      if (!source) return [];
      return [{ file: source.name === name ? source : new File([source], name, source), folder }];
    });
  }

  get adding() {
    return this.#adding.view;
  }

  add(files: Iterable<PickedFile>, until?: AbortSignal): Promise<readonly LibraryEntry[]> {
    return this.#adding.add(files, until);
  }

  cancelAdding(): void {
    this.#adding.cancel();
  }

  unshare(entry: LibraryEntry): () => void {
    const { host, share } = this.#options;
    const local = host.engine.localFile(entry.file);
    host.feed({ type: "unshare", entries: [entry] });
    const takeBack = () => {
      if (local) share([{ ...local, name: entry.name, folder: entry.folder }]);
    };
    return host.engine.localFile(entry.file) ? takeBack : this.#putAway(entry.file, takeBack);
  }

  search(query: SearchQuery): SearchResults {
    return this.#options.host.engine.search(query);
  }

  details(file: FileId, name?: string): FileDetails {
    const { host, people, room } = this.#options;
    const own = host.engine.localFile(file);
    const sources = host.engine.sourcesOf(file).map((peer) => people.person(peer));
    return {
      file,
      name: name ?? host.engine.entriesOf(file)[0]?.name ?? host.engine.fileNameOf(file),
      rootHex: rootHexOf(file),
      length: lengthOf(file),
      sources: own ? [people.me, ...sources] : sources,
      link: room.kind === "private" ? `${room.link}/${file}` : `${room.link}#/${file}`,
    };
  }

  close(): void {
    this.#adding.cancel();
  }

  /** A download that is no longer shared, nor in the list, is deleted after a while. */
  #putAway(file: FileId, takeBack: () => void): () => void {
    const { host, stored, resuming } = this.#options;
    const line = resuming.lineOf(file);
    if (!line || host.engine.downloads().some((download) => download.file === file)) return takeBack;
    resuming.ended(file);
    void stored.delete(file, UNDO_WITHIN_MS);
    return () => {
      stored.spare(file);
      resuming.takeUp(line);
      takeBack();
    };
  }
}
