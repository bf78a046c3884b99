import { expect, test } from "vitest";
import { Assembly, type Request } from "../../src/swarm/download/assembly.ts";
import type { Download } from "../../src/swarm/download/download.ts";
import { LEAF_BYTES, geometryOf } from "../../src/names/file-id.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { Source } from "../../src/swarm/download/source.ts";

const ANNA = new Source("a".repeat(64) as PeerId);
const BEN = new Source("b".repeat(64) as PeerId);
/** Four leaves, the last of 100 bytes. */
const LENGTH = 3 * LEAF_BYTES + 100;

const assemble = (): Assembly => new Assembly(geometryOf(LENGTH), 0);

const ask = (assembly: Assembly, source: Source, begin: number, end: number): Request => {
  const range = assembly.bytesOf({ begin, end });
  const request = {
    id: 1,
    source,
    download: null as unknown as Download,
    assembly,
    ...range,
    sentAt: 0,
    received: 0,
    cancelled: false,
  };
  assembly.asked(request);
  return request;
};

/** The next `length` bytes of a request; the runs that counted, as [begin, end) pairs. */
const receive = (request: Request, length: number): [number, number][] => {
  const runs: [number, number][] = [];
  request.assembly.receive(request, new Uint8Array(length), (begin, run) =>
    runs.push([begin, begin + run.length]),
  );
  return runs;
};

test("[S9] blocks that don't end where leaves do still fill them", () => {
  const assembly = assemble();
  const request = ask(assembly, ANNA, 0, 4);
  expect(receive(request, LEAF_BYTES + 5)).toEqual([[0, LEAF_BYTES + 5]]);
  expect(assembly.isWhole).toBe(false);
  expect(receive(request, LENGTH - LEAF_BYTES - 5)).toEqual([[LEAF_BYTES + 5, LENGTH]]);
  expect(assembly.isWhole).toBe(true);
  expect(assembly.senders()).toEqual([ANNA.peer]);
});

test("[S9] a leaf begun by one and begun again by another is the other's alone", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 4);
  const second = ask(assembly, BEN, 0, 1);
  expect(receive(first, 10)).toEqual([[0, 10]]);
  expect(receive(second, 20)).toEqual([[0, 20]]);
  expect(receive(first, LEAF_BYTES)).toEqual([[LEAF_BYTES, LEAF_BYTES + 10]]);
  expect(receive(second, LEAF_BYTES - 20)).toEqual([[20, LEAF_BYTES]]);
  expect(receive(first, 2 * LEAF_BYTES + 90)).toEqual([[LEAF_BYTES + 10, LENGTH]]);
  expect(assembly.isWhole).toBe(true);
  expect(assembly.senders()).toEqual([ANNA.peer, BEN.peer]);
});

test("[S8] what is here already does not count again", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 2);
  const second = ask(assembly, BEN, 0, 2);
  receive(first, 2 * LEAF_BYTES);
  expect(receive(second, 2 * LEAF_BYTES)).toEqual([]);
  expect(assembly.senders()).toEqual([ANNA.peer]);
});

test("[S4] what a released request left undone is asked for again, whole leaves, unless another brings it", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 4);
  const second = ask(assembly, BEN, 3, 4);
  expect(assembly.hasGap).toBe(false);
  receive(first, LEAF_BYTES + 7);
  assembly.released(first);
  expect(assembly.gap()).toEqual({ begin: 1, end: 3 });
  assembly.released(first);
  assembly.released(second);
  expect(assembly.gap()).toEqual({ begin: 1, end: 4 });
});

test("[S8] where another may help: what only one request is to bring", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 4);
  receive(first, LEAF_BYTES + 7);
  expect(assembly.onlyFrom(first)).toEqual({ begin: 1, end: 4 });
  ask(assembly, BEN, 2, 4);
  expect(assembly.onlyFrom(first)).toEqual({ begin: 1, end: 2 });
});

test("[S9b] false leaves name their senders and are missing again; true ones stay", () => {
  const assembly = assemble();
  const first = ask(assembly, ANNA, 0, 2);
  const second = ask(assembly, BEN, 2, 4);
  receive(first, first.length);
  receive(second, second.length);
  assembly.released(first);
  assembly.released(second);
  const truth = new Uint8Array(4 * 32);
  const came = truth.slice();
  came[3 * 32] = 1;
  expect(assembly.dropFalse(came, truth)).toEqual([BEN.peer]);
  expect(assembly.gap()).toEqual({ begin: 3, end: 4 });
  expect(assembly.isWhole).toBe(false);
});
