/** Kinds of files, and why a search shows nothing. */
import { m } from "../words/messages.js";
import { fileCount } from "../parts/text/plurals.ts";
import type { Kind } from "@swapmeet/engine/names/kind";
import { shortened } from "../parts/text/short-name.ts";

export const KIND_NAMES: Readonly<Record<Kind, { one: string; many: string }>> = {
  audio: { one: m.find_audio(), many: m.find_audio() },
  video: { one: m.find_video(), many: m.find_video() },
  picture: { one: m.find_picture(), many: m.find_pictures() },
  document: { one: m.find_document(), many: m.find_documents() },
  archive: { one: m.find_archive(), many: m.find_archives() },
  program: { one: m.find_program(), many: m.find_programs() },
  other: { one: m.find_other(), many: m.find_other() },
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
  if (text !== "" && everywhere === 0) return m.find_nobody_here_has_echo({ echo });
  if (text === "" && of !== null)
    return kind === null && size === null
      ? m.find_name_has_no_files_on({ name: of })
      : m.find_name_has_no_files_like({ name: of });
  if (text === "") return m.find_nobody_here_has_files_like();
  const among = [...(kind === null ? [] : [KIND_NAMES[kind].many]), ...(size === null ? [] : [size])];
  const where = [...(of === null ? [] : [m.find_name_s_files({ name: of })]), ...among].join(", ");
  return m.find_nothing_among_where_matches_echo({ where, echo, files: fileCount(everywhere) });
};
