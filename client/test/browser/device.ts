/** The functions that e2e specs call in a real browser: `await window.device.NAME(...)`. Answers are plain values. */
import { openDB } from "idb";
import { bytesToHex } from "@swapmeet/engine/base/bytes";
import { fileIdOf } from "@swapmeet/engine/names/file-id";
import { Adding } from "../../src/platform/files/adding.ts";
import { droppedFiles, pickedFiles, type PickedFile } from "../../src/platform/files/dropped-files.ts";
import { Folder } from "../../src/platform/saving/folder.ts";
import { Hasher } from "../../src/platform/bytes/hasher.ts";
import { IdbShelves } from "../../src/platform/store/idb-shelves.ts";
import { leafHashes } from "../../src/platform/bytes/leaf-hashes.ts";
import type { PieceStores } from "../../src/platform/store/piece-store.ts";
import { Saving } from "../../src/platform/saving/saving.ts";
import { SharedFiles } from "../../src/platform/files/shared-files.ts";
import { pageReading } from "../../src/platform/bytes/page-reading.ts";
import { DeviceStorage } from "../../src/platform/store/storage.ts";
import { boardContract } from "../platform/device/board-store-contract.ts";
import {
  contract,
  fullAt,
  fullPlace,
  fullUntilTheNextLife,
  type Place,
  type TestFile,
} from "../platform/store/piece-store-contract.ts";

const damageByKind: Record<PieceStores["kind"], Place["damage"]> = {
  async opfs({ id, geometry }, piece) {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("swapmeet-pieces");
    const data = await (await root.getDirectoryHandle(id)).getFileHandle("data");
    const writable = await data.createWritable({ keepExistingData: true });
    await writable.write({ type: "write", position: piece * geometry.pieceLength + 100, data: "damaged" });
    await writable.close();
  },
  async indexeddb({ id }: TestFile, piece) {
    const db = await openDB("swapmeet-pieces", 1);
    const stored = (await db.get("pieces", [id, piece])) as { hash: Uint8Array; bytes: Blob };
    const bytes = new Blob([stored.bytes.slice(0, 100), "damaged", stored.bytes.slice(107)]);
    await db.put("pieces", { hash: stored.hash, bytes }, [id, piece]);
    db.close();
  },
  memory: () => Promise.reject(new Error("tested without a browser")),
  disk: () => Promise.reject(new Error("tested without a browser")),
};

/** It has a worker of its own, as another tab would. */
const place = async (): Promise<Place> => {
  const stores = await new DeviceStorage().stores();
  return { stores, otherTab: await new DeviceStorage().stores(), damage: damageByKind[stores.kind] };
};
let here: Promise<Place> | undefined;

const inputFiles = (id: string): FileList => (document.getElementById(id) as HTMLInputElement).files!;

const shared = new SharedFiles(pageReading);
const hasher = new Hasher();
let sharedId = fileIdOf(new Uint8Array(32), 0);

const device = {
  storeKind: async () => (await new DeviceStorage().stores()).kind,
  contractNames: () => Object.keys(contract),
  async runContract(name: string) {
    await contract[name]!(await (here ??= place()));
  },
  async runFull() {
    await fullPlace((await (here ??= place())).stores);
  },
  /** The spec gives the page `fill`, which takes the room away or gives it back. */
  async runFullAt(piece: number) {
    const { stores } = await (here ??= place());
    const fill = (isFull: boolean) => window.fill(isFull);
    await fullAt({ stores, fill }, piece);
    await fullUntilTheNextLife({ stores, fill }, piece);
  },

  boardContractNames: () => Object.keys(boardContract),
  runBoardContract: (name: string) => boardContract[name]!(),

  /** As if the tab of the holder had crashed: the record stays, nobody answers for it. */
  async takesOverFromTheDead() {
    const { stores } = await (here ??= place());
    const file = fileIdOf(new Uint8Array(32).fill(9), 1000);
    const db = await openDB("swapmeet-pieces", 1);
    await db.put("files", { name: "left", holder: "a tab that crashed" }, file);
    db.close();
    const opened = await stores.open(file, "left", new Uint8Array());
    if (opened.ok) await opened.value.forget();
    return opened.ok;
  },
  /** A holder that was frozen and comes back writes nothing. */
  async aFrozenHolderIsRefused() {
    const shelves = (await IdbShelves.tried())!;
    const file = fileIdOf(new Uint8Array(32).fill(8), 1000);
    const shelf = await shelves.open(file, "frozen");
    if (shelf === "in-use") return "in-use";
    const db = await openDB("swapmeet-pieces", 1);
    await db.put("files", { name: "frozen", holder: "a faster tab" }, file);
    const outcome = await shelf.write(0, new Uint8Array(32), new Uint8Array(1000)).then(
      () => "written",
      (error: DOMException) => error.message,
    );
    const pieces = await db.count("pieces", [file, 0]);
    await db.delete("files", file);
    db.close();
    return `${outcome}, ${pieces} pieces`;
  },

  /** Roots of the picked files, by the pool of workers. */
  async roots() {
    const signal = new AbortController().signal;
    const results = await hasher.hash([...inputFiles("files")], () => {}, signal);
    return results.map((result) => (result.ok ? bytesToHex(result.value.root) : result.problem));
  },
  async share() {
    const source = inputFiles("files")[0]!;
    const [hashed] = await hasher.hash([source], () => {}, new AbortController().signal);
    if (!hashed?.ok) return hashed?.problem;
    sharedId = fileIdOf(hashed.value.root, source.size);
    shared.add(sharedId, source, hashed.value.layer);
    return "shared";
  },
  async readShared(begin: number, length: number) {
    const read = await shared.read(sharedId, begin, length);
    return read.ok ? bytesToHex(await leafHashes(read.value)) : read.problem;
  },

  /** Adds a picked or dropped folder; how it went. */
  async addFolder(stopAfter = Infinity) {
    return add(pickedFiles(inputFiles("folder")), stopAfter);
  },
  /** Resolves when something was dropped on the page. */
  dropped: () =>
    new Promise<string[]>((resolve) => {
      document.body.addEventListener("dragover", (event) => event.preventDefault());
      document.body.addEventListener("drop", (event) => {
        event.preventDefault();
        const files = droppedFiles(event.dataTransfer!);
        void (async () => {
          const paths: string[] = [];
          for await (const { file, folder } of files) paths.push(`${folder}/${file.name}`);
          resolve(paths.sort());
        })();
      });
    }),

  async saveMany(count: number) {
    const saving = new Saving();
    await Promise.all(
      Array.from({ length: count }, (_, i) => saving.save(new Blob([`file ${i}`]), `file-${i}.txt`)),
    );
  },
  /** As downloads, of text that a browser recognizes. */
  async saveAs(names: readonly string[]) {
    const saving = new Saving();
    for (const name of names) await saving.save(new Blob([`all: build\n\n${name}\n`]), name);
  },
  /** A folder of the origin's own file system stands for the one a person would choose. */
  async saveToFolder(names: readonly string[]) {
    const root = await navigator.storage.getDirectory();
    const chosen = await root.getDirectoryHandle(`chosen-${crypto.randomUUID()}`, { create: true });
    const folder = new Folder(chosen);
    const problems = await Promise.all(names.map((name) => folder.write(new Blob([name]), "A/B", name)));
    const saved: string[] = [];
    const inner = await (await chosen.getDirectoryHandle("A")).getDirectoryHandle("B");
    for await (const [name, handle] of inner.entries())
      saved.push(`${name}: ${await (await (handle as FileSystemFileHandle).getFile()).text()}`);
    return { problems, saved: saved.sort() };
  },
};

const add = async (files: Iterable<PickedFile>, stopAfter: number) => {
  const names: string[] = [];
  const adding: Adding = new Adding(hasher, {
    added: (batch) => names.push(...batch.map(({ local }) => `${local.folder}/${local.name}`)),
    changed: () => {
      if (names.length >= stopAfter) adding.cancel();
    },
  });
  await adding.add(files);
  return { names: names.sort(), view: adding.view };
};

declare global {
  interface Window {
    device: typeof device;
    fill(isFull: boolean): Promise<void>;
  }
}
window.device = device;
