/** Reads shared files off the page: see piece-reader.ts. */
import * as Comlink from "comlink";
import type { FileId } from "@swapmeet/engine/names/file-id";
import { PieceReader } from "./piece-reader.ts";

const reader = new PieceReader();

const desk = {
  hold: (file: FileId, source: Blob, layer: Uint8Array) => reader.hold(file, source, layer),
  drop: (file: FileId) => reader.drop(file),
  async read(file: FileId, begin: number, end: number): ReturnType<PieceReader["read"]> {
    const read = await reader.read(file, begin, end);
    return read.ok ? Comlink.transfer(read, [read.value.buffer]) : read;
  },
};
export type ReadDesk = typeof desk;

Comlink.expose(desk);
