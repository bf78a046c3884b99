/**
 * The ways in which a full disk may show: an exception; a short write; Chromium's -8, read as unsigned; or nothing at
 * all, and the file is shorter than the written bytes.
 */
export type FullDisk = "throws" | "short" | "minus-eight" | "silent";
export const FULL_DISKS: readonly FullDisk[] = ["throws", "short", "minus-eight", "silent"];

/** The origin-private file system as a worker of one browser sees it, with a disk that can be full. */
export class OpfsDouble {
  full = false;
  fullDisk: FullDisk = "throws";
  /** Reads answer with an error, read as unsigned. */
  unreadable = false;
  /** A private window: files are there, and none can be held. */
  isPrivate = false;
  readonly #root = new Folder(this);

  /** For `vi.stubGlobal("navigator", …)`. */
  readonly navigator = { storage: { getDirectory: async () => this.#root } };

  /** Flips a byte behind everybody's back. */
  damage(path: string, at: number): void {
    this.#root.fileAt(path.split("/")).flip(at);
  }

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

  fileAt([name, ...rest]: string[]): File {
    const entry = this.#entries.get(name!)!;
    return entry instanceof Folder ? entry.fileAt(rest) : entry;
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

  flip(at: number): void {
    this.#bytes[at]! ^= 1;
  }

  async createSyncAccessHandle() {
    if (this.#disk.isPrivate) throw new DOMException("a private window", "SecurityError");
    if (this.#locked) throw new DOMException("another holds it", "NoModificationAllowedError");
    this.#locked = true;
    return {
      read: (into: Uint8Array, { at }: { at: number }) => {
        if (this.#disk.unreadable) return -2 >>> 0;
        const bytes = this.#bytes.subarray(at, at + into.length);
        into.set(bytes);
        return bytes.length;
      },
      write: (bytes: Uint8Array, { at }: { at: number }) => {
        const end = at + bytes.length;
        if (this.#disk.full && end > this.#bytes.length) return this.#refuse(bytes.length);
        const grown = new Uint8Array(Math.max(end, this.#bytes.length));
        grown.set(this.#bytes);
        grown.set(bytes, at);
        this.#bytes = grown;
        return bytes.length;
      },
      truncate: (length: number) => void (this.#bytes = this.#bytes.slice(0, length)),
      getSize: () => this.#bytes.length,
      flush: () => {},
      close: () => void (this.#locked = false),
    };
  }

  #refuse(length: number): number {
    switch (this.#disk.fullDisk) {
      case "throws":
        throw new DOMException("full", "QuotaExceededError");
      case "short":
        return length - 1;
      case "minus-eight":
        return -8 >>> 0;
      case "silent":
        return length;
    }
  }
}
