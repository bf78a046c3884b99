/** How far an upload is, and where a download comes from. */
import type { DownloadView, UploadView } from "@swapmeet/engine/io/view";
import { formatNames } from "../parts/text/format.ts";
import type { Names } from "../parts/text/person-words.ts";

/** Of a file that was or is sent to somebody. */
export const uploadWords = (
  { state, to }: Pick<UploadView, "state" | "to">,
  names: Pick<Names, "person">,
): string => {
  const name = names.person(to);
  switch (state) {
    case "sending":
      return `Sending to ${name}`;
    case "queued":
      return `Queued, ${name} waits for a turn`;
    case "waiting":
      return `Waiting for ${name}`;
    case "paused":
      return `Paused by ${name}`;
    case "cancelled":
      return `Cancelled by ${name}`;
    case "delivered":
      return `Delivered to ${name}`;
    case "stopped":
      return `Stopped: ${name} gets no more of it until you allow it again, or leave the room`;
    case "withdrawn":
      return `Stopped: it is off your table, ${name} gets no more of it`;
    case "parted":
      return `Stopped: no longer connected to ${name}`;
  }
};

/** Whom it comes from, to follow the state; "" when there is nothing to say. */
export const sourceWords = (
  { state, sources, handedBy }: Pick<DownloadView, "state" | "sources" | "handedBy">,
  names: Pick<Names, "person">,
): string => {
  if (handedBy !== null && ["verifying", "saving", "complete"].includes(state.type))
    return `, from ${names.person(handedBy)}, same browser`;
  if (state.type !== "downloading" || sources.length === 0) return "";
  return ` from ${formatNames(sources.map((peer) => names.person(peer)))}`;
};
