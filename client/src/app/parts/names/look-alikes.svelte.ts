/** Names that look alike, among this person, those present, and those who left but whose words can still be read. */
import { createContext } from "svelte";
import { createSubscriber } from "svelte/reactivity";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { correspondentsIn } from "./correspondents.ts";
import { goneAuthorsOf, lookAlikesIn, type Confusables } from "./look-alikes.ts";
import type { Room } from "../../context/room.svelte.ts";
import { nameOf } from "../text/person-words.ts";

export class LookAlikes {
  readonly #room: Room;
  /** Until Unicode's list is there, equal names are found, and those that differ in case. */
  #confusables: Confusables = (text) => text;
  readonly #await = createSubscriber((update) => {
    void import("unhomoglyph").then(
      ({ default: confusables }) => {
        this.#confusables = confusables;
        update();
      },
      () => undefined, // the server is gone: equal names are still found
    );
  });

  constructor(room: Room) {
    this.#room = room;
  }

  readonly #alike = $derived.by(() => {
    const { people, board, messages } = this.#room.now;
    const correspondents = correspondentsIn(messages.all).map((peer) => people.person(peer));
    const here = [people.me, ...people.others, ...correspondents].map((person) => ({
      peer: person.peer,
      name: nameOf(person),
    }));
    const posts = board.groups.flatMap(({ name }) => board.posts(name));
    const named = [...here, ...goneAuthorsOf(posts, here)];
    if (named.length === 1) return NOBODY;
    this.#await();
    return lookAlikesIn(named, this.#confusables);
  });

  has(peer: PeerId): boolean {
    return this.#alike.has(peer);
  }
}

const NOBODY: ReadonlySet<PeerId> = new Set();

export const [useLookAlikes, provideLookAlikes] = createContext<LookAlikes>();
