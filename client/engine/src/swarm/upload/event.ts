/** The events that the serving of files queues for the swarm. */
import type { FileId } from "../../names/file-id.ts";
import type { ReadProblem } from "../../io/io.ts";
import type { SwarmEffect } from "../../io/effect.ts";

export type UploadEvent =
  | SwarmEffect
  /** A served file can't be read any more. This is told once, until the file is shared anew. [S17] */
  | { readonly type: "source-unreadable"; readonly file: FileId; readonly reason: ReadProblem };
