/** Files of a peer in Node: read from where they lie, and written where they are kept. */
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Input, SwarmOutput } from "@swapmeet/engine/io/io";
import { peerIdOf } from "@swapmeet/engine/names/peer-id";
import { DiskFiles } from "../../node/disk-files.ts";
import { saveDownload } from "../../node/downloads.ts";
import { testFile } from "../platform/store/piece-store-contract.ts";

/** Only a hang takes so long. */
const HANG = { interval: 0, timeout: 60_000 };
const PEER = peerIdOf(new Uint8Array(32).fill(2));

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "swapmeet-test-"))));
afterEach(() => rm(root, { recursive: true }));

describe("a file of the disk that is shared", () => {
  const shared = async () => {
    const fed: Input[] = [];
    const files = new DiskFiles(join(root, "peer"), true, (input) => void fed.push(input));
    const file = await testFile(1, 3_000_000);
    const path = join(root, "song.mp3");
    await writeFile(path, file.bytes);
    const local = await files.share(path);
    const read = (begin: number, length: number): Promise<Uint8Array | null> =>
      new Promise((resolve) => {
        const output: SwarmOutput = { type: "send-blocks", peer: PEER, id: 1, file: file.id, begin, length };
        files.holdings.perform(output, () => ({
          sendBlocks: async (_id, read) => resolve(await read),
          stopBlocks() {},
        }));
      });
    return { files, fed, file, path, local, read };
  };

  test("has the id and the layer that a page gives it, and is served in parts", async () => {
    const { files, file, local, read, path } = await shared();
    expect(local).toEqual({ file: file.id, name: "song.mp3", folder: "", layer: file.layer });
    expect(files.sharedPathOf(file.id)).toBe(path);
    expect(await read(2_500_000, 100_000)).toEqual(file.bytes.subarray(2_500_000, 2_600_000));
    files.holdings.close();
  });

  test("[F14] is not served once it was edited", async () => {
    const { files, fed, file, path, read } = await shared();
    await appendFile(path, "more");
    expect(await read(0, 100)).toBeNull();
    expect(fed).toContainEqual({ type: "read-failed", file: file.id, reason: "changed" });
    files.holdings.close();
  });

  test("that is not there is told by its path", async () => {
    const files = new DiskFiles(root, true, () => {});
    await expect(files.share(join(root, "none.txt"))).rejects.toThrow("none.txt");
  });
});

test("[F8] a download is stored piece by piece, verified, and written where it is kept", async () => {
  const fed: Input[] = [];
  const files = new DiskFiles(root, true, (input) => void fed.push(input));
  const heard = (type: Input["type"], count = 1) =>
    vi.waitUntil(() => fed.filter((input) => input.type === type).length >= count, HANG);
  const perform = (output: SwarmOutput) => files.holdings.perform(output, () => null);
  const file = await testFile(2, 600_000);
  files.expect(file.id, "song.mp3", "Music");
  perform({ type: "open-store", file: file.id, layer: file.layer });
  await heard("store-opened");
  for (let piece = 0; piece < file.geometry.pieceCount; piece++) {
    const begin = piece * file.geometry.pieceLength;
    const bytes = file.bytes.slice(begin, begin + file.geometry.pieceLength);
    perform({ type: "put-block", file: file.id, begin, bytes });
    perform({
      type: "check-piece",
      file: file.id,
      piece,
      hash: file.layer.slice(piece * 32, piece * 32 + 32),
    });
    await heard("piece-stored", piece + 1);
  }
  expect(files.savedPathOf("song.mp3", "Music")).toBeUndefined();
  expect((await readdir(join(root, "Music"))).filter((name) => !name.includes("held")).sort()).toEqual([
    "song.mp3.part",
    "song.mp3.part.claims",
  ]);
  perform({ type: "save-file", file: file.id, entries: [{ name: "song.mp3", folder: "Music" }] });
  await heard("file-saved");
  const path = files.savedPathOf("song.mp3", "Music")!;
  expect(path).toBe(join(root, "Music", "song.mp3"));
  expect(new Uint8Array(await readFile(path))).toEqual(file.bytes);
  perform({ type: "close-store", file: file.id, forget: false });
  await vi.waitUntil(async () => (await readdir(join(root, "Music"))).length === 1, HANG);
  files.holdings.close();
});

describe("a finished download", () => {
  const write = (name: string, folder = "", text = "text") =>
    saveDownload(root, new Blob([text]), { name, folder }, async () => null);

  test("does not take the name of another file", async () => {
    expect(await write("a.txt", "", "first")).toEqual({ ok: true, value: join(root, "a.txt") });
    expect(await write("a.txt", "", "second")).toEqual({ ok: true, value: join(root, "a (2).txt") });
    expect(await readFile(join(root, "a.txt"), "utf8")).toBe("first");
  });

  test("[N1] [N2] stays within its folder under any name", async () => {
    for (const [name, folder] of [
      ["../../a", "../.."],
      ["..", "/etc"],
      ["/etc/passwd", "a/../../.."],
      ["..\\a", "..\\.."],
    ] as const) {
      const written = await write(name, folder);
      expect(written.ok && written.value.startsWith(join(root, "/"))).toBe(true);
    }
  });

  test("that can't be written leaves nothing, and says why", async () => {
    await writeFile(join(root, "file"), "");
    expect(await write("a.txt", "file")).toMatchObject({ ok: false, problem: { kind: "broken" } });
  });
});
