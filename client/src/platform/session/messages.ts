/** Direct messages: sealed texts between two people of the room. */
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { MessageView } from "@swapmeet/engine/io/view";
import type { Host } from "../run/host.ts";

export interface Messages {
  /** With everyone, oldest first. */
  readonly all: readonly MessageView[];
  /** To this one person; how far it came is in `all`. */
  send(to: PeerId, text: string): void;
  /** Tries once more what could not be delivered; it stays the same message, so it never arrives twice. */
  sendAgain(id: string): void;
}

export class RoomMessages implements Messages {
  readonly #host: Pick<Host, "engine" | "feed">;

  constructor(host: Pick<Host, "engine" | "feed">) {
    this.#host = host;
  }

  get all() {
    return this.#host.engine.messages();
  }

  send(to: PeerId, text: string): void {
    this.#host.feed({ type: "message", to, text });
  }

  sendAgain(id: string): void {
    this.#host.feed({ type: "message-again", id });
  }
}
