/** The facts of a scene of the gallery, a part for each area of the session. */
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { RoomView } from "../../platform/room/room-view.ts";
import type { BoardFacts } from "./stubs/board.ts";
import type { DeviceFacts } from "./stubs/device.ts";
import type { LibraryFacts } from "./stubs/library.ts";
import type { MessagesFacts } from "./stubs/messages.ts";
import type { NetworkFacts } from "./stubs/network.ts";
import type { NoticesFacts } from "./stubs/notices.ts";
import type { PeopleFacts } from "./stubs/people.ts";
import type { TransfersFacts } from "./stubs/transfers.ts";

export interface Scene
  extends
    PeopleFacts,
    LibraryFacts,
    BoardFacts,
    MessagesFacts,
    TransfersFacts,
    NoticesFacts,
    DeviceFacts,
    NetworkFacts {
  readonly room: RoomView;
  /** The state in which the person has left the page. */
  readonly look?: { readonly search?: string; readonly dockFolded?: boolean };
}

/** The facts as they stand; commands that only look like ones change them. */
export class Stage<Facts> {
  #now: Facts;
  readonly #listeners = new Set<() => void>();

  constructor(facts: Facts) {
    this.#now = facts;
  }

  get now(): Facts {
    return this.#now;
  }

  change(facts: Partial<Facts>): void {
    this.#now = { ...this.#now, ...facts };
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export const freshId = (): PostId =>
  Array.from({ length: 64 }, () => Math.floor(Math.random() * 16).toString(16)).join("") as PostId;
