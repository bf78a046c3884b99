/**
 * The platform's part of a relayed link: blocks that wait to be sent. The engine takes them one after the other, seals
 * them and sets the pace. PROTOCOL.md, Y5.
 */
import { encodeBlock } from "@swapmeet/engine/wire/frame-codec";
import type { BlockSender } from "../bytes/host-files.ts";
import { BlockQueue } from "./block-queue.ts";

export interface RelayedLinkEvents {
  /** Answered by `took`. */
  block(frame: Uint8Array): void;
}

export class RelayedLink implements BlockSender {
  readonly #events: RelayedLinkEvents;
  readonly #blocks = new BlockQueue();
  #isTaken = true;
  #isPumping = false;

  constructor(events: RelayedLinkEvents) {
    this.#events = events;
  }

  async sendBlocks(
    id: number,
    read: Promise<Uint8Array | null>,
    sent: (bytes: number) => void,
  ): Promise<void> {
    try {
      await this.#blocks.add(id, read, sent);
    } finally {
      this.#pump();
    }
  }

  stopBlocks(id: number): void {
    this.#blocks.stop(id);
  }

  /** The block given last is on its way. */
  took(): void {
    this.#isTaken = true;
    this.#pump();
  }

  /** A second call is harmless. */
  close(): void {
    this.#blocks.clear();
  }

  /** Gives blocks as long as they are taken. A block may be taken while it is being given. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#isTaken && this.#blocks.send(this.#give));
    this.#isPumping = false;
  }

  readonly #give = (id: number, block: Uint8Array): boolean => {
    this.#isTaken = false;
    this.#events.block(encodeBlock(id, block));
    return true;
  };
}
