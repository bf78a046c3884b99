import { rootHexOf, type FileId } from "@swapmeet/engine/names/file-id";
import { KINDS, type Kind } from "@swapmeet/engine/names/kind";
import { libraryKey, type LibraryEntry } from "@swapmeet/engine/names/library-entry";
import type { LibraryItem, ResultRow, SearchQuery, SearchResults } from "@swapmeet/engine/io/view";
import type { AddingView } from "../../../platform/files/adding.ts";
import type { RoomView } from "../../../platform/room/room-view.ts";
import type { FileDetails, Library } from "../../../platform/session/library.ts";
import type { People } from "../../../platform/session/people.ts";
import type { Stage } from "./stage.ts";

export interface LibraryFacts {
  readonly library: readonly LibraryItem[];
  readonly adding: AddingView;
  /** The files of the whole room. */
  readonly results: readonly ResultRow[];
}

export class LibraryStub implements Library {
  readonly picked = [];
  readonly #stage: Stage<LibraryFacts>;
  readonly #people: People;
  readonly #room: RoomView;

  constructor(stage: Stage<LibraryFacts>, people: People, room: RoomView) {
    this.#stage = stage;
    this.#people = people;
    this.#room = room;
  }

  get items() {
    return this.#stage.now.library;
  }
  get adding() {
    return this.#stage.now.adding;
  }

  async add(): Promise<readonly LibraryEntry[]> {
    return [];
  }
  cancelAdding(): void {
    this.#stage.change({ adding: { ...this.adding, active: false } });
  }
  unshare(entry: LibraryEntry): () => void {
    const { library } = this.#stage.now;
    this.#stage.change({ library: library.filter((item) => libraryKey(item) !== libraryKey(entry)) });
    return () => this.#stage.change({ library });
  }

  search({ text, kind, minBytes, maxBytes, of, limit }: SearchQuery): SearchResults {
    const wanted = text.toLowerCase();
    const totalByKind = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
    const rows: ResultRow[] = [];
    let total = 0;
    for (const row of this.#stage.now.results) {
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
    const row = this.#stage.now.results.find((result) => result.file === file);
    return {
      file,
      name: name ?? row?.name ?? this.items.find((item) => item.file === file)?.name ?? "",
      rootHex: rootHexOf(file),
      length: row?.length ?? 0,
      sources: row?.sources.map((peer) => this.#people.person(peer)) ?? [],
      link: `${this.#room.link}/${file}`,
    };
  }
}
