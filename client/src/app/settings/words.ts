/** What downloads have left on this device. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { StorageView } from "../../platform/files/kept-files.ts";
import type { Transfers } from "../../platform/session/transfers.ts";
import { formatBytes, formatCount, plural } from "../parts/text/format.ts";

/** What downloads take of this device, and how much more they may. */
export const storageWords = ({ quota, persistent }: StorageView): string => {
  if (quota === null)
    return "Over plain http the browser does not tell how much room there is, and may clear it when the disk gets short.";
  const used = `${formatBytes(quota.usedBytes)} used, ${formatBytes(quota.availableBytes)} available.`;
  return persistent ? used : `${used} The browser may clear it when the disk gets short.`;
};

/** Whether finished downloads were saved elsewhere. What other rooms have left may be or not: nobody here knows. */
export const savedByFile = ({ downloads }: Pick<Transfers, "downloads">): ReadonlyMap<FileId, boolean> =>
  new Map(
    downloads.flatMap(({ file, state }) => (state.type === "complete" ? [[file, state.saved] as const] : [])),
  );

/** Before these stored files, one or more, are deleted. */
export const deleteWords = (files: StorageView["files"], room: Pick<Transfers, "downloads">): string => {
  const saved = savedByFile(room);
  const known = files.filter(({ file }) => saved.has(file));
  const unsaved = known.filter(({ file }) => !saved.get(file)).length;
  const words = `Deletes ${plural(files.length, "file")} from this device.`;
  if (files.length === 1 && known.length === 1)
    return `${words} It was ${unsaved === 1 ? "never " : ""}saved elsewhere.`;
  if (unsaved > 0)
    return `${words} ${formatCount(unsaved)} of them ${unsaved === 1 ? "was" : "were"} never saved elsewhere.`;
  if (known.length === files.length) return `${words} All of them were saved elsewhere.`;
  return `${words} What was never saved elsewhere is gone then.`;
};
