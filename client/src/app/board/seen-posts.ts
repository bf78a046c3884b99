/** The posts seen on this device, kept between visits as beginnings of their ids, which reveal nothing. */
import type { PostId } from "@swapmeet/engine/names/post-id";
import { readSetting, writeSetting } from "../../platform/device/settings.ts";

const KEY = "seen-posts";
/** 48 bits: two of a room's posts begin alike once in many millions of rooms. */
const LETTERS = 12;
/** The oldest are forgotten first; a room rarely has more. 60 KB of storage. Guess. */
const MAX_KEPT = 5_000;

export class SeenPosts {
  /** In the order they were seen. */
  readonly #seen = new Set<string>(kept());

  has(id: PostId): boolean {
    return this.#seen.has(id.slice(0, LETTERS));
  }

  add(id: PostId): void {
    this.#seen.add(id.slice(0, LETTERS));
  }

  /** Adds to what other tabs have kept meanwhile. */
  keep(): void {
    const all = new Set([...kept(), ...this.#seen]);
    writeSetting(KEY, [...all].slice(-MAX_KEPT).join(""));
  }
}

const kept = (): string[] => (readSetting(KEY) ?? "").match(/[0-9a-f]{12}/g) ?? [];
