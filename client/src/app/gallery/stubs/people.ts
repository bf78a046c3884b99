import { hueOf, tagOf, type PeerId } from "@swapmeet/engine/names/peer-id";
import type { PersonView } from "@swapmeet/engine/io/view";
import type { People } from "../../../platform/session/people.ts";
import { NOBODY } from "../../room/opening-session.ts";
import type { Stage } from "./stage.ts";

export interface PeopleFacts {
  readonly me: PersonView;
  readonly people: readonly PersonView[];
  readonly unreachable?: number;
  /** People who have left, and with whom there are messages. */
  readonly departed?: readonly PersonView[];
}

export class PeopleStub implements People {
  readonly #stage: Stage<PeopleFacts>;

  constructor(stage: Stage<PeopleFacts>) {
    this.#stage = stage;
  }

  get me() {
    return this.#stage.now.me;
  }
  get others() {
    return this.#stage.now.people;
  }
  get unreachable() {
    return this.#stage.now.unreachable ?? 0;
  }

  person(peer: PeerId): PersonView {
    const { me, people, departed = [] } = this.#stage.now;
    const known = [me, ...people, ...departed].find((person) => person.peer === peer);
    return known ?? { ...NOBODY, peer, tag: tagOf(peer), hue: hueOf(peer), presence: "gone" };
  }

  /** Everyone came when the scene began. */
  seenForMs(peer: PeerId): number {
    return this.others.some((person) => person.peer === peer) ? performance.now() : 0;
  }

  rename(name: string): void {
    this.#stage.change({ me: { ...this.me, name } });
  }
}
