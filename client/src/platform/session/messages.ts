/** Direct messages: sealed texts between two people of the room. */
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { MessageView } from "@swapmeet/engine/io/view";
import type { Host } from "../run/host.ts";

export interface Messages {
  /** The messages with everyone, oldest first. */
  readonly all: readonly MessageView[];
  /** Sends a text to this one person; `all` tells how it stands. */
  send(to: PeerId, text: string): void;
  /** Sends an undelivered message once more; it stays the same message, so it never arrives twice. */
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
