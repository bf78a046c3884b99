/** What this peer offers to the room: files of the disk, kept in step with it while they are watched. */
import { watch } from "chokidar";
import { dirname, relative, sep } from "node:path";
import type { LocalFile } from "@swapmeet/engine/io/io";
import { lengthOf } from "@swapmeet/engine/names/file-id";
import { isPart } from "../../../node/disk-shelves.ts";
import type { Visit } from "./visit.ts";
import { walk, type Found, type Root } from "./walk.ts";

/** Files that are announced together. Guess. */
const BATCH_FILES = 64;
/** A file that grows is hashed when it has been still for so long. Guess. */
const STILL_MS = 1_000;

export class Offering {
  readonly #visit: Visit;
  readonly #localByPath = new Map<string, LocalFile>();
  /** Hashed, and not announced yet. */
  #batch: LocalFile[] = [];
  /** Changes of the disk are taken one after the other. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  /** Hashes and offers all that is there. @returns it; files that can't be read are told and left out */
  async add(roots: readonly Root[]): Promise<readonly LocalFile[]> {
    for (const root of roots)
      for await (const found of walk(root)) {
        this.#visit.signal.throwIfAborted();
        if ("event" in found) this.#visit.voice.say(found);
        else await this.#share(found);
        if (this.#batch.length >= BATCH_FILES) this.#announce();
      }
    this.#announce();
    return [...this.#localByPath.values()];
  }

  /**
   * Offers what is new below these roots, and no longer what is gone.
   * @param isIgnored paths that are offered another way
   * @returns a function that ends it
   */
  watch(roots: readonly Root[], isIgnored: (path: string) => boolean): () => Promise<void> {
    const watcher = watch(
      roots.map(({ path }) => path),
      {
        ignoreInitial: true,
        followSymlinks: false,
        awaitWriteFinish: { stabilityThreshold: STILL_MS },
        ignored: (path) => isPart(path),
      },
    );
    const changed = (path: string) =>
      this.#then(async () => {
        const root = roots.find((each) => path === each.path || path.startsWith(each.path + sep));
        if (!root || isIgnored(path)) return;
        this.#unshare(path);
        // The watcher also tells of links.
        for await (const found of walk({ path, folder: "" }))
          if (!("event" in found)) await this.#share({ path, folder: folderOf(path, root) });
        this.#announce();
      });
    // The watcher is silent about all that it finds while it begins.
    const ready = () =>
      this.#then(async () => {
        for (const root of roots)
          for await (const found of walk(root))
            if (!("event" in found) && !this.#localByPath.has(found.path) && !isIgnored(found.path))
              await this.#share(found);
        this.#announce();
      });
    watcher
      .on("ready", ready)
      .on("add", changed)
      .on("change", changed)
      .on("unlink", (path) => this.#then(async () => this.#unshare(path)))
      .on("error", () => {}); // a folder that went away while it was looked at
    return () => watcher.close();
  }

  #then(act: () => Promise<void>): void {
    this.#work = this.#work.then(() => (this.#visit.signal.aborted ? undefined : act()));
  }

  async #share({ path, folder }: Found): Promise<void> {
    const { peer, voice } = this.#visit;
    try {
      const local = await peer.files.share(path, folder);
      this.#localByPath.set(path, local);
      this.#batch.push(local);
    } catch {
      voice.say({ event: "skipped", path, why: "unreadable" });
    }
  }

  #announce(): void {
    const { peer, voice } = this.#visit;
    if (this.#batch.length === 0) return;
    peer.feed({ type: "share", files: this.#batch });
    for (const { name, folder, file } of this.#batch)
      voice.say({ event: "shared", name, folder, bytes: lengthOf(file), link: this.#visit.linkTo(file) });
    this.#batch = [];
  }

  #unshare(path: string): void {
    const { peer, voice } = this.#visit;
    const local = this.#localByPath.get(path);
    if (!local) return;
    this.#localByPath.delete(path);
    peer.feed({ type: "unshare", entries: [local] });
    if (!peer.engine.localFile(local.file)) peer.files.holdings.unshare(local.file);
    voice.say({ event: "unshared", name: local.name, folder: local.folder });
  }
}

/** The folders above a file in the room. */
const folderOf = (path: string, { path: root, folder }: Root): string => {
  if (path === root) return "";
  const below = dirname(relative(root, path));
  return [folder, below === "." ? "" : below.split(sep).join("/")].filter(Boolean).join("/");
};
