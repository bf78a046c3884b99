/** The sums over the list of transfers, and the order of its rows. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { DownloadView, TransferState, UploadView } from "@swapmeet/engine/io/view";
import { isGoingOut } from "../context/moving.ts";

const RANK: Readonly<Record<TransferState["type"], number>> = {
  downloading: 0,
  waiting: 0,
  verifying: 0,
  saving: 0,
  failed: 1,
  paused: 2,
  queued: 3,
  complete: 4,
};

/** Moving downloads first, then those that need a person, those that wait, and finished ones; otherwise as given. */
export const inReadingOrder = (downloads: readonly DownloadView[]): DownloadView[] =>
  downloads.toSorted((a, b) => RANK[a.state.type] - RANK[b.state.type]);

/** The upload is over, and may leave the list. One that the person stopped stays, since it can be allowed again. */
export const isSentAndOver = ({ state }: Pick<UploadView, "state">): boolean =>
  ["cancelled", "delivered", "withdrawn", "parted"].includes(state);

export interface Totals {
  readonly incoming: number;
  readonly inBytesPerSecond: number;
  readonly outgoing: number;
  readonly outBytesPerSecond: number;
  readonly waiting: number;
  /** Complete, and still to be taken by the browser or the chosen folder. */
  readonly saving: number;
  readonly paused: number;
  readonly failed: number;
  readonly finished: number;
  /** The bytes of all downloads that are not finished. */
  readonly bytes: number;
  readonly verifiedBytes: number;
}

export const totalsOf = (downloads: readonly DownloadView[], uploads: readonly UploadView[]): Totals => {
  const totals = {
    incoming: 0,
    inBytesPerSecond: 0,
    waiting: 0,
    saving: 0,
    paused: 0,
    failed: 0,
    finished: 0,
    bytes: 0,
    verifiedBytes: 0,
  };
  const counted = new Set<FileId>();
  for (const { file, state, bytesPerSecond, length, verifiedBytes } of downloads) {
    if (state.type === "complete") {
      totals.finished++;
      continue;
    }
    const isMoving = state.type === "downloading" || state.type === "verifying";
    if (state.type === "queued" || state.type === "waiting") totals.waiting++;
    if (state.type === "saving") totals.saving++;
    if (state.type === "paused") totals.paused++;
    if (state.type === "failed") totals.failed++;
    if (isMoving) totals.incoming++;
    if (counted.has(file)) continue; // by another name: one transfer
    counted.add(file);
    if (isMoving) totals.inBytesPerSecond += bytesPerSecond;
    totals.bytes += length;
    totals.verifiedBytes += verifiedBytes;
  }
  const outBytesPerSecond = uploads.reduce((sum, upload) => sum + upload.bytesPerSecond, 0);
  const outgoing = uploads.filter(isGoingOut).length;
  return { ...totals, outgoing, outBytesPerSecond };
};
