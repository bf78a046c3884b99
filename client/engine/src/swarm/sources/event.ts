/** The events that downloads queue for the swarm. */
import type { FileId } from "../../names/file-id.ts";
import type { SwarmEffect } from "../../io/effect.ts";

export type DownloadEvent =
  | SwarmEffect
  /** The pieces held now: all that a store had, or one more. */
  | { readonly type: "gained"; readonly file: FileId; readonly piece: number | "all" }
  /** Something can be asked for that could not be asked for before. */
  | { readonly type: "ask-again" };

export const ASK_AGAIN: DownloadEvent = { type: "ask-again" };
