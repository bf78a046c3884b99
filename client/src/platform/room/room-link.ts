/** A link into a room: `#amber-otter-cedar-violet`, and with one of its files `#amber-otter-cedar-violet/FILE-ID`. */
import type { FileId } from "@swapmeet/engine/names/file-id";

export interface RoomLink {
  /** As typed or linked, not yet checked; "" is the open room. */
  readonly code: string;
  readonly file: FileId | null;
}

/** Reads `location.hash`. Never throws: text that makes no sense becomes a code that is found to be wrong later. */
export const roomLinkIn = (hash: string): RoomLink => {
  const [code = "", file = ""] = decoded(hash.replace(/^#/, "")).split("/", 2);
  return { code, file: isFileId(file) ? file : null };
};

export const hashOf = ({ code, file }: RoomLink): string =>
  code === "" && file === null ? "" : `#${code}${file === null ? "" : `/${file}`}`;

const isFileId = (text: string): text is FileId => /^[0-9a-f]{64}-\d{1,16}$/.test(text);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
