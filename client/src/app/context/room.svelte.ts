/** The view model: a thin reader over the session. It holds nothing of the room, so nothing can be out of date. */
import { m } from "../words/messages.js";
import { createContext } from "svelte";
import { createSubscriber } from "svelte/reactivity";
import type { FileId } from "@swapmeet/engine/names/file-id";
import { libraryKey, type LibraryEntry } from "@swapmeet/engine/names/library-entry";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { DownloadView } from "@swapmeet/engine/io/view";
import type { Session } from "../../platform/session/session.ts";
import { byEntry } from "./moving.ts";
import { shortened } from "../parts/text/short-name.ts";
import { nameOf, type Names } from "../parts/text/person-words.ts";

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

  readonly #downloadByEntry = $derived.by(() => byEntry(this.now.transfers.downloads));

  downloadOf(entry: LibraryEntry): DownloadView | undefined {
    return this.#downloadByEntry.get(libraryKey(entry));
  }

  person(peer: PeerId): string {
    return nameOf(this.now.people.person(peer));
  }

  file(file: FileId): string {
    return shortened(this.now.library.details(file).name) || m.parts_a_file();
  }
}

export const [useRoom, provideRoom] = createContext<Room>();
