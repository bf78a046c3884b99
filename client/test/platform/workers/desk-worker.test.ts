/** Workers whose scripts can't be loaded: every caller is told so, and the next worker may load. */
import * as Comlink from "comlink";
import { ok } from "@swapmeet/shared";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import { DeskWorker } from "../../../src/platform/workers/desk-worker.ts";
import { NotLoaded, WorkerFailed } from "../../../src/platform/workers/worker-failures.ts";
import { Hasher } from "../../../src/platform/bytes/hasher.ts";
import { SharedFiles } from "../../../src/platform/files/shared-files.ts";
import { pageReading } from "../../../src/platform/bytes/page-reading.ts";
import { DeviceStorage } from "../../../src/platform/store/storage.ts";

/** The desk in workers that can be loaded. */
let desk: object;
/** So many of the next workers can't be loaded. */
let unloadable: number;
let workers: FakeWorker[];

class FakeWorker extends EventTarget {
  isRunning = true;
  readonly #port: MessagePort | null = null;

  constructor() {
    super();
    workers.push(this);
    if (unloadable-- > 0) {
      queueMicrotask(() => this.dispatchEvent(new Event("error")));
      return;
    }
    const { port1, port2 } = new MessageChannel();
    Comlink.expose(desk, port2);
    port1.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent("message", { data }));
    this.#port = port1;
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    this.#port?.postMessage(message, transfer);
  }

  terminate(): void {
    this.isRunning = false;
    this.#port?.close();
  }
}

beforeEach(() => {
  unloadable = 0;
  workers = [];
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("location", { href: "http://test/", origin: "http://test" });
});
afterEach(() => vi.unstubAllGlobals());

const FILE = fileIdOf(new Uint8Array(32).fill(1), 3);

test("calls of a worker that can't be loaded fail, those under way and later ones, and it has ended", async () => {
  unloadable = 1;
  const worker = new DeskWorker<{ ask(): number }>("worker.js");
  await expect(Promise.all([worker.desk.ask(), worker.desk.ask()])).rejects.toThrow(NotLoaded);
  expect(worker.failed).toBe(true);
  await expect(worker.desk.ask()).rejects.toThrow(NotLoaded);
  expect(workers[0]!.isRunning).toBe(false);
});

test("[K4] an error in a worker that has answered before ends it: nobody knows what it will still answer", async () => {
  desk = { ask: () => 1 };
  const worker = new DeskWorker<{ ask(): number }>("worker.js");
  await worker.desk.ask();
  const answer = worker.desk.ask();
  workers[0]!.dispatchEvent(new Event("error"));
  await expect(answer).rejects.toThrow(WorkerFailed);
  expect(worker.failed).toBe(true);
  expect(workers[0]!.isRunning).toBe(false);
});

test("a worker that is closed ends after the calls under way, and the calls that follow from their answers", async () => {
  let answerFirst: (() => void) | undefined;
  const ended: string[] = [];
  desk = {
    first: () => new Promise<void>((resolve) => (answerFirst = resolve)),
    second: () => void ended.push("second"),
  };
  const worker = new DeskWorker<{ first(): void; second(): void }>("worker.js");
  const first = worker.desk.first().then(() => worker.desk.second());
  const closed = worker.close().then(() => ended.push("worker"));
  await expect.poll(() => answerFirst).toBeDefined();
  answerFirst!();
  await first;
  await closed;
  expect(ended).toEqual(["second", "worker"]);
  expect(workers[0]!.isRunning).toBe(false);
});

test("files whose hash workers can't be loaded are told, those that wait too, and later ones are hashed", async () => {
  unloadable = 7;
  desk = { hash: () => [ok("hashed")] };
  const hasher = new Hasher(2);
  const hash = () => hasher.hash([new Blob(["a"])], () => {}, new AbortController().signal);
  const failed = { ok: false, problem: "not-loaded" };
  expect(await Promise.all([hash(), hash(), hash()])).toEqual([[failed], [failed], [failed]]);
  await vi.waitFor(async () => expect(await hash()).toEqual([ok("hashed")]), { timeout: 10_000 });
  hasher.close();
  expect(workers.every(({ isRunning }) => !isRunning)).toBe(true);
});

test("a shared file whose reader can't be loaded is answered for, and read once it can", async () => {
  vi.stubGlobal("reportError", () => {});
  unloadable = 3;
  desk = { hold: () => {}, drop: () => {}, read: () => ok(Uint8Array.of(1, 2, 3)) };
  const shared = new SharedFiles(pageReading);
  shared.add(FILE, new Blob(["abc"]), new Uint8Array());
  expect(await shared.read(FILE, 0, 3)).toEqual({ ok: false, problem: "vanished" });
  shared.add(FILE, new Blob(["abc"]), new Uint8Array());
  expect(await shared.read(FILE, 0, 3)).toEqual(ok(Uint8Array.of(1, 2, 3)));
  shared.close();
});

/** A desk in memory whose files close when the test says so. */
const storeDesk = () => {
  const closing = { asked: false, end: (): void => {} };
  desk = {
    desk: (kind: string) =>
      kind === "memory"
        ? Comlink.proxy({
            open: () => ok({ have: new Uint8Array(1), layer: new Uint8Array() }),
            close: () => {
              closing.asked = true;
              return new Promise<void>((resolve) => (closing.end = resolve));
            },
          })
        : null,
  };
  return closing;
};

test("storage whose worker can't be loaded says so for each file, and is opened once it can", async () => {
  unloadable = 3;
  storeDesk();
  const storage = new DeviceStorage();
  const nowhere = await storage.stores();
  expect(await nowhere.open(FILE, "name", new Uint8Array())).toMatchObject({
    ok: false,
    problem: { kind: "broken", defect: { type: "not-loaded" } },
  });
  const stores = await storage.stores();
  expect(await stores.open(FILE, "name", new Uint8Array())).toMatchObject({ ok: true });
  expect(await storage.stores()).toBe(stores);
  await storage.close();
});

test("[F5] storage that is closed ends its worker once all closing stores are closed, and starts none again", async () => {
  const closing = storeDesk();
  const storage = new DeviceStorage();
  const store = await (await storage.stores()).open(FILE, "name", new Uint8Array());
  if (!store.ok) throw new Error("it opens");
  const closed = store.value.close();
  const ended = storage.close();
  await expect.poll(() => closing.asked).toBe(true);
  expect(workers[0]!.isRunning).toBe(true);
  closing.end();
  await Promise.all([closed, ended]);
  expect(workers[0]!.isRunning).toBe(false);

  const unused = new DeviceStorage();
  await unused.close();
  expect(await (await unused.stores()).holds(FILE)).toBe(false);
  expect(workers).toHaveLength(1);
});
