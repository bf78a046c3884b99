/** The people of the room. */
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { PersonView } from "@swapmeet/engine/io/view";
import { writeSetting } from "../device/settings.ts";
import type { Host } from "../run/host.ts";

export interface People {
  readonly me: PersonView;
  /** Everyone in the room but me, stable order. */
  readonly others: readonly PersonView[];
  /** The number of people in the room whom this device can't reach. Nothing else is known of them. */
  readonly unreachable: number;
  /** Gives also a person who has left. */
  person(peer: PeerId): PersonView;
  /** How long this person has been among `others` without a break; 0 for one who is not. */
  seenForMs(peer: PeerId): number;
  rename(name: string): void;
}

export class RoomPeople implements People {
  readonly #host: Pick<Host, "engine" | "feed">;
  readonly #me: PeerId;
  readonly #now: () => number;
  /** The time at which the page first found each peer in the room. */
  #seenAtByPeer: ReadonlyMap<PeerId, number> = new Map();

  /** @param now milliseconds that never go back */
  constructor(host: Pick<Host, "engine" | "feed">, me: PeerId, now = () => performance.now()) {
    this.#host = host;
    this.#me = me;
    this.#now = now;
  }

  get me() {
    return this.person(this.#me);
  }

  get others() {
    const others = this.#host.engine.people();
    const now = this.#now();
    this.#seenAtByPeer = new Map(others.map(({ peer }) => [peer, this.#seenAtByPeer.get(peer) ?? now]));
    return others;
  }

  get unreachable() {
    return this.#host.engine.unreachableCount;
  }

  person(peer: PeerId): PersonView {
    return this.#host.engine.person(peer);
  }

  seenForMs(peer: PeerId): number {
    const seenAt = this.#seenAtByPeer.get(peer);
    return seenAt === undefined ? 0 : this.#now() - seenAt;
  }

  rename(name: string): void {
    writeSetting("name", name);
    this.#host.feed({ type: "rename", name });
  }
}
