/** The limits a person has set, as this device remembers them. */
import * as v from "valibot";
import { NO_LIMITS, type Limits } from "@swapmeet/engine/io/io";
import { readSetting, writeSetting } from "./settings.ts";

/** A leaf of 16 KiB must not take longer than a peer may be silent. */
export const MIN_BYTES_PER_SECOND = 8 * 1024;

const rate = v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(MIN_BYTES_PER_SECOND)));
const Kept = v.strictObject({
  uploadBytesPerSecond: rate,
  downloadBytesPerSecond: rate,
  uploadPerPeerBytesPerSecond: rate,
  downloadPerPeerBytesPerSecond: rate,
});

export const readLimits = (): Limits => {
  try {
    return v.parse(Kept, JSON.parse(readSetting("limits") ?? "null"));
  } catch {
    return NO_LIMITS; // never set, or by another version
  }
};

export const writeLimits = (limits: Limits): void => writeSetting("limits", JSON.stringify(limits));
