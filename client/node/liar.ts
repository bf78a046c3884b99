/** The tap of a hostile peer in Node: it tells one of the shared lies over real WebRTC, for tests. */
import { closeSync, openSync, readSync } from "node:fs";
import type { Output } from "@swapmeet/engine/io/io";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { eachOutput, FORWARDING_LIES, LIES, type Lie } from "../testing/lies.ts";
import type { Peer } from "./peer.ts";

const ALL: Readonly<Record<string, Lie>> = { ...LIES, ...FORWARDING_LIES };

/** `name`: a key of LIES or FORWARDING_LIES. */
export const tapOf = (name: string): ((outputs: readonly Output[], peer: Peer) => readonly Output[]) => {
  const lie = ALL[name];
  if (!lie) throw new Error(`no lie "${name}"; there are: ${Object.keys(ALL).join(", ")}`);
  return (outputs, peer) => {
    const liar = {
      id: peer.id,
      linkOf: (to: PeerId) => peer.engine.linkOf(to),
      read: (file: FileId, begin: number, length: number) =>
        readNow(peer.files.sharedPathOf(file), begin, length),
    };
    return eachOutput((output) => lie(output, liar))(outputs);
  };
};

/** Reads synchronously, as a tap can't wait. */
const readNow = (path: string | undefined, begin: number, length: number): Uint8Array => {
  if (path === undefined) throw new Error("it lies only about files that it shares");
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(length);
    readSync(file, bytes, 0, length, begin);
    return bytes;
  } finally {
    closeSync(file);
  }
};
