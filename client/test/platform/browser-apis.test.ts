/** APIs of the browser that are missing, refuse, throw or never answer: a working default, or a failure with a name. */
import type { RoomTag } from "@swapmeet/shared";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { peerIdOf } from "@swapmeet/engine/names/peer-id";
import { claimIdentity } from "../../src/platform/device/identity.ts";
import { Folder } from "../../src/platform/saving/folder.ts";
import { Lane } from "../../src/platform/tabs/lane.ts";
import { Ledger } from "../../src/platform/device/ledger.ts";
import { askToPersist, bytesMissing, isPersistent, readQuota } from "../../src/platform/store/quota.ts";
import { Saving } from "../../src/platform/saving/saving.ts";
import { readSetting, writeSetting } from "../../src/platform/device/settings.ts";
import { StoreNews } from "../../src/platform/store/store-news.ts";

const THROWS = (): never => {
  throw new DOMException("refused", "SecurityError");
};
const FAILURES: Readonly<Record<string, (() => unknown) | undefined>> = {
  "is missing": undefined,
  rejects: () => Promise.reject(new DOMException("refused", "UnknownError")),
  throws: THROWS,
  "never answers": () => new Promise(() => {}),
};

let openDB: () => unknown = () => Promise.reject(new DOMException("no storage", "SecurityError"));
vi.mock("idb", () => ({ openDB: async () => openDB() }));

const downloads: string[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  const anchor = { download: "", click: () => downloads.push(anchor.download) };
  vi.stubGlobal("document", { createElement: () => anchor });
  vi.stubGlobal("window", { showDirectoryPicker: () => {} });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  downloads.length = 0;
});

/** Lets all deadlines pass: they are shorter than five minutes. */
const settled = async <Value>(work: Promise<Value>): Promise<Value> => {
  const ended = work.then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
  await vi.advanceTimersByTimeAsync(300_000);
  return (await Promise.race([ended, Promise.resolve(() => expect.fail("it does not end"))]))();
};

describe.each(Object.entries(FAILURES))("an API that %s", (_, fails) => {
  test("how much room there is, and whether it lasts, is unknown", async () => {
    vi.stubGlobal("navigator", { storage: { estimate: fails, persisted: fails, persist: fails } });
    expect(await settled(readQuota())).toBeNull();
    expect(await settled(bytesMissing(1000))).toBeNull();
    expect(await settled(isPersistent())).toBeNull();
    await settled(askToPersist());
  });

  test.each(["locks", "the channel", "the database"])(
    "the identity of this tab does not depend on %s",
    async (api) => {
      openDB =
        api === "the database" && fails ? fails : () => Promise.reject(new DOMException("", "SecurityError"));
      const request =
        api === "locks" ? fails : (_n: string, _o: unknown, hold: (lock: object) => unknown) => hold({});
      vi.stubGlobal("navigator", api === "the channel" ? {} : { locks: { request } });
      vi.stubGlobal(
        "BroadcastChannel",
        fails &&
          class {
            constructor() {
              THROWS();
            }
            postMessage() {}
            close() {}
          },
      );
      expect(await settled(claimIdentity())).toMatchObject({ lasting: false, epoch: 0 });
    },
  );

  test("a file goes to the browser's downloads when nothing is known of a folder", async () => {
    openDB = fails ?? (() => ({}));
    expect(await settled(new Saving().save(new Blob(["text"]), "site.txt"))).toBeNull();
    expect(downloads).toEqual(["site.txt"]);
  });

  test("a folder whose permission is not known is not written to", async () => {
    const folder = new Folder({ queryPermission: fails } as never);
    expect(await settled(folder.isWritable())).toBe(false);
  });

  test("a folder that can't be written to is a problem with a name", async () => {
    const getDirectoryHandle = fails ?? (() => Promise.reject(new DOMException("gone", "NotFoundError")));
    const written = settled(
      new Folder({ getDirectoryHandle } as never).write(new Blob(["text"]), "A", "site.txt"),
    );
    expect(await written).toMatchObject({ kind: "broken" });
  });

  test("a ledger that can't be read or written remembers nothing", async () => {
    if (fails === FAILURES["never answers"]) return; // nothing waits for it
    openDB = () => ({ getAll: fails, getAllKeys: fails, transaction: THROWS });
    const ledger = await Ledger.open();
    const tag = "ab".repeat(32) as RoomTag;
    vi.stubGlobal("IDBKeyRange", { bound: () => null });
    expect(await ledger.linesOf(tag)).toEqual([]);
    expect(await ledger.files()).toBeNull();
    await ledger.erase(tag, "file" as never);
  });
});

test("tabs that can't reach each other go on, each by itself", async () => {
  for (const channel of [
    undefined,
    class {
      constructor() {
        throw new DOMException("", "SecurityError");
      }
    },
  ]) {
    vi.stubGlobal("BroadcastChannel", channel);
    const news = new StoreNews(() => expect.fail("nobody speaks"));
    news.tell();
    const keys = { tag: "ab".repeat(32) as RoomTag, laneKey: new Uint8Array(32) };
    const lane = new Lane(keys, peerIdOf(new Uint8Array(32)), {
      mayAsk: () => true,
      shared: async () => null,
      handed: () => {},
    });
    lane.ask("file" as never);
    lane.announce([]);
    lane.close();
    news.close();
  }
});

test("a store that is let go after the room was left is told to nobody, and breaks nothing", () => {
  vi.useRealTimers();
  const news = new StoreNews(() => {});
  news.close();
  news.tell();
});

test("a setting that finds no room lasts as long as the page", () => {
  let isFull = true;
  const kept = new Map([["swapmeet:name", "Anna"]]);
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (isFull) throw new DOMException("full", "QuotaExceededError");
      kept.set(key, value);
    },
  });
  writeSetting("name", "Berta");
  expect(readSetting("name")).toBe("Berta");
  isFull = false;
  writeSetting("name", "Carla");
  kept.set("swapmeet:name", "Dora"); // by another tab
  expect(readSetting("name")).toBe("Dora");
});

/** A folder in memory whose files lose written bytes, or whose writes fail and can't be undone. */
const folderWith = (file: Partial<FileSystemFileHandle>, removeEntry: () => Promise<void>) =>
  new Folder({
    getFileHandle: async (_: string, options?: object) => {
      if (!options) throw new DOMException("", "NotFoundError");
      return { name: "site.txt", ...file };
    },
    removeEntry,
  } as never);

test("[F5a] [F10] a file in a chosen folder that is not whole is a full disk, and is not left there", async () => {
  vi.useRealTimers();
  const removed = vi.fn(async () => {});
  const folder = folderWith(
    {
      createWritable: async () => new WritableStream() as FileSystemWritableFileStream,
      getFile: async () => new File(["te"], "site.txt"),
    },
    removed,
  );
  expect(await folder.write(new Blob(["text"]), "", "site.txt")).toMatchObject({ kind: "full" });
  expect(removed).toHaveBeenCalledOnce();
});

test("[F10] a folder that is full is told of, also when half a file can't be removed", async () => {
  vi.useRealTimers();
  const folder = folderWith(
    { createWritable: () => Promise.reject(new DOMException("full", "QuotaExceededError")) },
    () => Promise.reject(new DOMException("busy", "NoModificationAllowedError")),
  );
  expect(await folder.write(new Blob(["text"]), "", "site.txt")).toMatchObject({ kind: "full" });
});
