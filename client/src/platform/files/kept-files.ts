/** The files that downloads have left on this device, for the page to list and to delete. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { StoredFiles } from "./stored-files.ts";
import { isPersistent, readQuota } from "../store/quota.ts";

/** The space that downloads take on this device. */
export interface StorageView {
  /** The quota for everything that this page stores; null where the browser does not tell it, as on plain http. */
  readonly quota: { readonly usedBytes: number; readonly availableBytes: number } | null;
  /** The browser has promised not to clear it by itself when the disk gets short. */
  readonly persistent: boolean;
  /** Left by finished downloads, and by those of other rooms. */
  readonly files: readonly { readonly file: FileId; readonly name: string; readonly bytes: number }[];
}

export interface KeptFilesOptions {
  readonly stored: Pick<StoredFiles, "list" | "delete">;
  /** Files that are being fetched: they are no leftovers. */
  unfinished(): ReadonlySet<FileId>;
  changed(): void;
}

export class KeptFiles {
  readonly #options: KeptFilesOptions;
  /** As of the last look; null before the first. */
  view: StorageView | null = null;

  constructor(options: KeptFilesOptions) {
    this.#options = options;
  }

  async look(): Promise<void> {
    const [listed, quota, persistent] = await Promise.all([
      this.#options.stored.list(),
      readQuota(),
      isPersistent(),
    ]);
    const unfinished = this.#options.unfinished();
    const files = (listed.ok ? listed.value : []).filter(({ file }) => !unfinished.has(file));
    this.view = { quota, persistent: persistent === true, files };
    this.#options.changed();
  }

  /** Gives those that are gone; a file that another tab holds stays. */
  async delete(files: Iterable<FileId>): Promise<ReadonlySet<FileId>> {
    const gone = new Set<FileId>();
    for (const file of files) if (await this.#options.stored.delete(file)) gone.add(file);
    await this.look();
    return gone;
  }
}
