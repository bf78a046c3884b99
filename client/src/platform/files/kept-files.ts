/** What downloads have left on this device, for the page to list and to delete. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { Holdings } from "./holdings.ts";
import { isPersistent, readQuota } from "../store/quota.ts";
import type { StorageView } from "../session/session-view.ts";

export interface KeptFilesOptions {
  readonly holdings: Pick<Holdings, "list" | "delete">;
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
      this.#options.holdings.list(),
      readQuota(),
      isPersistent(),
    ]);
    const unfinished = this.#options.unfinished();
    const files = (listed.ok ? listed.value : []).filter(({ file }) => !unfinished.has(file));
    this.view = { quota, persistent: persistent === true, files };
    this.#options.changed();
  }

  /** Which of them are gone: what another tab holds stays. */
  async delete(files: Iterable<FileId>): Promise<ReadonlySet<FileId>> {
    const gone = new Set<FileId>();
    for (const file of files) if (await this.#options.holdings.delete(file)) gone.add(file);
    await this.look();
    return gone;
  }
}
