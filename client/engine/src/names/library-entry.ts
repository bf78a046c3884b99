/** One file under one name in one folder: what a library lists, and what is fetched. PROTOCOL.md, C1. */
import type { FileId } from "./file-id.ts";

/** How a file is called, and where it stands among others. */
export interface FileEntry {
  readonly name: string;
  readonly folder: string;
}

export interface LibraryEntry extends FileEntry {
  readonly file: FileId;
}

/** The same for the same entry of one file. A name has no "/". */
export const entryKey = ({ name, folder }: FileEntry): string => `${folder}/${name}`;

/** The same for the same entry of the same file. */
export const libraryKey = (entry: LibraryEntry): string => `${entry.file} ${entryKey(entry)}`;
