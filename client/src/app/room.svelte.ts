/** The view model: a thin reader over the session. It holds nothing of the room, so nothing can be out of date. */
import { createContext } from "svelte";
import { createSubscriber } from "svelte/reactivity";
import type { FileId } from "../engine/file-id.ts";
import type { PeerId } from "../engine/peer-id.ts";
import type { DownloadView } from "../engine/view.ts";
import type { Session } from "../platform/session-view.ts";
import { byFile } from "./transfers.ts";
import { nameOf, type Names } from "./words.ts";

export class Room implements Names {
  readonly #session: () => Session;
  readonly #follow = $derived.by(() => {
    const session = this.#session();
    return createSubscriber((update) => session.subscribe(update));
  });

  constructor(session: () => Session) {
    this.#session = session;
  }

  /** Reading it in markup means reading it again whenever the session says that something changed. */
  get now(): Session {
    this.#follow();
    return this.#session();
  }

  readonly #downloadByFile = $derived.by(() => byFile(this.now.downloads));

  downloadOf(file: FileId): DownloadView | undefined {
    return this.#downloadByFile.get(file);
  }

  person(peer: PeerId): string {
    return nameOf(this.now.person(peer));
  }

  file(file: FileId): string {
    return this.now.details(file).name || "A file";
  }
}

export const [useRoom, provideRoom] = createContext<Room>();
