import { m } from "../words/messages.js";
import { fileCount } from "../parts/text/plurals.ts";
import type { DownloadView, LibraryItem } from "@swapmeet/engine/io/view";
import type { Library } from "../../platform/session/library.ts";
import type { Messages } from "../../platform/session/messages.ts";
import type { Network } from "../../platform/session/network.ts";
import type { Transfers } from "../../platform/session/transfers.ts";
import { isGoingOut, isRunning } from "../context/moving.ts";

/** Says what a person would lose by leaving the room. Where that is nothing, the page need not ask. */
export const leavingWords = ({
  library,
  transfers,
  messages,
  network,
}: {
  readonly library: Pick<Library, "items" | "adding">;
  readonly transfers: Pick<Transfers, "downloads" | "uploads">;
  readonly messages: Pick<Messages, "all">;
  readonly network: Pick<Network, "server" | "peerCount">;
}): readonly string[] => {
  const words: string[] = [];
  if (library.adding.active) words.push(m.room_files_are_still_being_added());
  if (transfers.uploads.some(isGoingOut) || transfers.downloads.some(isRunning))
    words.push(m.room_transfers_are_running_leaving_stops());
  const table = tableWords(library.items, transfers.downloads);
  const letters = messages.all.length > 0 ? m.room_your_messages() : "";
  if (table && letters) words.push(m.room_your_table_and_letters_do({ table, letters }));
  else if (table) words.push(m.room_your_table_does_not_come({ table }));
  else if (letters) words.push(m.room_your_messages_do_not_come());
  if (network.server.type === "offline" && network.peerCount > 0) words.push(m.room_the_server_is_away_you());
  return words;
};

const tableWords = (items: readonly LibraryItem[], downloads: readonly DownloadView[]): string => {
  const library = items.filter(({ problem }) => !problem);
  if (library.length === 0) return "";
  const saved = new Set(
    downloads.flatMap(({ file, state }) => (state.type === "complete" && state.saved ? [file] : [])),
  );
  const files = fileCount(library.length);
  return library.every(({ file }) => saved.has(file))
    ? m.room_table_files_all_of_them({ files })
    : m.room_table_files({ files });
};
