/** A store answers for any failure of its worker, because a download waits for it. */
import { ok, type Result } from "@swapmeet/shared";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import type { StoreProblem } from "@swapmeet/engine/io/io";
import { storesAt, type Desk } from "../../../src/platform/store/desk-stores.ts";
import type { PieceStore, PieceStores } from "../../../src/platform/store/piece-store.ts";

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

/** A store that opens normally; each call about a piece ends as `ends` says. */
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
    expect(answer).toMatchObject({
      ok: false,
      problem: { kind: "broken", defect: { type: "error", text: String(bug) } },
    });
    expect(reported).toEqual([bug]);
  },
);

const calls: Readonly<Record<string, (stores: PieceStores) => Promise<unknown>>> = {
  open: (stores) => stores.open(file, "name", new Uint8Array()),
  openWhole: (stores) => stores.openWhole(file, "name"),
  list: (stores) => stores.list(),
  forget: (stores) => stores.forget(file),
};
const storesThat = (ends: () => Promise<unknown>, close = vi.fn(async () => {})): PieceStores =>
  storesAt(
    new Proxy({ close }, { get: (own, name) => (name === "close" ? own.close : ends) }) as never,
    "opfs",
    null,
  );

describe.each(Object.entries(calls))("a call of %s", (_, call) => {
  test("that is never answered is a problem after a minute", async () => {
    const answer = call(storesThat(() => new Promise(() => {})));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await answer).toMatchObject({ ok: false, problem: { kind: "broken" } });
  });

  test("in which the worker fails is a problem", async () => {
    const answer = call(storesThat(() => Promise.reject(new RangeError("a bug"))));
    expect(await answer).toMatchObject({ ok: false, problem: { kind: "broken" } });
  });
});

test("a file counts as stored, and as free to open, when the desk never answers about it", async () => {
  const stores = storesThat(() => new Promise(() => {}));
  const answers = Promise.all([stores.holds(file), stores.canOpen(file, "name")]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await answers).toEqual([true, true]);
});

test("a file that takes long to be read back is waited for as long as it gets on", async () => {
  let open: (opened: unknown) => void = () => {};
  let onVerified: (bytes: number) => void = () => {};
  const desk = {
    open: (...args: unknown[]) => {
      onVerified = args[3] as typeof onVerified;
      return new Promise((resolve) => (open = resolve));
    },
  };
  const opening = storesAt(desk as unknown as Desk, "opfs", null).open(file, "name", new Uint8Array());
  for (let minute = 0; minute < 10; minute++) {
    await vi.advanceTimersByTimeAsync(50_000);
    onVerified(1000);
  }
  open(ok({ have: new Uint8Array(1), layer: new Uint8Array(), isBorrowed: false }));
  expect(await opening).toMatchObject({ ok: true });
});

test("a file that waits behind others is waited for as long as these are answered", async () => {
  const answers: ((opened: unknown) => void)[] = [];
  const stores = storesThat(() => new Promise((resolve) => answers.push(resolve)));
  const opening = Array.from({ length: 5 }, () => stores.openWhole(file, "name"));
  for (const answer of answers) {
    await vi.advanceTimersByTimeAsync(50_000);
    answer(ok(null));
  }
  expect(await Promise.all(opening)).toEqual(opening.map(() => ok(null)));
});

test("a store that is opened too late is closed, so that the next caller gets it", async () => {
  let open: (opened: unknown) => void = () => {};
  const close = vi.fn(async () => {});
  const opening = storesThat(() => new Promise((resolve) => (open = resolve)), close).open(
    file,
    "name",
    new Uint8Array(),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await opening).toMatchObject({ ok: false });
  expect(close).not.toHaveBeenCalled();
  open(ok({ have: new Uint8Array(1), layer: new Uint8Array(), isBorrowed: false }));
  await vi.advanceTimersByTimeAsync(0);
  expect(close).toHaveBeenCalledWith(file);
});

test("a store whose worker does not answer can be closed, and a piece begun anew", async () => {
  const store = await storeThat(() => new Promise(() => {}));
  const check = asks["check"]!(store);
  const closed = store.close();
  await vi.advanceTimersByTimeAsync(60_000);
  await Promise.all([check, closed]);
  store.drop(0);
  store.put(0, new Uint8Array(1000));
});

describe.each(["opfs", "indexeddb", "memory"] as const)("[K3] in %s", (kind) => {
  /** Its desk answers when told to. */
  const slowStore = async () => {
    let answer!: () => void;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const late = async () => {
      await answered;
      return ok(new Uint8Array(100));
    };
    const check = async () => {
      await answered;
      return { result: ok({ type: "stored" }), bytes: new Uint8Array(1000) };
    };
    const opened = { have: new Uint8Array(1), layer: new Uint8Array() };
    const desk = { open: async () => ok(opened), check, read: late, leaves: late } as unknown as Desk;
    const store = await storesAt(desk, kind, null).open(file, "name", new Uint8Array());
    if (!store.ok) throw new Error("it opens");
    return { store: store.value, answer };
  };

  test.each(
    Object.entries(asks).flatMap(([name, ask]) => [60_000, 300_000].map((ms) => [name, ms, ask] as const)),
  )("a %s in which the page was frozen for %d ms is no problem when its answer comes", async (_, ms, ask) => {
    const now = performance.now.bind(performance);
    for (const awakeBeforeMs of [0, 1_000, 30_000, 59_500]) {
      const { store, answer } = await slowStore();
      const asked = ask(store);
      await vi.advanceTimersByTimeAsync(awakeBeforeMs);
      const frozen = vi.spyOn(performance, "now").mockImplementation(() => now() + ms);
      await vi.advanceTimersByTimeAsync(60_000 - awakeBeforeMs); // the timers come before the answer
      answer();
      await vi.advanceTimersByTimeAsync(0);
      expect((await asked).ok).toBe(true);
      frozen.mockRestore();
    }
  });
});
