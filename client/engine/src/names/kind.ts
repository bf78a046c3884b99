/** The kind of a file, as far as its name tells. */

export const KINDS = ["audio", "video", "picture", "document", "archive", "program", "other"] as const;
export type Kind = (typeof KINDS)[number];

const EXTENSIONS: Readonly<Record<Exclude<Kind, "other">, string>> = {
  audio: "mp3 flac ogg oga opus m4a m4b aac wav wma aiff aif ape alac mid midi mka amr",
  video: "mp4 mkv webm avi mov m4v mpg mpeg wmv flv ogv ts m2ts 3gp vob",
  picture: "jpg jpeg png gif webp avif heic heif bmp tif tiff svg ico psd raw cr2 nef arw dng xcf",
  document:
    "pdf txt md doc docx odt rtf tex xls xlsx ods csv tsv ppt pptx odp epub mobi azw3 djvu html htm json xml srt log",
  archive: "zip 7z rar tar gz tgz bz2 xz zst lz4 iso img cab jar",
  program: "exe msi dmg pkg deb rpm apk appimage app bat cmd sh ps1 py js mjs wasm com",
};

const kindByExtension = new Map<string, Kind>(
  KINDS.filter((kind) => kind !== "other").flatMap((kind) =>
    EXTENSIONS[kind].split(" ").map((extension): [string, Kind] => [extension, kind]),
  ),
);

/** Longer endings don't fit the badge and say little. */
const MAX_BADGE_CHARACTERS = 4;

/** Without the dot, lower case; "" when the name has none. */
const extensionOf = (name: string): string => /[^.]\.([^.\s]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";

export const kindOf = (name: string): Kind => kindByExtension.get(extensionOf(name)) ?? "other";

/** A few upper-case letters for the file's badge: its extension, or "FILE". */
export const badgeOf = (name: string): string => {
  const extension = extensionOf(name);
  return extension.length <= MAX_BADGE_CHARACTERS && /^[a-z0-9]+$/.test(extension)
    ? extension.toUpperCase()
    : "FILE";
};
