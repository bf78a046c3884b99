/** A finished file is given to the person, or they hear that it was not. Folders and downloads that work: e2e. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pageReading } from "../../../src/platform/bytes/page-reading.ts";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import type { Input } from "@swapmeet/engine/io/io";
import { Holdings, type HoldingsOptions } from "../../../src/platform/files/holdings.ts";
import { Saving } from "../../../src/platform/saving/saving.ts";

/** The chosen folder, as this device remembers it. */
let remembered: () => Promise<unknown>;
vi.mock("idb", () => ({ openDB: async () => ({ get: () => remembered() }) }));

const downloads: string[] = [];
const reported: unknown[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  const anchor = { download: "", click: () => downloads.push(anchor.download) };
  vi.stubGlobal("document", { createElement: () => anchor });
  vi.stubGlobal("window", { showDirectoryPicker: () => {} });
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  downloads.length = reported.length = 0;
});

test("a browser that forbids storage, and so remembers no folder, downloads the file", async () => {
  remembered = () => Promise.reject(new DOMException("denied in this context", "SecurityError"));
  expect(await new Saving().save(new Blob(["text"]), "site.txt")).toBeNull();
  expect(downloads).toEqual(["site.txt"]);
});

test("[F10] a file whose name the chosen folder refuses becomes a browser download", async () => {
  const refuse = () => Promise.reject(new TypeError("Name is not allowed."));
  remembered = async () => ({
    name: "chosen",
    queryPermission: async () => "granted",
    getFileHandle: refuse,
  });
  expect(await new Saving().save(new Blob(["text"]), "site.url")).toBeNull();
  expect(downloads).toEqual(["site.url"]);
});

test("[N1a] a chosen folder gets names as they are, and portable ones where it refuses these", async () => {
  const made: string[] = [];
  const isRefused = (name: string) => /[?:]|[. ]$/.test(name);
  const handleOf = (path: string): object => {
    const make = async (name: string, options?: { create: boolean }) => {
      if (isRefused(name)) throw new TypeError("Name is not allowed.");
      if (!options) throw new DOMException("", "NotFoundError");
      const written = {
        createWritable: async () => new WritableStream(),
        getFile: async () => ({ size: 4 }),
      };
      return { ...handleOf(`${path}/${name}`), name, ...written };
    };
    return {
      getDirectoryHandle: make,
      getFileHandle: async (name: string, options?: { create: boolean }) => {
        const file = await make(name, options);
        made.push(`${path}/${name}`);
        return file;
      },
    };
  };
  remembered = async () => ({ ...handleOf(""), name: "chosen", queryPermission: async () => "granted" });
  const saving = new Saving();
  for (const [path, name] of [
    [".config", ".gitignore"],
    ["a:b", "what?.txt"],
    ["", "ends. "],
  ] as const)
    expect(await saving.save(new Blob(["text"]), name, path)).toBeNull();
  expect(made).toEqual(["/.config/.gitignore", "/a_b/what_.txt", "/ends"]);
  expect(downloads).toEqual([]);
});

/** A file of the disk that was deleted since. */
const gone = (): File =>
  ({
    slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) }),
  }) as unknown as File;

const holdingsThatSave = () => {
  const fed: Input[] = [];
  const saved: string[] = [];
  const holdings = new Holdings({
    reading: pageReading,
    save: async (blob, name, folder) => {
      saved.push(`${folder}/${name}: ${await blob.text()}`);
      return null;
    },
    saved: () => {},
    feed: (input) => void fed.push(input),
  } satisfies Partial<HoldingsOptions> as unknown as HoldingsOptions);
  return { holdings, fed, saved };
};
const FILE = fileIdOf(new Uint8Array(32).fill(1), 4);
const local = { file: FILE, layer: new Uint8Array() };

test("[S17] a file that is found to be gone while it is saved, or handed over, is not served either", async () => {
  const { holdings, fed } = holdingsThatSave();
  holdings.share(local, gone());
  await holdings.save(FILE, [{ name: "a.txt", folder: "" }]);
  expect(await holdings.whole(FILE)).toBeNull();
  const readFailed = { type: "read-failed", file: FILE, reason: "vanished" };
  expect(fed).toMatchObject([readFailed, { type: "save-failed" }, readFailed]);
});

test("[S17] one readable file among equal ones on the disk is enough", async () => {
  const { holdings, fed } = holdingsThatSave();
  holdings.share(local, new File(["text"], "a.txt"));
  holdings.share(local, gone());
  holdings.share(local, gone());
  expect(await (await holdings.whole(FILE))?.text()).toBe("text");
  expect(fed).toEqual([]);
});

test("[S21] a file is saved under each of its names", async () => {
  const { holdings, fed, saved } = holdingsThatSave();
  holdings.share(local, new File(["text"], "a.txt"));
  const entries = ["", "pkg"].map((folder) => ({ name: "a.txt", folder }));
  await holdings.save(FILE, entries);
  expect(saved).toEqual(["/a.txt: text", "pkg/a.txt: text"]);
  expect(fed).toEqual(entries.map((entry) => ({ type: "file-saved", file: FILE, entries: [entry] })));
});

test("a save with an unforeseen error has failed, and the console tells it", async () => {
  const bug = new RangeError("nobody has foreseen this");
  const fed: Input[] = [];
  const holdings = new Holdings({
    reading: pageReading,
    save: () => Promise.reject(bug),
    feed: (input) => void fed.push(input),
  } satisfies Partial<HoldingsOptions> as unknown as HoldingsOptions);
  const file = fileIdOf(new Uint8Array(32).fill(1), 4);
  holdings.share({ file, layer: new Uint8Array() }, new File(["text"], "site.txt"));
  const entries = [{ name: "site.txt", folder: "" }];
  await holdings.save(file, entries);
  const reason = { kind: "broken", defect: { type: "error", text: String(bug) } };
  expect(fed).toEqual([{ type: "save-failed", file, reason, entries }]);
  expect(reported).toEqual([bug]);
});

test("[F10a] browser downloads go as fast as Chromium takes them: nine or ten in each second", async () => {
  remembered = async () => undefined;
  const saving = new Saving();
  const begunAt: number[] = [];
  for (let n = 0; n < 40; n++)
    void saving.save(new Blob(["text"]), `${n}.txt`).then(() => begunAt.push(performance.now()));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(downloads).toEqual(Array.from({ length: 40 }, (_, n) => `${n}.txt`));
  for (const [n, at] of begunAt.slice(0, -10).entries()) {
    expect(begunAt[n + 10]! - at, "the eleventh of a second would be dropped").toBeGreaterThan(1000);
    expect(begunAt[n + 9]! - at, "slower than it need be").toBeLessThan(1000);
  }
});

test("[F10a] a thousand files go to a chosen folder without a pause", async () => {
  const written: string[] = [];
  remembered = async () => ({
    name: "chosen",
    queryPermission: async () => "granted",
    getFileHandle: async (name: string, options?: object) => {
      if (!options) throw new DOMException("", "NotFoundError");
      return {
        name,
        createWritable: async () => new WritableStream({ close: () => void written.push(name) }),
        getFile: async () => new File(["text"], name),
      };
    },
  });
  const saving = new Saving();
  await Promise.all(Array.from({ length: 1000 }, (_, n) => saving.save(new Blob(["text"]), `${n}.txt`)));
  expect(written.length).toBe(1000);
  expect(downloads).toEqual([]);
});
