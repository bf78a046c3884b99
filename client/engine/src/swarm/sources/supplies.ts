/** The things that all downloads of a swarm draw on. */
import type { Budget } from "./budget.ts";
import type { DownloadEvent } from "./event.ts";
import type { Events } from "../../base/events.ts";
import type { FileId } from "../../names/file-id.ts";
import type { Sources } from "./sources.ts";

export interface Supplies {
  readonly events: Events<DownloadEvent>;
  readonly sources: Sources;
  readonly budget: Budget;
  readonly view: DownloadsView;
}

/** The part of the swarm around them that they read. */
export interface DownloadsView {
  /** [0, 1) */
  random(): number;
  /** Somebody else fetches the file, too. */
  isWanted(file: FileId): boolean;
}
