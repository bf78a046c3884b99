/** The events that downloads queue for the swarm. */
import type { FileId } from "../../names/file-id.ts";
import type { SwarmEffect } from "../../io/effect.ts";

export type DownloadEvent =
  | SwarmEffect
  /** More pieces are held now: one more, or all those of a store. */
  | { readonly type: "gained"; readonly file: FileId; readonly piece: number | "all" }
  /** Something new can be asked for. */
  | { readonly type: "ask-again" };

export const ASK_AGAIN: DownloadEvent = { type: "ask-again" };
