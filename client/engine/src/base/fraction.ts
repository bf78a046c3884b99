/** A number in [0, 1) from random bytes. */
import { viewOf } from "./bytes.ts";

export const fraction = (random: (bytes: number) => Uint8Array): number =>
  viewOf(random(4)).getUint32(0) / 2 ** 32;
