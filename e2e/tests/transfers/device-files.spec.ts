/** Hashing, adding, reading and saving files of the device, each part by itself in a real browser. */
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { expect, test, type Download } from "@playwright/test";
import { LAN_HOST, launchChromium } from "../../lib/browser.ts";
import { DevicePages, device } from "../../lib/page/device-page.ts";

const fixture = new URL("../../../client/test/fixtures/bep52-roots.json", import.meta.url);
const made = JSON.parse(readFileSync(fixture, "utf8")) as {
  readonly files: readonly { readonly size: number; readonly root: string | null }[];
};

let pages: DevicePages;
let folder: string;
test.beforeAll(async () => {
  pages = await DevicePages.serve();
  folder = await mkdtemp(join(tmpdir(), "swapmeet-files-"));
});
test.afterAll(async () => {
  await pages.close();
  await rm(folder, { recursive: true });
});

const pattern = (size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 31 + (i >> 8) * 17 + (i >> 16) * 7;
  return bytes;
};

/** SHA-256 of each leaf, joined, as the page answers for bytes that it has read. */
const leavesOf = (bytes: Buffer): string => {
  let hashes = "";
  for (let at = 0; at < bytes.length; at += 16_384)
    hashes += createHash("sha256")
      .update(bytes.subarray(at, at + 16_384))
      .digest("hex");
  return hashes;
};

for (const host of ["localhost", LAN_HOST])
  test(`[F1] workers find libtorrent's roots at http://${host}`, async ({ page }) => {
    const paths = await Promise.all(
      made.files.map(async ({ size }) => {
        const path = join(folder, `${size}-bytes`);
        await writeFile(path, pattern(size));
        return path;
      }),
    );
    await pages.open(page, host);
    await page.setInputFiles("#files", paths);
    expect(await device(page, "roots")).toEqual(made.files.map(({ root }) => root ?? "00".repeat(32)));
  });

/** The root of the whole tree, padded with leaves of zeros. */
const rootOf = (bytes: Buffer): string => {
  let row: string[] = leavesOf(bytes).match(/.{64}/g)!;
  while (row.length & (row.length - 1)) row.push("00".repeat(32));
  while (row.length > 1)
    row = Array.from({ length: row.length / 2 }, (_, i) =>
      createHash("sha256")
        .update(row[2 * i]! + row[2 * i + 1]!, "hex")
        .digest("hex"),
    );
  return row[0]!;
};

test("[F1] workers find the root of a large file, each a part of it", async ({ page }) => {
  const bytes = pattern(128 * 1024 * 1024 + 5);
  const path = join(folder, "large");
  await writeFile(path, bytes);
  await pages.open(page, "localhost");
  await page.setInputFiles("#files", path);
  expect(await device(page, "roots")).toEqual([rootOf(bytes)]);
});

test("shared bytes are read across slices, and after an edit or a deletion not at all", async ({ page }) => {
  const bytes = pattern(5_000_000);
  const path = join(folder, "shared");
  const share = async () => {
    await writeFile(path, bytes);
    await pages.open(page, "localhost");
    await page.setInputFiles("#files", path);
    expect(await device(page, "share")).toBe("shared");
  };
  await share();
  for (const [begin, length] of [
    [0, 1],
    [1_048_000, 100_000],
    [4_999_999, 1],
    [0, 3_000_000],
  ] as const)
    expect(await device(page, "readShared", begin, length)).toBe(
      leavesOf(bytes.subarray(begin, begin + length)),
    );

  await share();
  await writeFile(path, pattern(5_000_000).fill(7, 0, 10));
  expect(await device(page, "readShared", 0, 1000)).toBe("changed");

  await share();
  await rename(path, `${path}-moved`);
  expect(await device(page, "readShared", 0, 1000)).toBe("vanished");

  await share();
  await unlink(path);
  expect(await device(page, "readShared", 0, 1000)).toBe("vanished");
});

test("every read is answered, although the browser collects garbage while streams wait", async () => {
  const bytes = pattern(64 * 1024 * 1024);
  const path = join(folder, "long");
  await writeFile(path, bytes);
  const browser = await launchChromium(["--js-flags=--expose-gc"]);
  try {
    const page = await browser.newPage();
    await pages.open(page, "localhost");
    await page.setInputFiles("#files", path);
    expect(await device(page, "share")).toBe("shared");
    let reading = true;
    const all = Promise.all(
      // Never two that follow one another: each gets a stream of its own.
      Array.from({ length: 64 }, async (_, i) => {
        const begin = ((i * 27) % 64) * 1024 * 1024;
        const leaf = bytes.subarray(begin, begin + 16_384);
        expect(await device(page, "readShared", begin, leaf.length)).toBe(leavesOf(leaf));
      }),
    ).finally(() => (reading = false));
    while (reading)
      for (const worker of page.workers())
        await worker.evaluate(() => (globalThis as unknown as { gc(): void }).gc());
    await all;
  } finally {
    await browser.close();
  }
});

interface Added {
  readonly names: readonly string[];
  readonly view: { files: number; filesDone: number; bytes: number; bytesDone: number; active: boolean };
}

test("a folder of 10,000 small files is added, and can be cancelled", async ({ page }) => {
  const many = join(folder, "many");
  await mkdir(join(many, "inner"), { recursive: true });
  let bytes = 0;
  const names: string[] = [];
  for (let i = 0; i < 10_000; i++) {
    const inner = i % 2 === 0 ? "many" : "many/inner";
    const content = `small file ${i}`;
    bytes += content.length;
    names.push(`${inner}/${i}.txt`);
    await writeFile(join(folder, inner, `${i}.txt`), content);
  }
  await pages.open(page, "localhost");
  await page.setInputFiles("#folder", many);
  const added = await device<Added>(page, "addFolder");
  expect(added.names).toEqual(names.sort());
  expect(added.view).toEqual({
    files: 10_000,
    filesDone: 10_000,
    bytes,
    bytesDone: bytes,
    problems: [],
    active: false,
  });

  const cancelled = await device<Added>(page, "addFolder", 500);
  expect(cancelled.names.length).toBeGreaterThanOrEqual(500);
  expect(cancelled.names.length).toBeLessThan(5000);
  expect(cancelled.view.active).toBe(false);
});

test("dropped folders are walked to the bottom, a hundred entries at a time", async ({ page }) => {
  const album = join(folder, "Album");
  await mkdir(join(album, "CD1"), { recursive: true });
  const expected = ["/single.txt", "Album/cover.txt"];
  await writeFile(join(folder, "single.txt"), "single");
  await writeFile(join(album, "cover.txt"), "cover");
  for (let i = 0; i < 250; i++) {
    expected.push(`Album/CD1/${i}.txt`);
    await writeFile(join(album, "CD1", `${i}.txt`), String(i));
  }
  await pages.open(page, "localhost");
  const dropped = device<string[]>(page, "dropped");
  const cdp = await page.context().newCDPSession(page);
  const data = { items: [], files: [album, join(folder, "single.txt")], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await cdp.send("Input.dispatchDragEvent", { type, x: 10, y: 10, data });
  expect(await dropped).toEqual(expected.sort());
});

test("thirty saved files arrive as thirty downloads", async ({ page }) => {
  await pages.open(page, "localhost");
  const downloads: Download[] = [];
  page.on("download", (download) => downloads.push(download));
  await device(page, "saveMany", 30);
  await expect.poll(() => downloads.length).toBe(30);
  const contents = await Promise.all(
    downloads.map(async (download) => [
      download.suggestedFilename(),
      await readFile((await download.path())!, "utf8"),
    ]),
  );
  expect(contents.sort()).toEqual(
    Array.from({ length: 30 }, (_, i) => [`file-${i}.txt`, `file ${i}`]).sort(),
  );
});

test("a chosen folder gets the path recreated, and a number where a name is taken", async ({ page }) => {
  await pages.open(page, "localhost");
  const long = `${"ü".repeat(125)}.flac`;
  const outcome = await device(page, "saveToFolder", [
    "song.mp3",
    "song.mp3",
    "song.mp3",
    "README",
    "README",
    long,
    long,
  ]);
  expect(outcome).toEqual({
    problems: [null, null, null, null, null, null, null],
    saved: [
      "README: README",
      "README (2): README",
      "song.mp3: song.mp3",
      "song (2).mp3: song.mp3",
      "song (3).mp3: song.mp3",
      `${long}: ${long}`,
      `${"ü".repeat(123)} (2).flac: ${long}`,
    ].sort(),
  });
});
