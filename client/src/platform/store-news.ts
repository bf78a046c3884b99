/** Tells the other tabs of this browser that a piece store was closed, filled or deleted: what waits for it can go on. */
const NAME = "swapmeet-stores";

export class StoreNews {
  readonly #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;

  constructor(heard: () => void) {
    this.#channel?.addEventListener("message", heard);
  }

  tell(): void {
    this.#channel?.postMessage(null);
  }

  close(): void {
    this.#channel?.close();
  }
}
