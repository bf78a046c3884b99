/** How far an upload is, and where a download comes from. */
import { m } from "../words/messages.js";
import type { DownloadView, UploadView } from "@swapmeet/engine/io/view";
import { formatNames } from "../parts/text/format.ts";
import type { Names } from "../parts/text/person-words.ts";

/** Says how the sending of a file to a person stands. */
export const uploadWords = (
  { state, to }: Pick<UploadView, "state" | "to">,
  names: Pick<Names, "person">,
): string => {
  const name = names.person(to);
  switch (state) {
    case "sending":
      return m.transfers_sending_to_name({ name });
    case "queued":
      return m.transfers_queued_name_waits_for_a({ name });
    case "waiting":
      return m.transfers_waiting_for_name({ name });
    case "paused":
      return m.transfers_paused_by_name({ name });
    case "cancelled":
      return m.transfers_cancelled_by_name({ name });
    case "delivered":
      return m.transfers_delivered_to_name({ name });
    case "stopped":
      return m.transfers_stopped_name_gets_no_more({ name });
    case "withdrawn":
      return m.transfers_stopped_it_is_off_your({ name });
    case "parted":
      return m.transfers_stopped_no_longer_connected_to({ name });
  }
};

/** Says from whom a download comes. The words follow the state; "" when there is nothing to say. */
export const sourceWords = (
  { state, sources, handedBy }: Pick<DownloadView, "state" | "sources" | "handedBy">,
  names: Pick<Names, "person">,
): string => {
  if (handedBy !== null && ["verifying", "saving", "complete"].includes(state.type))
    return m.transfers_from_name_same_browser({ name: names.person(handedBy) });
  if (state.type !== "downloading" || sources.length === 0) return "";
  return m.transfers_from_names({ names: formatNames(sources.map((peer) => names.person(peer))) });
};
