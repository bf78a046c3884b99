/**
 * Who offers what: derived from feeds, entry by entry, never stored. Names are made safe here, on receipt, whatever
 * their author did. PROTOCOL.md, rules C1 to C4.
 */
import type { Entry } from "./entry.ts";
import type { FileId } from "./file-id.ts";
import { lengthOf } from "./file-id.ts";
import { safeFileName, safeFolder } from "./name.ts";
import type { PeerId } from "./peer-id.ts";
import { isFrom, SearchIndex, type Searchable, type Slot } from "./search.ts";
import type { SearchQuery, SearchResults } from "./view.ts";

/** A file is found by no more names than these besides its own: each costs time when any of them changes. Guess. */
const MAX_OTHER_NAMES = 8;

/** Each keeps the rows that are shown for it, a few hundred. Guess. */
const KEPT_SEARCHES = 16;

/** A share entry that stands: somebody offers a file, by a name of theirs. */
interface Offer {
  readonly author: PeerId;
  readonly file: FileId;
  readonly name: string;
  readonly folder: string;
}

interface Author {
  /** By sequence number, with holes. */
  readonly offers: (Offer | undefined)[];
  offerCount: number;
}

export interface CatalogContext {
  readonly me: PeerId;
  /** The sources of a file changed. */
  sourcesChanged(file: FileId): void;
}

export class Catalog {
  readonly #context: CatalogContext;
  readonly #authorByPeer = new Map<PeerId, Author>();
  readonly #fileById = new Map<FileId, CatalogFile>();
  readonly #index = new SearchIndex();
  /** The folder of the entry before, as it was said and as it is: the files of a folder come together. */
  #folder = { said: "", safe: "" };
  /**
   * The latest last. The page asks the same again at each of its updates, and what is deleted letter by letter was asked
   * a moment ago: answers stand until the catalog changes.
   */
  readonly #resultsByQuery = new Map<string, SearchResults>();

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  apply(author: PeerId, seq: number, entry: Entry | null): void {
    if (!entry) return;
    switch (entry.type) {
      case "share": {
        const { file, name, folder: said } = entry;
        if (said !== this.#folder.said) this.#folder = { said, safe: safeFolder(said) };
        const { safe: folder } = this.#folder;
        return this.#offered(seq, { author, file, name: safeFileName(name), folder });
      }
      case "unshare": {
        const known = this.#authorByPeer.get(author);
        const offer = known?.offers[entry.share];
        if (!known || !offer) return;
        known.offers[entry.share] = undefined;
        known.offerCount--;
        return this.#withdrawn(offer);
      }
      case "profile": // presence.ts
      case "post": // board.ts
        return;
    }
  }

  /** Takes back everything that the author said. */
  drop(author: PeerId): void {
    const known = this.#authorByPeer.get(author);
    this.#authorByPeer.delete(author);
    for (const offer of known?.offers ?? []) if (offer) this.#withdrawn(offer);
  }

  fileCountOf(peer: PeerId): number {
    return this.#authorByPeer.get(peer)?.offerCount ?? 0;
  }

  /** The sequence numbers of entries by which the peer offers these files. */
  sharesOf(peer: PeerId, files: ReadonlySet<FileId>): number[] {
    const { offers } = this.#authorByPeer.get(peer) ?? { offers: [] };
    return [...offers.keys()].filter((seq) => offers[seq] && files.has(offers[seq].file));
  }

  /** Everyone else who offers the file. */
  sourcesOf(file: FileId): readonly PeerId[] {
    return this.#fileById.get(file)?.offers.map(({ author }) => author) ?? [];
  }

  /** The name that a file goes by in the room, "" for one that nobody offers. */
  fileNameOf(file: FileId): string {
    return this.#fileById.get(file)?.name ?? "";
  }

  folderOf(file: FileId): string {
    return this.#fileById.get(file)?.folder ?? "";
  }

  search(query: SearchQuery): SearchResults {
    const key = JSON.stringify({ ...query, maxBytes: String(query.maxBytes) });
    const known = this.#resultsByQuery.get(key);
    if (known) this.#index.prepare(); // nothing has changed since it was asked: a good moment
    const results = known ?? this.#index.query(query);
    this.#resultsByQuery.delete(key);
    this.#resultsByQuery.set(key, results);
    const [oldest] = this.#resultsByQuery.keys();
    if (this.#resultsByQuery.size > KEPT_SEARCHES && oldest !== undefined)
      this.#resultsByQuery.delete(oldest);
    return results;
  }

  #offered(seq: number, offer: Offer): void {
    const { author } = offer;
    const file = this.#fileById.get(offer.file) ?? new CatalogFile(offer);
    const isMine = author === this.#context.me;
    if (isMine ? file.mine : isFrom(file, author)) return; // [C1]
    const known = this.#authorByPeer.get(author) ?? { offers: [], offerCount: 0 };
    this.#authorByPeer.set(author, known);
    known.offers[seq] = offer;
    known.offerCount++;
    if (isMine) file.mine = true;
    else file.offers = file.offers.concat(offer);
    const isRenamed = file.called(offer.name);
    if (file.slot === null) {
      this.#fileById.set(offer.file, file);
      file.slot = this.#index.add(file);
    } else if (isRenamed) this.#index.update(file.slot);
    else this.#index.recount(file.slot);
    this.#changed(offer.file);
  }

  #withdrawn(offer: Offer): void {
    const file = this.#fileById.get(offer.file);
    if (!file || file.slot === null) return;
    if (offer.author === this.#context.me) file.mine = false;
    else {
      file.offers = file.offers.filter((other) => other !== offer);
      file.rename();
    }
    if (file.mine || file.offers.length > 0) this.#index.update(file.slot);
    else {
      this.#index.remove(file.slot);
      this.#fileById.delete(offer.file);
    }
    this.#changed(offer.file);
  }

  #changed(file: FileId): void {
    this.#resultsByQuery.clear();
    this.#context.sourcesChanged(file);
  }
}

/** A file that somebody offers. A room may have a million: an object each, and one for each offer. */
class CatalogFile implements Searchable {
  readonly file: FileId;
  name: string;
  folder: string;
  otherNames: readonly string[] = NO_NAMES;
  /** Those of others, one of each. Made anew, and not pushed to: arrays that grow reserve room for a dozen more. */
  offers: readonly Offer[] = NO_OFFERS;
  mine = false;
  /** Its place in the search index, while anybody offers it. */
  slot: Slot | null = null;

  constructor({ file, name, folder }: Offer) {
    this.file = file;
    this.name = name;
    this.folder = folder;
  }

  get length(): number {
    return lengthOf(this.file);
  }

  /** Takes one more name, as long as there are few. False: it is called so already, or has enough names. */
  called(name: string): boolean {
    const { otherNames } = this;
    if (name === this.name || otherNames.includes(name) || otherNames.length >= MAX_OTHER_NAMES) return false;
    this.otherNames = [...otherNames, name];
    return true;
  }

  /** Whoever gave it its name may be gone. */
  rename(): void {
    const [first] = this.offers;
    if (first) ({ name: this.name, folder: this.folder } = first);
    this.otherNames = NO_NAMES;
    for (const { name } of this.offers) this.called(name);
  }
}

const NO_NAMES: readonly string[] = [];
const NO_OFFERS: readonly Offer[] = [];
