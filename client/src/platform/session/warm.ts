/**
 * Loads, as soon as the room is open, all code that is needed only later: the server may be gone when the person first
 * serves a file, adds one, shows the QR code, or meets a name that looks like another. The browser keeps the fetched
 * assets, which never change under their names, so that they are there then.
 */
import hashWorker from "../bytes/hash-worker.ts?worker&url";
import readWorker from "../bytes/read-worker.ts?worker&url";
import roomKeysWorker from "../room/room-keys-worker.ts?worker&url";
import storeWorker from "../store/store-worker.ts?worker&url";
import verifyWorker from "../verify/verify-worker.ts?worker&url";

export const warm = (): void => {
  for (const url of [readWorker, storeWorker, hashWorker, roomKeysWorker, verifyWorker])
    void fetch(url, { priority: "low" }).catch(() => undefined); // asked for again when it is needed
  const words = import("../room/room-code.ts").then(({ wordsStartingWith }) => wordsStartingWith("a", 1));
  for (const later of [words, import("uqr"), import("unhomoglyph")]) void later.catch(() => undefined);
};
