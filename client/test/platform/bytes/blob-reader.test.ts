/** Reading a file's slices: one stream for those that follow one another, and an answer for any failure. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BlobReader } from "../../../src/platform/bytes/blob-reader.ts";
import { hashFile } from "../../../src/platform/bytes/hash-file.ts";

const SLICE = 1000;
const content = Uint8Array.from({ length: 10 * SLICE }, (_, i) => i * 31 + (i >> 8));

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A blob whose streams a test can replace, by where they begin. */
class TestBlob extends Blob {
  readonly begins: number[] = [];
  streamOf: (begin: number) => ReadableStream<Uint8Array<ArrayBuffer>> | null = () => null;
  wholeOf: (slice: Blob) => Promise<ArrayBuffer> = (slice) => slice.arrayBuffer();

  override slice(begin: number, end?: number): Blob {
    const slice = super.slice(begin, end);
    return {
      stream: () => {
        this.begins.push(begin);
        return this.streamOf(begin) ?? slice.stream();
      },
      arrayBuffer: () => this.wholeOf(slice),
    } as Blob;
  }
}

const silent = (): ReadableStream => new ReadableStream({ type: "bytes", pull: () => new Promise(() => {}) });

const expectSlices = async (reader: BlobReader, ...numbers: number[]): Promise<void> => {
  for (const number of numbers)
    expect(await reader.read(number * SLICE, (number + 1) * SLICE)).toEqual(
      content.slice(number * SLICE, (number + 1) * SLICE),
    );
};

describe("reading a file", () => {
  it("takes the following slice from the same stream, and keeps four streams", async () => {
    const blob = new TestBlob([content]);
    const reader = new BlobReader(blob);
    await expectSlices(reader, 0, 1, 5, 2, 6, 3);
    expect(blob.begins).toEqual([0, 5 * SLICE]);
    await expectSlices(reader, 1, 8, 0, 4, 7);
    expect(blob.begins.slice(2)).toEqual([1 * SLICE, 8 * SLICE, 0, 7 * SLICE]);
  });

  it("ends where the file ends", async () => {
    const reader = new BlobReader(new TestBlob([content.subarray(0, 2500)]));
    expect(await reader.read(2000, 3000)).toEqual(content.slice(2000, 2500));
  });

  it("gives a stream up that never answers, reads another way, and goes on with new streams", async () => {
    const blob = new TestBlob([content]);
    blob.streamOf = (begin) => (begin === 0 ? silent() : null);
    const reader = new BlobReader(blob);
    const slices = expectSlices(reader, 0, 1, 2);
    const behind = expectSlices(reader, 7);
    await vi.advanceTimersByTimeAsync(15_000);
    await Promise.all([slices, behind]);
    expect(blob.begins).toEqual([0, 7 * SLICE, 1 * SLICE]);
  });

  it("reads another way when a stream fails, and so learns why the file can't be read", async () => {
    const blob = new TestBlob([content]);
    blob.streamOf = () =>
      new ReadableStream({ type: "bytes", pull: () => Promise.reject(new Error("network")) });
    await expectSlices(new BlobReader(blob), 3);
    blob.wholeOf = () => Promise.reject(new DOMException("", "NotReadableError"));
    await expect(new BlobReader(blob).read(0, SLICE)).rejects.toMatchObject({ name: "NotReadableError" });
  });

  it("reads slices where blobs have no byte streams", async () => {
    const blob = new TestBlob([content]);
    blob.streamOf = () => new ReadableStream();
    await expectSlices(new BlobReader(blob), 0, 1, 5);
  });

  it("takes a disk that never answers for gone, and does not hold up the next read for longer", async () => {
    const blob = new TestBlob([content]);
    blob.streamOf = (begin) => (begin === 0 ? silent() : null);
    blob.wholeOf = () => new Promise(() => {});
    const reader = new BlobReader(blob);
    const hopeless = expect(reader.read(0, SLICE)).rejects.toMatchObject({ name: "NotFoundError" });
    const behind = expectSlices(reader, 4);
    await vi.advanceTimersByTimeAsync(30_000);
    await Promise.all([hopeless, behind]);
  });

  it("reports a file as vanished when its disk never answers while it is hashed", async () => {
    const blob = new TestBlob([content]);
    blob.streamOf = silent;
    blob.wholeOf = () => new Promise(() => {});
    const hashed = hashFile(blob, () => {}, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await hashed).toEqual({ ok: false, problem: "vanished" });
  });

  it("a file that is edited while it is hashed has changed, though its stream does not notice", async () => {
    const blob = new TestBlob([content]);
    blob.wholeOf = () => Promise.reject(new DOMException("", "NotReadableError"));
    const hashed = await hashFile(blob, () => {}, new AbortController().signal);
    expect(hashed).toEqual({ ok: false, problem: "changed" });
  });

  it("holds the stream that it is reading: a browser collects one that only its own read knows", async () => {
    vi.useRealTimers();
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    let read: WeakRef<object> | undefined;
    const blob = new TestBlob([content]);
    blob.slice = () =>
      ({
        stream: () => ({
          getReader: () => {
            const stream = { read: () => new Promise(() => {}) };
            read = new WeakRef(stream);
            return stream;
          },
        }),
      }) as unknown as Blob;
    const reader = new BlobReader(blob);
    void reader.read(0, SLICE);
    await new Promise((resolve) => setTimeout(resolve, 0));
    collectGarbage();
    expect(read?.deref()).toBeDefined();
    reader.close = () => {}; // it was held until here
  });
});
