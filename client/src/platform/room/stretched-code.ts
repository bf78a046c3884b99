/**
 * A room code made expensive to guess: Argon2id (RFC 9106), in WebAssembly, the same in secure and plain contexts.
 *
 * 32 MiB, 3 passes, 1 lane: 120 to 240 ms on the machine this was measured on, four times that on an old phone, once
 * per room. The server, which knows the tag, would have to spend the same for each of 2^51.7 codes; the memory keeps
 * that from being cheap on graphics cards. Phones cannot spare more memory in a tab.
 */
import { argon2id } from "hash-wasm";
import type { RoomCode } from "./room-code.ts";

export const stretch = (code: RoomCode): Promise<Uint8Array> =>
  argon2id({
    password: code,
    // Every member must come to the same secret from the code alone, so the salt is fixed: it only sets us apart.
    salt: new TextEncoder().encode("swapmeet room v1"),
    memorySize: 32 * 1024, // KiB
    iterations: 3,
    parallelism: 1,
    hashLength: 32,
    outputType: "binary",
  });
