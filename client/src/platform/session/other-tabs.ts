/** The tabs of this browser that are in the same room: files are handed over between them, past any channel. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { Lane, type LaneEvents } from "../tabs/lane.ts";
import type { LaneKeys } from "../tabs/lane-message.ts";

export class OtherTabs {
  readonly #me: PeerId;
  readonly #events: LaneEvents;
  /** Null until the room is known. */
  #lane: Lane | null = null;

  constructor(me: PeerId, events: LaneEvents) {
    this.#me = me;
    this.#events = events;
  }

  enter(keys: LaneKeys): void {
    this.#lane = new Lane(keys, this.#me, this.#events);
  }

  ask(file: FileId): void {
    this.#lane?.ask(file);
  }

  announce(files: readonly FileId[]): void {
    this.#lane?.announce(files);
  }

  refuse(file: FileId, from: PeerId): void {
    this.#lane?.refuse(file, from);
  }

  forget(file: FileId): void {
    this.#lane?.forget(file);
  }

  close(): void {
    this.#lane?.close();
  }
}
