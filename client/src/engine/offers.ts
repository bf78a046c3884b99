/**
 * Who offers a file, and under which names. A room may have a million files, and most of them one source: what is made
 * for many is not made for one.
 */
import type { FileId } from "./file-id.ts";
import type { PeerId } from "./peer-id.ts";

/** An entry of somebody's library that stands. */
export interface Share {
  readonly author: PeerId;
  readonly file: FileId;
  readonly name: string;
  readonly folder: string;
}

export class Offers {
  /** While there is one. */
  #only: Share | null = null;
  /** From the second on. One person may share a file under two names. */
  #sharesByAuthor: Map<PeerId, readonly Share[]> | null = null;

  add(share: Share): void {
    if (this.#sharesByAuthor) this.#addTo(this.#sharesByAuthor, share);
    else if (!this.#only) this.#only = share;
    else {
      this.#sharesByAuthor = new Map();
      this.#addTo(this.#sharesByAuthor, this.#only);
      this.#addTo(this.#sharesByAuthor, share);
      this.#only = null;
    }
  }

  delete(share: Share): void {
    if (this.#only === share) this.#only = null;
    const left = this.#sharesByAuthor?.get(share.author)?.filter((other) => other !== share) ?? [];
    if (left.length > 0) this.#sharesByAuthor?.set(share.author, left);
    else this.#sharesByAuthor?.delete(share.author);
  }

  /** Those who offer it. */
  get size(): number {
    return this.#only ? 1 : (this.#sharesByAuthor?.size ?? 0);
  }

  has(peer: PeerId): boolean {
    return this.#only?.author === peer || (this.#sharesByAuthor?.has(peer) ?? false);
  }

  keys(): Iterable<PeerId> {
    return this.#only ? [this.#only.author] : (this.#sharesByAuthor?.keys() ?? []);
  }

  *shares(): IterableIterator<Share> {
    if (this.#only) yield this.#only;
    for (const shares of this.#sharesByAuthor?.values() ?? []) yield* shares;
  }

  #addTo(sharesByAuthor: Map<PeerId, readonly Share[]>, share: Share): void {
    sharesByAuthor.set(share.author, [...(sharesByAuthor.get(share.author) ?? []), share]);
  }
}
