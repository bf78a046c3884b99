/** The downloads by their library entries, and which transfers are under way. */
import type { DownloadView, UploadView } from "@swapmeet/engine/io/view";
import { libraryKey } from "@swapmeet/engine/names/library-entry";

export const byEntry = (downloads: readonly DownloadView[]): ReadonlyMap<string, DownloadView> =>
  new Map(downloads.map((download) => [libraryKey(download), download]));

export const isRunning = (download: DownloadView): boolean =>
  ["downloading", "waiting", "verifying", "saving", "queued"].includes(download.state.type);

/** The upload is under way, or goes on as soon as the person asks. */
export const isGoingOut = ({ state }: Pick<UploadView, "state">): boolean =>
  ["sending", "queued", "waiting"].includes(state);
