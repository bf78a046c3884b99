/** A disk for a whole engine of the simulator. */
import { MAX_BLOCK_BYTES } from "@swapmeet/engine/wire/frame";
import { encodeBlock } from "@swapmeet/engine/wire/frame-codec";
import type { SwarmOutput } from "@swapmeet/engine/io/io";
import { DiskFiles } from "./disk-files.ts";
import type { SimFiles, SimPeer } from "../room/room.ts";

export class SimDisk implements SimFiles {
  #peer: SimPeer | null = null;
  readonly #files = new DiskFiles({
    feed: (input) => this.#peer!.feed(input),
    sendBlocks: (peer, id, bytes) => {
      for (let at = 0; at < bytes.length; at += MAX_BLOCK_BYTES) {
        const block = bytes.subarray(at, at + MAX_BLOCK_BYTES);
        this.#peer!.sendBlock(peer, encodeBlock(id, block));
        this.#peer!.feed({ type: "bytes-sent", peer, id, bytes: block.length });
      }
    },
    stopBlocks: () => {},
  });

  get disk(): DiskFiles["disk"] {
    return this.#files.disk;
  }

  perform(output: SwarmOutput, peer: SimPeer): void {
    this.#peer = peer;
    this.#files.perform(output);
  }
}
