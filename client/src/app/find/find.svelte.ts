/** The search that the person makes in the room. */
import { m } from "../words/messages.js";
import { createContext } from "svelte";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { SearchQuery } from "@swapmeet/engine/io/view";
import type { Kind } from "@swapmeet/engine/names/kind";
import type { Session } from "../../platform/session/session.ts";
import type { Room } from "../context/room.svelte.ts";
import { RowWindow } from "../parts/layout/row-window.svelte.ts";

const MB = 1_000_000;
export const SIZES = {
  any: { words: m.find_any_size(), minBytes: 0, maxBytes: Infinity },
  small: { words: m.find_under_10_mb(), minBytes: 0, maxBytes: 10 * MB },
  middle: { words: m.find_10_mb_to_1_gb(), minBytes: 10 * MB, maxBytes: 1000 * MB },
  large: { words: m.find_over_1_gb(), minBytes: 1000 * MB, maxBytes: Infinity },
} as const;
export type Size = keyof typeof SIZES;

/** Rows are asked for in steps, so that scrolling a row does not search anew. Guess. */
const LIMIT_STEP = 500;

export class Find {
  text = $state("");
  kind = $state<Kind | null>(null);
  size = $state<Size>("any");
  #browsed = $state.raw<{ readonly peer: PeerId; readonly visit: Session } | null>(null);
  /** The table's rows: how far it is scrolled says how many results are worth asking for. */
  readonly list: RowWindow;

  readonly #room: Room;
  /** Shows only files of this peer. Null here if it was chosen in another room or on another network. */
  get of(): PeerId | null {
    return this.#browsed?.visit === this.#room.now ? this.#browsed.peer : null;
  }
  set of(peer: PeerId | null) {
    this.#browsed = peer === null ? null : { peer, visit: this.#room.now };
  }

  readonly query: SearchQuery = $derived.by(() => ({
    text: this.text,
    kind: this.kind,
    minBytes: SIZES[this.size].minBytes,
    maxBytes: SIZES[this.size].maxBytes,
    of: this.of,
    limit: Math.ceil(this.list.reach / LIMIT_STEP) * LIMIT_STEP,
  }));
  readonly results = $derived.by(() => this.#room.now.library.search(this.query));
  /** The search looks at a part of the files only. */
  readonly narrowed = $derived(this.kind !== null || this.size !== "any" || this.of !== null);
  /** How many files the text alone finds. */
  readonly everywhere = $derived.by(
    () =>
      this.#room.now.library.search({
        text: this.text,
        kind: null,
        minBytes: SIZES.any.minBytes,
        maxBytes: SIZES.any.maxBytes,
        of: null,
        limit: 1,
      }).total,
  );
  /** Nothing is searched for, so the whole room is shown. */
  readonly idle = $derived(this.text === "" && !this.narrowed);

  constructor(room: Room, rowPx: () => number) {
    this.#room = room;
    this.list = new RowWindow(() => this.results.total, rowPx);
  }

  browse(peer: PeerId): void {
    this.clear();
    this.of = peer;
  }

  clear(): void {
    this.text = "";
    this.widen();
  }

  /** Searches for the same text among all files. */
  widen(): void {
    this.kind = null;
    this.size = "any";
    this.of = null;
  }
}

export const [useFind, provideFind] = createContext<Find>();
