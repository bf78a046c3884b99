/** Notices: trouble and offers, each told once. */
import { Bounded } from "@swapmeet/engine/base/bounded";
import type { Notice } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { OfferedFile } from "@swapmeet/engine/wire/frame";

/** Beside the engine's: this device connects by relay servers alone, and none of those that are named answers. */
export type RoomNotice = Notice | { readonly type: "no-relay" };

/** Something the page shows once; gone when dismissed. */
export interface NoticeView {
  readonly id: number;
  readonly notice: RoomNotice;
}

export interface Notices {
  /** Newest last. */
  readonly all: readonly NoticeView[];
  dismiss(id: number): void;
}

/** Notices kept for the page; older ones have been read or never will be. */
const MAX_NOTICES = 20;

export class RoomNotices implements Notices {
  readonly #changed: () => void;
  readonly #viewById = new Bounded<number, NoticeView>(MAX_NOTICES);
  #nextId = 1;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get all(): readonly NoticeView[] {
    return [...this.#viewById.values()];
  }

  dismiss(id: number): void {
    this.#viewById.delete(id);
    this.#changed();
  }

  /** Takes back what is true no more. */
  withdraw(type: RoomNotice["type"]): void {
    for (const [id, { notice }] of [...this.#viewById]) if (notice.type === type) this.#viewById.delete(id);
    this.#changed();
  }

  tell(notice: RoomNotice): void {
    const id = this.#nextId++;
    this.#viewById.set(id, { id, notice });
    this.#changed();
  }

  /** The files of an offer that has not been dismissed. */
  offered(from: PeerId, id: number): readonly OfferedFile[] {
    for (const { notice } of this.#viewById.values())
      if (notice.type === "offer" && notice.from === from && notice.id === id) return notice.files;
    return [];
  }
}
