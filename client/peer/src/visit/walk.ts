/** Walks files and folders of the disk, as the page walks what is dropped on it. */
import { constants } from "node:fs";
import { access, lstat, readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { isPart } from "../../../node/disk-shelves.ts";
import type { Event } from "../voice/event.ts";

/** A file, and the folders above it in the room: "Album/CD1", "" for none. */
export interface Found {
  readonly path: string;
  readonly folder: string;
}
export type Skipped = Extract<Event, { event: "skipped" }>;

/** A file or folder that a person named. `folder`: its own name in the room; "": its contents lie at the top. */
export interface Root {
  readonly path: string;
  readonly folder: string;
}

export const rootOf = (path: string): Root => ({ path: resolve(path), folder: basename(resolve(path)) });

/** Files in alphabetical order. Links are told, not followed: they might lead out of the folder. */
export async function* walk({ path, folder }: Root): AsyncGenerator<Found | Skipped> {
  const kind = await kindOf(path);
  if (kind === "file") yield { path, folder: "" };
  else if (kind === "folder") yield* inFolder(path, folder);
  else yield { event: "skipped", path, why: kind };
}

async function* inFolder(path: string, folder: string): AsyncGenerator<Found | Skipped> {
  const entries = await readdir(path).catch(() => null);
  if (!entries) return yield { event: "skipped", path, why: "unreadable" };
  if (entries.length === 0) return yield { event: "skipped", path, why: "empty-folder" };
  for (const entry of entries.sort()) {
    if (isPart(entry)) continue;
    const child = join(path, entry);
    const kind = await kindOf(child);
    if (kind === "file") yield { path: child, folder };
    else if (kind === "folder") yield* inFolder(child, folder === "" ? entry : `${folder}/${entry}`);
    else yield { event: "skipped", path: child, why: kind };
  }
}

const kindOf = async (path: string): Promise<"file" | "folder" | Skipped["why"]> => {
  try {
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) return "link";
    if (stats.isDirectory()) return "folder";
    if (!stats.isFile()) return "not-a-file";
    await access(path, constants.R_OK);
    return "file";
  } catch {
    return "unreadable";
  }
};
