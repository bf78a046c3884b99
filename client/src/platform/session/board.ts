/** The room's board: newsgroups and their posts, kept on this device from one visit to the next. */
import type { RoomTag } from "@swapmeet/shared";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { GroupView, PostView } from "@swapmeet/engine/io/view";
import { BoardStore } from "../device/board-store.ts";
import type { Host } from "../run/host.ts";

export interface Board {
  /** The newsgroups, "general" first, then by name. */
  readonly groups: readonly GroupView[];
  /** One newsgroup's threads, and the answers in them, each in causal order. Unchanged posts stay the same objects. */
  posts(group: string): readonly PostView[];
  /** Signs it and tells everyone. Text without anything visible is not posted; a group may be named freely. */
  post(group: string, text: string, replyTo: PostId | null): void;
}

export class RoomBoard implements Board {
  readonly #host: Pick<Host, "engine" | "feed">;
  /** Null until the room is known. */
  #store: BoardStore | null = null;

  constructor(host: Pick<Host, "engine" | "feed">) {
    this.#host = host;
  }

  get groups() {
    return this.#host.engine.groups();
  }

  posts(group: string): readonly PostView[] {
    return this.#host.engine.posts(group);
  }

  post(group: string, text: string, replyTo: PostId | null): void {
    this.#host.feed({ type: "post", group, text, replyTo, writtenAt: Date.now() });
  }

  /** Restores what this device kept of the board, before anybody else is here. Call it once. */
  enter(tag: RoomTag): void {
    if (this.#store) return;
    this.#store = new BoardStore(tag);
    void this.#store.load().then((frames) => {
      if (frames.length > 0) this.#host.feed({ type: "restore", frames });
    });
  }

  /** Null: no longer. */
  keep(key: string, frame: Uint8Array | null): void {
    if (frame) this.#store?.keep(key, frame);
    else this.#store?.unkeep(key);
  }

  close(): void {
    void this.#store?.close();
  }
}
