/** Performs the file outputs of a whole engine, at once, on a disk in memory. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { Input, SwarmInput, SwarmOutput } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { Disk } from "./disk.ts";

export interface DiskFilesContext {
  feed(input: Input): void;
  /** Sends bytes of the answer to request `id`, and feeds "bytes-sent" to the sender's engine. */
  sendBlocks(peer: PeerId, id: number, bytes: Uint8Array): void;
  stopBlocks(peer: PeerId, id: number): void;
}

export class DiskFiles {
  readonly disk = new Disk();
  readonly #context: DiskFilesContext;

  constructor(context: DiskFilesContext) {
    this.#context = context;
  }

  perform(output: SwarmOutput): void {
    const { file } = output as { file: FileId };
    const { feed } = this.#context;
    switch (output.type) {
      case "open-store":
        return feed({ type: "store-opened", file, have: this.disk.open(file) });
      case "put-block":
        return this.disk.put(file, output.begin, output.bytes);
      case "check-piece":
        return feed(this.#checked(file, output.piece, output.hash));
      case "drop-piece":
        return this.disk.drop(file, output.piece);
      case "send-blocks": {
        const { peer, id, begin, length } = output;
        const bytes = this.disk.read(file, begin, length);
        if (typeof bytes === "string") return feed({ type: "read-failed", file, reason: bytes });
        return this.#context.sendBlocks(peer, id, bytes);
      }
      case "stop-blocks":
        return this.#context.stopBlocks(output.peer, output.id);
      case "hash-leaves": {
        const leaves = this.disk.leaves(file, output.piece);
        if (typeof leaves === "string") return feed({ type: "read-failed", file, reason: leaves });
        return feed({ type: "leaves-hashed", file, piece: output.piece, leaves });
      }
      case "save-file":
        this.disk.save(file);
        return feed({ type: "file-saved", file });
      case "close-store":
        return this.disk.close(file, output.forget);
      case "ask-tabs": // no browser, no other tab
      case "check-file":
      case "drop-file":
        return;
    }
  }

  #checked(file: FileId, piece: number, hash: Uint8Array): SwarmInput {
    const checked = this.disk.check(file, piece, hash);
    if (checked === "stored") {
      this.disk.flush(file, piece);
      this.disk.claim(file, piece);
      return { type: "piece-stored", file, piece };
    }
    if (checked instanceof Uint8Array) return { type: "piece-corrupt", file, piece, leaves: checked };
    return { type: "store-failed", file, reason: checked };
  }
}
