/** Keeps unfinished posts while this tab reloads. Where the browser forbids storage, they are lost. */
import type { PostId } from "@swapmeet/engine/names/post-id";

/** The unfinished post in one group. */
export interface Draft {
  readonly text: string;
  readonly replyTo: PostId | null;
}

const KEY = "swapmeet:drafts";
/** A tab may store some five million letters. The newest drafts are kept, without those far too long to post. Guess. */
const MAX_DRAFTS = 20;
const MAX_LETTERS = 50_000;

/** By place, as they were kept. */
export const keptDrafts = (): [place: string, draft: Draft][] => {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isDraft) : [];
  } catch {
    return [];
  }
};

export const keepDrafts = (draftByPlace: Iterable<[place: string, draft: Draft]>): void => {
  const kept = [...draftByPlace]
    .filter(([, { text }]) => text.trim() !== "" && text.length <= MAX_LETTERS)
    .slice(-MAX_DRAFTS);
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Forbidden or full.
  }
};

const isDraft = (kept: unknown): kept is [string, Draft] => {
  if (!Array.isArray(kept) || typeof kept[0] !== "string") return false;
  const { text, replyTo } = (kept[1] ?? {}) as Partial<Record<keyof Draft, unknown>>;
  return typeof text === "string" && (replyTo === null || typeof replyTo === "string");
};
