/** Piece stores on the page: blocks are put together here, everything else is a call to the desk. */
import * as Comlink from "comlink";
import { ok } from "@swapmeet/shared";
import { geometryOf, lengthOf, type FileId } from "../engine/file-id.ts";
import { Assembly } from "./assembly.ts";
import type { PieceStore, PieceStores, StoreKind } from "./piece-store.ts";
import type { Opened, StoreDesk } from "./store-desk.ts";

/** A desk in a worker, or one right here. */
export type Desk = Pick<StoreDesk, keyof StoreDesk> | Comlink.Remote<StoreDesk>;

export const storesAt = (desk: Desk, kind: StoreKind, limitBytes: number | null): PieceStores => ({
  kind,
  limitBytes,
  async open(file, name, layer, onVerified = () => {}) {
    const opened = await desk.open(file, name, layer, Comlink.proxy(onVerified));
    return opened.ok ? ok(storeAt(desk, file, opened.value)) : opened;
  },
  async openWhole(file, name) {
    const opened = await desk.openWhole(file, name);
    return opened.ok ? ok(opened.value && storeAt(desk, file, opened.value)) : opened;
  },
  holds: (file) => desk.holds(file),
  canOpen: (file, name) => desk.canOpen(file, name),
  list: () => desk.list(),
  forget: (file) => desk.forget(file),
});

const storeAt = (desk: Desk, file: FileId, { have, layer }: Opened): PieceStore => {
  const assembly = new Assembly(geometryOf(lengthOf(file)));
  return {
    file,
    have,
    layer,
    put: (begin, block) => assembly.put(begin, block),
    async check(piece, hash) {
      const sent = assembly.take(piece);
      const { result, bytes } = await desk.check(file, piece, hash, Comlink.transfer(sent, [sent.buffer]));
      if (result.ok && result.value.type === "stored") assembly.recycle(piece, bytes);
      else assembly.keep(piece, bytes);
      return result;
    },
    drop: (piece) => assembly.drop(piece),
    read: (begin, length) => desk.read(file, begin, length),
    leaves: (piece) => desk.leaves(file, piece),
    blob: () => desk.blob(file),
    close: () => desk.close(file),
    forget: async () => void (await desk.forget(file)),
  };
};
