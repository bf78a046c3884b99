/** The origin-private file system as a worker of one browser sees it, with a disk that can be full. */
export class OpfsDouble {
  full = false;
  /** A private window: files are there, and none can be held. */
  isPrivate = false;
  readonly #root = new Folder(this);

  /** For `vi.stubGlobal("navigator", …)`. */
  readonly navigator = { storage: { getDirectory: async () => this.#root } };

  /** The paths of everything that is there. */
  paths(): string[] {
    return [...this.#root.paths("")];
  }
}

interface Options {
  readonly create?: boolean;
}

class Folder {
  readonly kind = "directory";
  readonly #disk: OpfsDouble;
  readonly #entries = new Map<string, Folder | File>();

  constructor(disk: OpfsDouble) {
    this.#disk = disk;
  }

  getDirectoryHandle = async (name: string, options?: Options) =>
    this.#entry(name, options, () => new Folder(this.#disk));

  getFileHandle = async (name: string, options?: Options) =>
    this.#entry(name, options, () => new File(this.#disk));

  async removeEntry(name: string): Promise<void> {
    if (!this.#entries.delete(name)) throw new DOMException("nothing there", "NotFoundError");
  }

  async *entries() {
    yield* this.#entries;
  }

  *paths(above: string): Generator<string> {
    for (const [name, entry] of this.#entries)
      if (entry instanceof Folder) yield* entry.paths(`${above}${name}/`);
      else yield above + name;
  }

  #entry(name: string, options: Options = {}, made: () => Folder | File): Folder | File {
    const entry = this.#entries.get(name) ?? (options.create ? made() : null);
    if (!entry) throw new DOMException("nothing there", "NotFoundError");
    this.#entries.set(name, entry);
    return entry;
  }
}

class File {
  readonly kind = "file";
  readonly #disk: OpfsDouble;
  #bytes = new Uint8Array();
  #locked = false;

  constructor(disk: OpfsDouble) {
    this.#disk = disk;
  }

  getFile = async () => new Blob([this.#bytes]);

  async createSyncAccessHandle() {
    if (this.#disk.isPrivate) throw new DOMException("a private window", "SecurityError");
    if (this.#locked) throw new DOMException("another holds it", "NoModificationAllowedError");
    this.#locked = true;
    return {
      read: (into: Uint8Array, { at }: { at: number }) => {
        const bytes = this.#bytes.subarray(at, at + into.length);
        into.set(bytes);
        return bytes.length;
      },
      write: (bytes: Uint8Array, { at }: { at: number }) => {
        const end = at + bytes.length;
        if (this.#disk.full && end > this.#bytes.length) throw new DOMException("full", "QuotaExceededError");
        const grown = new Uint8Array(Math.max(end, this.#bytes.length));
        grown.set(this.#bytes);
        grown.set(bytes, at);
        this.#bytes = grown;
        return bytes.length;
      },
      truncate: (length: number) => void (this.#bytes = this.#bytes.slice(0, length)),
      flush: () => {},
      close: () => void (this.#locked = false),
    };
  }
}
