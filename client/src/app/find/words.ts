/** Kinds of files, and why a search shows nothing. */
import type { Kind } from "@swapmeet/engine/names/kind";
import { plural } from "../parts/text/format.ts";
import { shortened } from "../parts/text/short-name.ts";

export const KIND_NAMES: Readonly<Record<Kind, { one: string; many: string }>> = {
  audio: { one: "Audio", many: "Audio" },
  video: { one: "Video", many: "Video" },
  picture: { one: "Picture", many: "Pictures" },
  document: { one: "Document", many: "Documents" },
  archive: { one: "Archive", many: "Archives" },
  program: { one: "Program", many: "Programs" },
  other: { one: "Other", many: "Other" },
};

/** Why a search shows nothing. `everywhere`: how many files the text alone finds. */
export const nothingFound = (
  asked: {
    readonly text: string;
    readonly kind: Kind | null;
    readonly size: string | null;
    readonly of: string | null;
  },
  everywhere: number,
): string => {
  const { text, kind, size, of } = asked;
  const echo = shortened(text);
  if (text !== "" && everywhere === 0) return `Nobody here has “${echo}”.`;
  if (text === "" && of !== null)
    return kind === null && size === null
      ? `${of} has no files on the table.`
      : `${of} has no files like that.`;
  if (text === "") return "Nobody here has files like that.";
  const among = [...(kind === null ? [] : [KIND_NAMES[kind].many]), ...(size === null ? [] : [size])];
  const where = [...(of === null ? [] : [`${of}'s files`]), ...among].join(", ");
  return `Nothing among ${where} matches “${echo}”. ${plural(everywhere, "file")} elsewhere.`;
};
