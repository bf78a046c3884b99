/** A store answers whatever happens in its worker: a download waits for it. */
import { ok, type Result } from "@swapmeet/shared";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileIdOf } from "../src/engine/file-id.ts";
import type { StoreProblem } from "../src/engine/io.ts";
import { storesAt, type Desk } from "../src/platform/desk-stores.ts";
import type { PieceStore } from "../src/platform/piece-store.ts";

const file = fileIdOf(new Uint8Array(32).fill(1), 1000);
const reported: unknown[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  reported.length = 0;
});

/** Opens like any desk; what is asked about a piece ends as told. */
const storeThat = async (ends: () => Promise<never>): Promise<PieceStore> => {
  const opened = { have: new Uint8Array(1), layer: new Uint8Array() };
  const desk = {
    open: async () => ok(opened),
    check: ends,
    read: ends,
    leaves: ends,
    blob: ends,
    close: ends,
  };
  const store = await storesAt(desk as unknown as Desk, "opfs", null).open(file, "name", new Uint8Array());
  if (!store.ok) throw new Error("it opens");
  return store.value;
};

const asks: Readonly<Record<string, (store: PieceStore) => Promise<Result<unknown, StoreProblem>>>> = {
  check: (store) => {
    store.put(0, new Uint8Array(1000));
    return store.check(0, new Uint8Array(32));
  },
  read: (store) => store.read(0, 100),
  leaves: (store) => store.leaves(0),
};

test.each(Object.entries(asks))("a %s that is never answered is a problem after a minute", async (_, ask) => {
  const answer = ask(await storeThat(() => new Promise(() => {})));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await answer).toMatchObject({ ok: false, problem: { kind: "broken" } });
});

test.each(Object.entries({ ...asks, blob: (store: PieceStore) => store.blob() }))(
  "a %s in which the worker fails is a problem, and told on the console",
  async (_, ask) => {
    const bug = new RangeError("Array buffer allocation failed");
    const answer = await ask(await storeThat(() => Promise.reject(bug)));
    expect(answer).toMatchObject({ ok: false, problem: { kind: "broken", detail: String(bug) } });
    expect(reported).toEqual([bug]);
  },
);

test("a store whose worker does not answer can be closed, and a piece begun anew", async () => {
  const store = await storeThat(() => new Promise(() => {}));
  const check = asks["check"]!(store);
  const closed = store.close();
  await vi.advanceTimersByTimeAsync(60_000);
  await Promise.all([check, closed]);
  store.drop(0);
  store.put(0, new Uint8Array(1000));
});
