/**
 * The contract between the host and the holder of files: the swarm's outputs go to `HostFiles`, blocks leave by a
 * `BlockSender`, and an output that fails is answered all the same.
 */
import type { Input, SwarmOutput } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { brokenBy } from "../workers/broken-by.ts";

/** Performs the swarm's outputs about files. */
export interface HostFiles {
  perform(output: SwarmOutput, linkOf: (peer: PeerId) => BlockSender | null): void;
  close(): void;
}

/** Sends the blocks that answer requests to one peer. */
export interface BlockSender {
  /**
   * Queues the answer to request `id`. `read` gives its bytes, or null when they could not be read. `sent` is told how
   * many bytes have left the queue.
   */
  sendBlocks(id: number, read: Promise<Uint8Array | null>, sent: (bytes: number) => void): Promise<void>;
  stopBlocks(id: number): void;
}

/**
 * The answer to an output that could not be performed, because something threw that nobody has foreseen: no output
 * stays unanswered. Null: the engine expects no answer to it.
 */
export const unperformedByFiles = (output: SwarmOutput, error: unknown): Input | null => {
  switch (output.type) {
    case "open-store":
    case "put-block":
    case "check-piece":
      return { type: "store-failed", file: output.file, reason: brokenBy(error) };
    case "send-blocks":
    case "hash-leaves":
      return { type: "read-failed", file: output.file, reason: "vanished" };
    case "save-file":
      return { type: "save-failed", file: output.file, reason: brokenBy(error) };
    case "check-file":
      return { type: "file-checked", file: output.file, layer: null };
    case "drop-piece":
    case "stop-blocks":
    case "close-store":
    case "ask-tabs":
    case "drop-file":
      return null;
  }
};
