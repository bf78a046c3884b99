/** The messages that wait to be read, and the unfinished text to each person. The session holds the messages. */
import { createContext } from "svelte";
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { MessageView, PersonView } from "@swapmeet/engine/io/view";
import { correspondentsIn } from "../parts/names/correspondents.ts";
import type { Room } from "../context/room.svelte.ts";

export class DirectMessages {
  readonly #room: Room;
  readonly #open: () => PeerId | null;
  readonly #read = new SvelteSet<string>();
  /** Messages that the person was told of and put aside unread. */
  readonly #aside = new SvelteSet<string>();
  readonly #textByPeer = new SvelteMap<PeerId, string>();

  /** @param open gives the peer whose messages are shown */
  constructor(room: Room, open: () => PeerId | null) {
    this.#room = room;
    this.#open = open;
  }

  readonly #unread: readonly MessageView[] = $derived.by(() =>
    this.#room.now.messages.all.filter(
      (message) => !message.mine && message.with !== this.#open() && !this.#read.has(keyOf(message)),
    ),
  );
  /** The peers whose messages were neither read nor put aside. */
  readonly calling: readonly PeerId[] = $derived.by(() =>
    correspondentsIn(this.#unread.filter((message) => !this.#aside.has(keyOf(message)))),
  );

  /** The people who have left, and whose messages can still be read. */
  readonly departed: readonly PersonView[] = $derived.by(() => {
    const { messages, people } = this.#room.now;
    return correspondentsIn(messages.all)
      .map((peer) => people.person(peer))
      .filter(({ presence }) => presence === "gone");
  });

  with(peer: PeerId): readonly MessageView[] {
    return this.#room.now.messages.all.filter((message) => message.with === peer);
  }

  unreadFrom(peer: PeerId): number {
    return this.#unread.filter((message) => message.with === peer).length;
  }

  read(peer: PeerId): void {
    for (const message of this.with(peer)) this.#read.add(keyOf(message));
  }

  putAside(peer: PeerId): void {
    for (const message of this.with(peer)) this.#aside.add(keyOf(message));
  }

  textTo(peer: PeerId): string {
    return this.#textByPeer.get(peer) ?? "";
  }

  write(peer: PeerId, text: string): void {
    this.#textByPeer.set(peer, text);
  }
}

/** An id is one peer's own. */
const keyOf = ({ with: peer, id }: MessageView): string => `${peer} ${id}`;

export const [useDirectMessages, provideDirectMessages] = createContext<DirectMessages>();
