/**
 * Blocks that wait to be sent on one link: the answers to requests, in the order of the requests. An answer that is
 * still being read from a disk does not hold up the others. PROTOCOL.md, S2 and W6.
 */
import { MAX_BLOCK_BYTES } from "@swapmeet/engine/wire/frame";

/** Bytes of a request, read while others are being sent. */
interface Part {
  readonly sent: (bytes: number) => void;
  bytes: Uint8Array | null;
  sentBytes: number;
}

export class BlockQueue {
  /** The parts of a request go in order. */
  readonly #partsById = new Map<number, Part[]>();

  /** Resolves with `read`; null or a failure ends the request. `sent` is told how many bytes have left the queue. */
  async add(id: number, read: Promise<Uint8Array | null>, sent: (bytes: number) => void): Promise<void> {
    const part: Part = { sent, bytes: null, sentBytes: 0 };
    const parts = this.#partsById.get(id) ?? [];
    parts.push(part);
    this.#partsById.set(id, parts);
    try {
      part.bytes = await read;
    } finally {
      if (!part.bytes) this.stop(id);
    }
  }

  /** Drops all that is left of a request. */
  stop(id: number): void {
    this.#partsById.delete(id);
  }

  clear(): void {
    this.#partsById.clear();
  }

  /** Offers the next block to `write`, and removes it when it is taken. False: there is none, or it was not taken. */
  send(write: (id: number, block: Uint8Array) => boolean): boolean {
    for (const [id, parts] of this.#partsById) {
      const part = parts[0]!;
      if (!part.bytes) continue;
      const { bytes } = part;
      // Even blocks: 5 of 51 KiB for a piece of 256 KiB, not 4 full ones and a crumb.
      const blocksLeft = Math.ceil((bytes.length - part.sentBytes) / MAX_BLOCK_BYTES);
      const end = part.sentBytes + Math.ceil((bytes.length - part.sentBytes) / blocksLeft);
      const block = bytes.subarray(part.sentBytes, end);
      if (!write(id, block)) return false;
      part.sentBytes = end;
      if (end === bytes.length) parts.shift();
      if (parts.length === 0) this.#partsById.delete(id);
      part.sent(block.length);
      return true;
    }
    return false;
  }
}
