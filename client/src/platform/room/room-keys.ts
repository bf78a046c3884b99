/** From a room's code to its keys. PROTOCOL.md, rule R3. */
import { bytesToHex, hexToBytes } from "@swapmeet/engine/base/bytes";
import { deriveRoom, type RoomSecrets } from "@swapmeet/engine/names/room-secret";
import { LastingWorker } from "../workers/lasting-worker.ts";
import type { RoomCode } from "./room-code.ts";
import type { StretchDesk } from "./room-keys-worker.ts";
import workerUrl from "./room-keys-worker.ts?worker&url";

/** The secret stays with the tab, so that a reload is instant. It tells no more than the code in the address bar. */
export const roomKeys = async (code: RoomCode): Promise<RoomSecrets> => {
  const kept = keptSecret(code);
  if (kept) return deriveRoom(kept);
  const secret = await stretchInWorker(code);
  keepSecret(code, secret);
  return deriveRoom(secret);
};

const stretchInWorker = async (code: RoomCode): Promise<Uint8Array> => {
  const worker = new LastingWorker<StretchDesk>(workerUrl);
  try {
    return await worker.do((desk) => desk.stretch(code));
  } finally {
    worker.terminate();
  }
};

const keyOf = (code: RoomCode): string => `swapmeet.room-secret.${code}`;

const keptSecret = (code: RoomCode): Uint8Array | null => {
  try {
    const hex = sessionStorage.getItem(keyOf(code));
    return hex !== null && /^[0-9a-f]{64}$/.test(hex) ? hexToBytes(hex) : null;
  } catch {
    return null; // Storage is forbidden here.
  }
};

const keepSecret = (code: RoomCode, secret: Uint8Array): void => {
  try {
    sessionStorage.setItem(keyOf(code), bytesToHex(secret));
  } catch {
    // Forbidden or full: the next reload takes a moment longer.
  }
};
