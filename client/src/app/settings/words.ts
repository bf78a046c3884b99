/** Words of the settings: the files that downloads have left on this device, and the way to others. */
import { m } from "../words/messages.js";
import { counted, fileCount } from "../parts/text/plurals.ts";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { StorageView } from "../../platform/files/kept-files.ts";
import type { Transfers } from "../../platform/session/transfers.ts";
import { formatBytes } from "../parts/text/format.ts";

/** Says how much space downloads take on this device, and how much more they may take. */
export const storageWords = ({ quota, persistent }: StorageView): string => {
  if (quota === null) return m.settings_over_plain_http_the_browser();
  const used = m.settings_usedbytes_used_availablebytes_available({
    usedBytes: formatBytes(quota.usedBytes),
    availableBytes: formatBytes(quota.availableBytes),
  });
  return persistent ? used : m.settings_used_the_browser_may_clear({ used });
};

/** Says what it means to connect through a relay alone. `hasRelayServer`: null while nobody knows. */
export const relayOnlyWords = (hasRelayServer: boolean | null): string =>
  hasRelayServer === false ? m.settings_this_server_names_no_relay() : m.settings_others_learn_no_address();

/** Whether finished downloads were saved elsewhere. Nobody here knows it of files that other rooms have left. */
export const savedByFile = ({ downloads }: Pick<Transfers, "downloads">): ReadonlyMap<FileId, boolean> =>
  new Map(
    downloads.flatMap(({ file, state }) => (state.type === "complete" ? [[file, state.saved] as const] : [])),
  );

/** The question before these stored files, one or more, are deleted. */
export const deleteWords = (files: StorageView["files"], room: Pick<Transfers, "downloads">): string => {
  const saved = savedByFile(room);
  const known = files.filter(({ file }) => saved.has(file));
  const unsaved = known.filter(({ file }) => !saved.get(file)).length;
  return `${m.settings_deletes({ files: fileCount(files.length) })} ${lossWords(files.length, known.length, unsaved)}`;
};

/** `known`: for how many files this tab knows whether they were saved elsewhere. */
const lossWords = (files: number, known: number, unsaved: number): string => {
  if (files === 1 && known === 1)
    return unsaved === 1 ? m.settings_it_was_never_saved() : m.settings_it_was_saved();
  if (unsaved > 0) return m.settings_never_saved(counted(unsaved));
  return known === files ? m.settings_all_were_saved() : m.settings_unknown_is_gone();
};
