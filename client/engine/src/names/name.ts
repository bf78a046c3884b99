/**
 * Names, and texts of people, that are safe to show and to send. They are sanitised when they are shared and again when
 * they arrive: no text of a peer is used as a path. Names that a disk refuses are changed only where a file is saved.
 *
 * Two different names may become the same safe name. That is fine: a file is known by its id, not by its name.
 */
import { utf8ToBytes } from "../base/bytes.ts";

/** The longest name that ext4, APFS and NTFS all take, and that the feeds allow. */
export const MAX_NAME_BYTES = 255;
/** Longer "extensions" are a part of the sentence before them. Guess. */
const MAX_EXTENSION_BYTES = 16;
/** Folders above a file. Guess: music libraries have four or five. */
export const MAX_FOLDER_DEPTH = 16;
/** All folders together: an entry of a feed stays small. Guess. */
export const MAX_FOLDER_BYTES = 1024;
export const MAX_PERSON_NAME_CODE_POINTS = 40;
/** The length limit for a newsgroup's name. */
export const MAX_GROUP_LENGTH = 32;
/** A page of a book has 2,000. Guess. */
export const MAX_POST_BYTES = 8_000;

const LONE_SURROGATE = /\p{Surrogate}/gu;
const LINE_BREAK = /\r\n|[\n-\r\u0085\u2028\u2029]/;
const LINE_BREAK_OR_TAB = /[\t-\r\u0085\u2028\u2029]/g;
/**
 * Control, format (bidirectional, zero-width), other default-ignorable characters and non-characters. Kept are those
 * that make an emoji: a joiner between two pictographs, the emoji selector after a pictograph or in a keycap.
 */
const INVISIBLE =
  /(?!(?<=\p{ExtPict}[\uFE0F\p{EMod}]?)\u200D\p{ExtPict}|(?<=\p{ExtPict})\uFE0F|(?<=[0-9#])\uFE0F\u20E3)[\p{Cc}\p{Cf}\p{DI}\p{NChar}]/gu;

const SEPARATORS = /[/\\]/g;
const RESERVED_CHARACTERS = /[/\\<>:"|?*]/g;
/** Names that no disk allows for a file, or that consist of spaces alone. */
const NO_NAME = /^(?:\.{0,2}|\s*)$/;
/** Windows opens a device by these names, with any extension; superscript digits count as digits to it. */
const RESERVED_NAME = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)/i;
/**
 * Most names are safe as they are: ASCII without separators, and Latin letters in one code point (all are NFC). Rooms
 * have a million names, and the full treatment costs ten times as much. Measured.
 */
const PLAIN_NAME = /^[ -.0-[\]-~\u{C0}-\u{17F}]+$/u;
const MAX_PLAIN_LENGTH = MAX_NAME_BYTES >> 1; // two bytes each, at most
const EXTENSION = /(?<=[^.])\.[^.\s]+$/;

/**
 * One file name, as close to `name` as may be sent and shown: NFC; no separators or invisible characters; at most 255
 * bytes of UTF-8, cut before the extension; not ".", ".." or empty. Other things that some disk refuses stay.
 * Idempotent. [N1]
 */
export const safeFileName = (name: string): string => {
  if (name.length <= MAX_PLAIN_LENGTH && PLAIN_NAME.test(name) && !NO_NAME.test(name)) return name;
  const cut = cutName(visible(name).replace(SEPARATORS, "_"));
  return NO_NAME.test(cut) ? "unnamed" : cut;
};

/**
 * A safe file name in a form that every disk takes: no reserved characters, no space or dot at the end, no space at the
 * start, no Windows device. Idempotent. [N1a]
 */
export const portableFileName = (name: string): string => {
  const trimmed = trimEnd(name.replace(RESERVED_CHARACTERS, "_")).trimStart();
  // Cut twice: the first cut may leave a device's name, and the "_" in front of that may be a byte too many.
  return cutName(withoutDevice(cutName(trimmed))) || "unnamed";
};

/** Folders above a file, "/" between them, each a safe name; the outermost ones when there are too many. [N2] */
export const safeFolder = (path: string): string => {
  const parts = path
    .split("/")
    .filter((part) => !NO_NAME.test(part))
    .slice(0, MAX_FOLDER_DEPTH)
    .map(safeFileName);
  while (!isWithin(parts.join("/"), MAX_FOLDER_BYTES)) parts.pop();
  return parts.join("/");
};

/** Most people's names are safe as they are: visible ASCII, one space between words. Rooms have thousands. */
const PLAIN_PERSON_NAME = /^[!-~]+(?: [!-~]+)*$/;

/** A person's name on one line; "" when nothing visible is left. Idempotent. [N3] */
export const safePersonName = (name: string): string => {
  if (name.length <= MAX_PERSON_NAME_CODE_POINTS && PLAIN_PERSON_NAME.test(name)) return name;
  const codePoints = [...visible(name).replace(/\s+/g, " ").trimStart()];
  return visible(codePoints.slice(0, MAX_PERSON_NAME_CODE_POINTS).join("")).trimEnd();
};

/** The newsgroup of all posts that name none. */
export const GENERAL = "general";

/** A newsgroup, named as in USENET: a-z, 0-9, and inside "." and "-"; GENERAL when nothing is left. Idempotent. [N4] */
export const safeGroup = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, MAX_GROUP_LENGTH)
    .replace(/[.-]+$/, "") || GENERAL;

/**
 * A text that a person wrote, as lines: NFC, no invisible characters, tabs as spaces, no empty lines at either end; at
 * most 8,000 bytes of UTF-8. "" when nothing visible is left. Idempotent. [N5]
 */
export const safePostText = (text: string): string => {
  const lines = visibleLines(text)
    .replace(/^(?:[^\S\n]*\n)+/, "")
    .trimEnd();
  return isWithin(lines, MAX_POST_BYTES) ? lines : visibleLines(beginningOf(lines, MAX_POST_BYTES)).trimEnd();
};

const visibleLines = (text: string): string =>
  text.replaceAll("\t", "    ").split(LINE_BREAK).map(visible).join("\n");

const visible = (text: string): string =>
  text
    .replace(LONE_SURROGATE, "\uFFFD")
    .replace(LINE_BREAK_OR_TAB, " ")
    .replace(INVISIBLE, "")
    .normalize("NFC");

const withoutDevice = (name: string): string => (RESERVED_NAME.test(name) ? `_${name}` : name);

const trimEnd = (name: string): string => name.replace(/[.\s]+$/, "");

const bytesOf = (text: string): number => utf8ToBytes(text).length;

/** A code unit is three bytes at most: most texts need not be encoded to see that they fit. */
const isWithin = (text: string, maxBytes: number): boolean =>
  text.length * 3 <= maxBytes || bytesOf(text) <= maxBytes;

const cutName = (name: string): string => {
  if (isWithin(name, MAX_NAME_BYTES)) return name;
  const found = EXTENSION.exec(name)?.[0] ?? "";
  const extension = bytesOf(found) <= MAX_EXTENSION_BYTES ? found : "";
  const stem = name.slice(0, name.length - extension.length);
  return trimEnd(cutToBytes(stem, MAX_NAME_BYTES - bytesOf(extension))) + extension;
};

/** The longest beginning that fits, made of whole code points and without half an emoji sequence's joiner. */
const cutToBytes = (text: string, maxBytes: number): string => visible(beginningOf(text, maxBytes));

/** The longest beginning of whole code points that fits. */
const beginningOf = (text: string, maxBytes: number): string => {
  let bytes = 0;
  let end = 0;
  for (const codePoint of text) {
    bytes += bytesOf(codePoint);
    if (bytes > maxBytes) break;
    end += codePoint.length;
  }
  return text.slice(0, end);
};
