/** The objects that all downloads of a swarm share. */
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

/** The things that downloads read of the swarm. */
export interface DownloadsView {
  /** [0, 1) */
  random(): number;
  /** Whether another peer is interested in the file too. */
  isWanted(file: FileId): boolean;
}
