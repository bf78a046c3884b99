/** Tells other tabs of this browser that a store was closed, filled or deleted, so that waiting downloads go on. */
import { openChannel } from "../web/channel.ts";

const NAME = "swapmeet-stores";

export class StoreNews {
  #channel = openChannel(NAME);

  constructor(heard: () => void) {
    this.#channel?.addEventListener("message", heard);
  }

  tell(): void {
    this.#channel?.postMessage(null);
  }

  close(): void {
    this.#channel?.close();
    this.#channel = null; // a store may be let go after this
  }
}
