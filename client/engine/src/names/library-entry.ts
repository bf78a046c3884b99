/** One file under one name in one folder: libraries list such entries, and people fetch them. PROTOCOL.md, C1. */
import type { FileId } from "./file-id.ts";

/** The name of a file and the folder that it is in. */
export interface FileEntry {
  readonly name: string;
  readonly folder: string;
}

export interface LibraryEntry extends FileEntry {
  readonly file: FileId;
}

/** A key of the entry among those of one file. A name has no "/". */
export const entryKey = ({ name, folder }: FileEntry): string => `${folder}/${name}`;

/** A key of the entry among those of all files. */
export const libraryKey = (entry: LibraryEntry): string => `${entry.file} ${entryKey(entry)}`;
