/**
 * Who offers what: derived from feeds, entry by entry, never stored. Names are made safe here, on receipt, whatever
 * their author did. PROTOCOL.md, rules C1 to C4.
 */
import type { Entry } from "./entry.ts";
import type { FileId } from "./file-id.ts";
import { lengthOf } from "./file-id.ts";
import { safeFileName, safeFolder } from "./name.ts";
import { Offers, type Share } from "./offers.ts";
import type { PeerId } from "./peer-id.ts";
import { SearchIndex, type Searchable, type Slot } from "./search.ts";
import type { SearchQuery, SearchResults } from "./view.ts";

interface Author {
  /** Shares that stand, by sequence number. */
  readonly shareBySeq: Map<number, Share>;
}

/** A file that is offered by somebody, under the name it was first offered by. */
class CatalogFile implements Searchable {
  readonly file: FileId;
  readonly length: number;
  name: string;
  folder: string;
  /** Others who offer it. */
  readonly sources = new Offers();
  mine = false;
  /** Its place in the search index, while anybody offers it. */
  slot: Slot | null = null;

  constructor({ file, name, folder }: Share) {
    this.file = file;
    this.length = lengthOf(file);
    this.name = name;
    this.folder = folder;
  }

  get otherNames(): string[] {
    return Array.from(this.sources.shares(), ({ name }) => name);
  }
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
  /** The page asks the same again at each of its updates: the answer stands until the catalog changes. */
  #lastSearch: { readonly query: string; readonly results: SearchResults } | null = null;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  apply(author: PeerId, seq: number, entry: Entry | null): void {
    if (!entry) return;
    switch (entry.type) {
      case "share": {
        const [name, folder] = [safeFileName(entry.name), safeFolder(entry.folder)];
        const share = { author, file: entry.file, name, folder };
        this.#author(author).shareBySeq.set(seq, share);
        return this.#offered(share);
      }
      case "unshare": {
        const { shareBySeq } = this.#author(author);
        const share = shareBySeq.get(entry.share);
        if (!share) return;
        shareBySeq.delete(entry.share);
        return this.#withdrawn(share);
      }
      case "profile": // presence.ts
      case "post": // board.ts
        return;
    }
  }

  /** Takes back everything that the author said. */
  drop(author: PeerId): void {
    const known = this.#authorByPeer.get(author);
    if (!known) return;
    this.#authorByPeer.delete(author);
    for (const share of known.shareBySeq.values()) this.#withdrawn(share);
  }

  fileCountOf(peer: PeerId): number {
    return this.#authorByPeer.get(peer)?.shareBySeq.size ?? 0;
  }

  sharesOf(peer: PeerId): ReadonlyMap<number, Share> {
    return this.#authorByPeer.get(peer)?.shareBySeq ?? new Map<number, Share>();
  }

  /** Everyone else who offers the file. */
  sourcesOf(file: FileId): readonly PeerId[] {
    return [...(this.#fileById.get(file)?.sources.keys() ?? [])];
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
    if (this.#lastSearch?.query !== key) this.#lastSearch = { query: key, results: this.#index.query(query) };
    return this.#lastSearch.results;
  }

  #author(peer: PeerId): Author {
    let author = this.#authorByPeer.get(peer);
    if (!author) this.#authorByPeer.set(peer, (author = { shareBySeq: new Map() }));
    return author;
  }

  #offered(share: Share): void {
    let file = this.#fileById.get(share.file);
    if (!file) this.#fileById.set(share.file, (file = new CatalogFile(share)));
    if (share.author === this.#context.me) file.mine = true;
    else file.sources.add(share);
    this.#changed(file);
  }

  #withdrawn(share: Share): void {
    const file = this.#fileById.get(share.file);
    if (!file) return;
    if (share.author === this.#context.me) file.mine = false;
    else {
      file.sources.delete(share);
      const [next] = file.sources.shares();
      if (next) ({ name: file.name, folder: file.folder } = next);
    }
    this.#changed(file);
    if (!file.mine && file.sources.size === 0) this.#fileById.delete(share.file);
  }

  #changed(file: CatalogFile): void {
    this.#lastSearch = null;
    if (file.sources.size === 0 && !file.mine) {
      if (file.slot !== null) this.#index.remove(file.slot);
      file.slot = null;
    } else if (file.slot === null) file.slot = this.#index.add(file);
    else this.#index.update(file.slot);
    this.#context.sourcesChanged(file.file);
  }
}
