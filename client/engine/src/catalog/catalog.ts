/**
 * The catalog says which peers offer which files. It is derived from feeds, entry by entry, and never stored. Names are
 * made safe here, on receipt, even if their author has not done so. A file is known by its id, and has a row for each
 * name by which it is offered. PROTOCOL.md, rules C1 to C4.
 */
import { Bounded } from "../base/bounded.ts";
import type { Entry } from "../feed/entry.ts";
import type { FileId } from "../names/file-id.ts";
import { lengthOf } from "../names/file-id.ts";
import { safeFileName, safeFolder } from "../names/name.ts";
import type { PeerId } from "../names/peer-id.ts";
import { SearchIndex, type Searchable, type Slot } from "./search.ts";
import type { SearchQuery, SearchResults } from "../io/view.ts";

/** A row is also found by so many folders that are not shown: each costs time when one of them changes. Guess. */
const MAX_OTHER_FOLDERS = 8;

/** Answers that are kept; each has the rows that are shown for it, a few hundred. Guess. */
const KEPT_SEARCHES = 16;

/** A share entry that stands: somebody offers the file of a row, by its name, in a folder of theirs. */
interface Offer {
  readonly author: PeerId;
  readonly row: CatalogRow;
  readonly folder: string;
}

interface Author {
  /** By sequence number, with holes. */
  readonly offers: (Offer | undefined)[];
  offerCount: number;
}

export class Catalog {
  readonly #me: PeerId;
  readonly #authorByPeer = new Map<PeerId, Author>();
  /** The row of each file, or all of them where it has several. */
  readonly #rowsByFile = new Map<FileId, CatalogRow | Namesakes>();
  readonly #index = new SearchIndex();
  /** The folder of the previous entry, as received and as made safe: the files of one folder come one after another. */
  #folder = { said: "", safe: "" };
  /**
   * The page asks the same again at each of its updates, and a person who deletes letters returns to queries of
   * a moment ago. So answers are kept until the catalog changes.
   */
  readonly #resultsByQuery = new Bounded<string, SearchResults>(KEPT_SEARCHES);

  constructor(me: PeerId) {
    this.#me = me;
  }

  /** @returns the file whose sources this entry changed, or null. */
  apply(author: PeerId, seq: number, entry: Entry | null): FileId | null {
    if (!entry) return null;
    switch (entry.type) {
      case "share": {
        const { file, name, folder: said } = entry;
        if (said !== this.#folder.said) this.#folder = { said, safe: safeFolder(said) };
        const { safe: folder } = this.#folder;
        return this.#offered(seq, author, file, safeFileName(name), folder);
      }
      case "unshare": {
        const known = this.#authorByPeer.get(author);
        const offer = known?.offers[entry.share];
        if (!known || !offer) return null;
        known.offers[entry.share] = undefined;
        known.offerCount--;
        return this.#withdrawn(offer);
      }
      case "profile": // presence.ts
      case "post": // board.ts
        return null;
    }
  }

  /** Takes back everything that the author said. @returns the files whose sources changed. */
  drop(author: PeerId): Set<FileId> {
    const changed = new Set<FileId>();
    const known = this.#authorByPeer.get(author);
    this.#authorByPeer.delete(author);
    for (const offer of known?.offers ?? []) {
      const file = offer && this.#withdrawn(offer);
      if (file) changed.add(file);
    }
    return changed;
  }

  fileCountOf(peer: PeerId): number {
    return this.#authorByPeer.get(peer)?.offerCount ?? 0;
  }

  /** All other peers that offer the file, under any name. */
  sourcesOf(file: FileId): readonly PeerId[] {
    return this.#rowsByFile.get(file)?.sources(this.#me) ?? [];
  }

  /** The first name under which the file is offered in the room, "" when nobody offers it. */
  fileNameOf(file: FileId): string {
    return this.#rowsByFile.get(file)?.name ?? "";
  }

  /** The folder in which the room offers a file under this name. */
  folderOf(file: FileId, name: string): string {
    return this.#rowsByFile.get(file)?.named(name)?.folder ?? "";
  }

  search(query: SearchQuery): SearchResults {
    const key = JSON.stringify({ ...query, maxBytes: String(query.maxBytes) });
    const known = this.#resultsByQuery.get(key);
    if (known) this.#index.prepare(); // nothing has changed since it was asked: a good moment
    const results = known ?? this.#index.query(query);
    this.#resultsByQuery.set(key, results);
    return results;
  }

  #offered(seq: number, author: PeerId, file: FileId, name: string, folder: string): FileId | null {
    const isMine = author === this.#me;
    const candidates = this.#rowsByFile.get(file)?.candidates(name, folder) ?? [];
    if (candidates.some((row) => row.offerOf(author, isMine)?.folder === folder)) return null; // [C1b]
    const row = candidates.find((row) => !row.offerOf(author, isMine)) ?? this.#newRow(file, name, folder);
    const offer: Offer = { author, row, folder };
    const known = this.#authorByPeer.get(author) ?? { offers: [], offerCount: 0 };
    this.#authorByPeer.set(author, known);
    known.offers[seq] = offer;
    known.offerCount++;
    row.namesakes?.count(author, 1);
    const isElsewhere = row.folder !== folder && !row.otherFolders.includes(folder);
    if (isMine) row.own = offer;
    else row.offers = row.offers.concat(offer);
    if (row.slot === null) row.slot = this.#index.add(row);
    else if (isElsewhere) this.#index.update(row.slot);
    else this.#index.recount(row.slot);
    this.#resultsByQuery.clear();
    return file;
  }

  /** A row without an offer. */
  #newRow(file: FileId, name: string, folder: string): CatalogRow {
    const row = new CatalogRow(file, name, folder);
    const rows = this.#rowsByFile.get(file);
    if (!rows) this.#rowsByFile.set(file, row);
    else if (rows instanceof Namesakes) rows.add(row);
    else this.#rowsByFile.set(file, new Namesakes(rows, row));
    return row;
  }

  #withdrawn(offer: Offer): FileId | null {
    const { row, author } = offer;
    if (row.slot === null) return null;
    if (row.own === offer) row.own = null;
    else row.offers = row.offers.filter((other) => other !== offer);
    row.namesakes?.count(author, -1);
    if (!row.isEmpty) this.#index.update(row.slot);
    else {
      this.#index.remove(row.slot);
      row.slot = null;
      row.namesakes?.remove(row);
      if (row.namesakes?.isEmpty ?? true) this.#rowsByFile.delete(row.file);
    }
    this.#resultsByQuery.clear();
    return row.file;
  }
}

/**
 * A file under one name, and its offers, at most one of each author. A room may have a million rows: so each is one
 * object, and so is each offer. [C1a]
 */
class CatalogRow implements Searchable {
  readonly file: FileId;
  readonly name: string;
  /** The folder of the first offer: further offers from this folder belong to this row. */
  readonly home: string;
  /** The offers of others, one of each. Made anew, not pushed to: arrays that grow reserve room for a dozen more. */
  offers: readonly Offer[] = NO_OFFERS;
  own: Offer | null = null;
  /** Its place in the search index, while anybody offers it. */
  slot: Slot | null = null;
  /** All rows of the file, where it has several. */
  namesakes: Namesakes | null = null;

  constructor(file: FileId, name: string, home: string) {
    this.file = file;
    this.name = name;
    this.home = home;
  }

  get length(): number {
    return lengthOf(this.file);
  }

  get mine(): boolean {
    return this.own !== null;
  }

  get isEmpty(): boolean {
    return this.own === null && this.offers.length === 0;
  }

  /** The folder shown. */
  get folder(): string {
    return (this.offers[0] ?? this.own)?.folder ?? this.home;
  }

  get otherFolders(): readonly string[] {
    const { folder: shown } = this;
    let others = NO_FOLDERS;
    for (const { folder } of this.own ? [...this.offers, this.own] : this.offers) {
      if (folder === shown || others.includes(folder)) continue;
      others = [...others, folder];
      if (others.length === MAX_OTHER_FOLDERS) break;
    }
    return others;
  }

  offerOf(author: PeerId, isMine: boolean): Offer | null {
    return isMine ? this.own : (this.offers.find((offer) => offer.author === author) ?? null);
  }

  // The same methods as in Namesakes, for a file with one row.

  sources(): readonly PeerId[] {
    return this.offers.map(({ author }) => author);
  }

  named(name: string): CatalogRow | null {
    return this.name === name ? this : null;
  }

  candidates(name: string): readonly CatalogRow[] {
    return this.name === name ? [this] : [];
  }
}

/** The rows of a file that has several. They can be 200,000, all by one author: nothing here walks them. */
class Namesakes {
  /** Under its name alone the first row with that name; under folder and name each row. A name has no "/". */
  readonly #rowByKey = new Map<string, CatalogRow>();
  readonly #rows = new Set<CatalogRow>();
  /** How many entries each author has for the file. */
  readonly #entriesByAuthor = new Map<PeerId, number>();

  constructor(first: CatalogRow, second: CatalogRow) {
    this.add(first);
    this.add(second);
    for (const { author } of first.offers) this.count(author, 1);
    if (first.own) this.count(first.own.author, 1);
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /** One of them. */
  get name(): string {
    const [row] = this.#rows;
    return row?.name ?? "";
  }

  /** The peers that offer the file under any name. */
  sources(me: PeerId): readonly PeerId[] {
    return [...this.#entriesByAuthor.keys()].filter((author) => author !== me);
  }

  named(name: string): CatalogRow | null {
    return this.#rowByKey.get(name) ?? null;
  }

  /** The rows to which an offer under this name may belong: that of its folder, and the first with its name. */
  candidates(name: string, folder: string): readonly CatalogRow[] {
    const [there, first] = [this.#rowByKey.get(`${folder}/${name}`), this.#rowByKey.get(name)];
    return [there, first].filter((row) => row !== undefined);
  }

  count(author: PeerId, entries: 1 | -1): void {
    const count = (this.#entriesByAuthor.get(author) ?? 0) + entries;
    if (count > 0) this.#entriesByAuthor.set(author, count);
    else this.#entriesByAuthor.delete(author);
  }

  add(row: CatalogRow): void {
    row.namesakes = this;
    this.#rows.add(row);
    this.#rowByKey.set(`${row.home}/${row.name}`, row);
    if (!this.#rowByKey.has(row.name)) this.#rowByKey.set(row.name, row);
  }

  remove(row: CatalogRow): void {
    this.#rows.delete(row);
    for (const key of [row.name, `${row.home}/${row.name}`])
      if (this.#rowByKey.get(key) === row) this.#rowByKey.delete(key);
  }
}

const NO_FOLDERS: readonly string[] = [];
const NO_OFFERS: readonly Offer[] = [];
