import type { DownloadView, LibraryItem } from "@swapmeet/engine/io/view";
import type { Library } from "../../platform/session/library.ts";
import type { Messages } from "../../platform/session/messages.ts";
import type { Network } from "../../platform/session/network.ts";
import type { Transfers } from "../../platform/session/transfers.ts";
import { isGoingOut, isRunning } from "../context/moving.ts";
import { plural } from "../parts/text/format.ts";

/** What leaving the room would end or lose; nothing: it need not be asked about. */
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
  if (library.adding.active) words.push("Files are still being added to your table.");
  if (transfers.uploads.some(isGoingOut) || transfers.downloads.some(isRunning))
    words.push("Transfers are running. Leaving stops them, here and for those who fetch from you.");
  const table = tableWords(library.items, transfers.downloads);
  const letters = messages.all.length > 0 ? "your messages" : "";
  if (table && letters) words.push(`Your ${table} and ${letters} do not come along.`);
  else if (table) words.push(`Your ${table} does not come along.`);
  else if (letters) words.push("Your messages do not come along.");
  if (network.server.type === "offline" && network.peerCount > 0)
    words.push("The server is away: you cannot come back until it returns.");
  return words;
};

const tableWords = (items: readonly LibraryItem[], downloads: readonly DownloadView[]): string => {
  const library = items.filter(({ problem }) => !problem);
  if (library.length === 0) return "";
  const saved = new Set(
    downloads.flatMap(({ file, state }) => (state.type === "complete" && state.saved ? [file] : [])),
  );
  const safe = library.every(({ file }) => saved.has(file)) ? ", all of them saved" : "";
  return `table (${plural(library.length, "file")}${safe})`;
};
