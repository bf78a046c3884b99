/** The people of the room. */
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { PersonView } from "@swapmeet/engine/io/view";
import { writeSetting } from "../device/settings.ts";
import type { Host } from "../run/host.ts";

export interface People {
  readonly me: PersonView;
  /** Everyone in the room but me, stable order. */
  readonly others: readonly PersonView[];
  /** How many are in the room whom this device can't reach: nobody knows more of them than that. */
  readonly unreachable: number;
  /** Also one who has left. */
  person(peer: PeerId): PersonView;
  rename(name: string): void;
}

export class RoomPeople implements People {
  readonly #host: Pick<Host, "engine" | "feed">;
  readonly #me: PeerId;

  constructor(host: Pick<Host, "engine" | "feed">, me: PeerId) {
    this.#host = host;
    this.#me = me;
  }

  get me() {
    return this.person(this.#me);
  }

  get others() {
    return this.#host.engine.people();
  }

  get unreachable() {
    return this.#host.engine.unreachableCount;
  }

  person(peer: PeerId): PersonView {
    return this.#host.engine.person(peer);
  }

  rename(name: string): void {
    writeSetting("name", name);
    this.#host.feed({ type: "rename", name });
  }
}
