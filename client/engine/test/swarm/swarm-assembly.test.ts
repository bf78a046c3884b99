import { expect, test } from "vitest";
import { Assembly } from "../../src/swarm/pieces/assembly.ts";
import { LEAF_BYTES, fileIdOf, geometryOf } from "../../src/names/file-id.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import type { Request } from "../../src/swarm/sources/request.ts";

const ANNA = "a".repeat(64) as PeerId;
const BEN = "b".repeat(64) as PeerId;
/** Four leaves, the last of 100 bytes. */
const LENGTH = 3 * LEAF_BYTES + 100;
const FILE = fileIdOf(new Uint8Array(32), LENGTH);

const assemble = (): Assembly => new Assembly(geometryOf(LENGTH), 0);

const ask = (assembly: Assembly, peer: PeerId, begin: number, end: number): Request => {
  const range = assembly.bytesOf({ begin, end });
  const request: Request = {
    id: 1,
    peer,
    file: FILE,
    piece: assembly.piece,
    ...range,
    sentAt: 0,
    received: 0,
    cancelled: false,
  };
  assembly.asked(request);
  return request;
};

/** The next `length` bytes of a request; the runs that counted, as [begin, end) pairs. */
const receive = (assembly: Assembly, request: Request, length: number): [number, number][] =>
  assembly.receive(request, new Uint8Array(length)).map(({ begin, bytes }) => [begin, begin + bytes.length]);

test("[S9] blocks that don't end where leaves do still fill them", () => {
  const assembly = assemble();
  const request = ask(assembly, ANNA, 0, 4);
  expect(receive(assembly, request, LEAF_BYTES + 5)).toEqual([[0, LEAF_BYTES + 5]]);
  expect(assembly.isWhole).toBe(false);
  expect(receive(assembly, request, LENGTH - LEAF_BYTES - 5)).toEqual([[LEAF_BYTES + 5, LENGTH]]);
  expect(assembly.isWhole).toBe(true);
  expect(assembly.senders()).toEqual([ANNA]);
});

test("[S9] a leaf that one request began and another began again belongs to the other alone", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 4);
  const second = ask(assembly, BEN, 0, 1);
  expect(receive(assembly, first, 10)).toEqual([[0, 10]]);
  expect(receive(assembly, second, 20)).toEqual([[0, 20]]);
  expect(receive(assembly, first, LEAF_BYTES)).toEqual([[LEAF_BYTES, LEAF_BYTES + 10]]);
  expect(receive(assembly, second, LEAF_BYTES - 20)).toEqual([[20, LEAF_BYTES]]);
  expect(receive(assembly, first, 2 * LEAF_BYTES + 90)).toEqual([[LEAF_BYTES + 10, LENGTH]]);
  expect(assembly.isWhole).toBe(true);
  expect(assembly.senders()).toEqual([ANNA, BEN]);
});

test("[S8] bytes that are here already do not count again", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 2);
  const second = ask(assembly, BEN, 0, 2);
  receive(assembly, first, 2 * LEAF_BYTES);
  expect(receive(assembly, second, 2 * LEAF_BYTES)).toEqual([]);
  expect(assembly.senders()).toEqual([ANNA]);
});

test("[S4] the missing leaves of a released request are asked for again, whole, unless another request brings them", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 4);
  const second = ask(assembly, BEN, 3, 4);
  expect(assembly.hasGap).toBe(false);
  receive(assembly, first, LEAF_BYTES + 7);
  assembly.released(first);
  expect(assembly.gap()).toEqual({ begin: 1, end: 3 });
  assembly.released(first);
  assembly.released(second);
  expect(assembly.gap()).toEqual({ begin: 1, end: 4 });
});

test("[S8] another source may help with leaves that only one request is to bring", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 4);
  receive(assembly, first, LEAF_BYTES + 7);
  expect(assembly.onlyFrom(first)).toEqual({ begin: 1, end: 4 });
  ask(assembly, BEN, 2, 4);
  expect(assembly.onlyFrom(first)).toEqual({ begin: 1, end: 2 });
});

test("[S9b] false leaves name their senders and are missing again; true ones stay", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 2);
  const second = ask(assembly, BEN, 2, 4);
  receive(assembly, first, first.length);
  receive(assembly, second, second.length);
  assembly.released(first);
  assembly.released(second);
  const truth = new Uint8Array(4 * 32);
  const came = truth.slice();
  came[3 * 32] = 1;
  expect(assembly.dropFalse(came, truth)).toEqual([BEN]);
  expect(assembly.gap()).toEqual({ begin: 3, end: 4 });
  expect(assembly.isWhole).toBe(false);
});
