/** What a person is told once: what happened, and what somebody offers. */
import type { Notice } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { OfferedFile } from "@swapmeet/engine/wire/frame";

/** Something the page shows once; gone when dismissed. */
export interface NoticeView {
  readonly id: number;
  readonly notice: Notice;
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
  #all: readonly NoticeView[] = [];
  #nextId = 1;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get all() {
    return this.#all;
  }

  dismiss(id: number): void {
    this.#all = this.#all.filter((view) => view.id !== id);
    this.#changed();
  }

  tell(notice: Notice): void {
    this.#all = [...this.#all, { id: this.#nextId++, notice }].slice(-MAX_NOTICES);
    this.#changed();
  }

  /** The files of an offer that has not been dismissed. */
  offered(from: PeerId, id: number): readonly OfferedFile[] {
    const offer = this.#all
      .map(({ notice }) => notice)
      .find((notice) => notice.type === "offer" && notice.from === from && notice.id === id);
    return offer?.type === "offer" ? offer.files : [];
  }
}
