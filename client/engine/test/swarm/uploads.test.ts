/** Serving alone, without a swarm around it: frames go in, events come out. */
import { expect, test } from "vitest";
import { LEAF_BYTES, type FileId } from "../../src/names/file-id.ts";
import type { LocalFile } from "../../src/io/io.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { Served } from "../../src/swarm/upload/served.ts";
import type { UploadEvent } from "../../src/swarm/upload/event.ts";
import { Uploads } from "../../src/swarm/upload/upload.ts";
import { hashFile } from "../../../sim/swarm/disk.ts";
import { SeededRandom } from "../../../testing/random.ts";

const ANNA = "a".repeat(64) as PeerId;
const PIECE = 256 * 1024;
const local = hashFile(new SeededRandom(1).bytes(3 * PIECE), "file");
const { file } = local;

/** Nothing is downloaded; `shared` is shared, and Anna is linked. */
const serving = (...shared: LocalFile[]) => {
  const events: UploadEvent[] = [];
  const served = new Served(events, { downloaded: () => null });
  const uploads = new Uploads(events, served);
  for (const one of shared) served.share(one);
  uploads.peerUp(ANNA);
  return { uploads, served, take: () => events.splice(0) };
};

const ask = (uploads: Uploads, id: number, begin: number, length: number, of: FileId = file): void =>
  uploads.request(ANNA, { type: "request", id, file: of, begin, length }, 0);

test("[S2] a request becomes one event, and its cancel two: the blocks stop, and it is answered", () => {
  const { uploads, take } = serving(local);
  ask(uploads, 7, PIECE, LEAF_BYTES);
  expect(take()).toEqual([
    {
      type: "output",
      output: { type: "send-blocks", peer: ANNA, id: 7, file, begin: PIECE, length: LEAF_BYTES },
    },
  ]);
  uploads.cancel(ANNA, 7, 0);
  expect(take()).toEqual([
    { type: "output", output: { type: "stop-blocks", peer: ANNA, id: 7 } },
    { type: "send", to: ANNA, frame: { type: "reject", id: 7, reason: "cancelled" } },
  ]);
});

test("[S2] a request that spans two pieces is refused and rejected, in this order", () => {
  const { uploads, take } = serving(local);
  ask(uploads, 1, PIECE - 1, 2);
  expect(take()).toEqual([
    { type: "refuse", peer: ANNA, refusal: "bad-request" },
    { type: "send", to: ANNA, frame: { type: "reject", id: 1, reason: "not-here" } },
  ]);
});

test("[S17] a file whose leaves don't make the piece's hash is unreadable, and its requests are rejected", () => {
  const { uploads, take } = serving(local);
  ask(uploads, 1, 0, PIECE);
  uploads.leavesRequest(ANNA, file, 2, 0);
  take();
  uploads.leavesHashed(file, 2, new Uint8Array((PIECE / LEAF_BYTES) * 32), 0);
  expect(take()).toEqual([
    { type: "source-unreadable", file, reason: "changed" },
    { type: "output", output: { type: "stop-blocks", peer: ANNA, id: 1 } },
    { type: "send", to: ANNA, frame: { type: "reject", id: 1, reason: "changed" } },
  ]);
  ask(uploads, 2, 0, PIECE);
  expect(take()).toEqual([{ type: "send", to: ANNA, frame: { type: "reject", id: 2, reason: "changed" } }]);
});

test("[S13] beyond 64 pieces whose leaves are being hashed, the oldest is forgotten", () => {
  const long = hashFile(new SeededRandom(2).bytes(65 * PIECE), "long");
  const { uploads, take } = serving(long);
  for (let piece = 0; piece < 65; piece++) uploads.leavesRequest(ANNA, long.file, piece, 0);
  expect(take().length).toBe(65);
  const zeros = new Uint8Array((PIECE / LEAF_BYTES) * 32);
  uploads.leavesHashed(long.file, 0, zeros, 0);
  expect(take(), "nobody waits for the first").toEqual([]);
  uploads.leavesHashed(long.file, 1, zeros, 0);
  expect(take()[0]).toEqual({ type: "source-unreadable", file: long.file, reason: "changed" });
});

test("[S20] a peer is told that a file is withheld before its request is rejected, once a second at most", () => {
  const { uploads, take } = serving(local);
  uploads.stop(ANNA, file, 0);
  const withheld = { type: "send", to: ANNA, frame: { type: "withheld", file, withheld: true } };
  expect(take()).toEqual([withheld]);
  const rejected = (id: number) => ({
    type: "send",
    to: ANNA,
    frame: { type: "reject", id, reason: "not-here" },
  });
  ask(uploads, 1, 0, PIECE);
  expect(take()).toEqual([rejected(1)]);
  uploads.request(ANNA, { type: "request", id: 2, file, begin: 0, length: PIECE }, 1000);
  expect(take()).toEqual([withheld, rejected(2)]);
  uploads.tick(2000);
  expect(take(), "it was told when it asked").toEqual([]);
});

test("[S20a] a peer that asks again within the second is told once more when the second is over", () => {
  const { uploads, take } = serving(local);
  uploads.stop(ANNA, file, 0);
  take();
  uploads.interest(ANNA, file, true, 500);
  expect(take().map((event) => event.type === "send" && event.frame.type)).toEqual(["bitfield"]);
  expect(uploads.nextDeadline()).toBe(1000);
  uploads.tick(999);
  expect(take()).toEqual([]);
  uploads.tick(1000);
  expect(take()).toEqual([{ type: "send", to: ANNA, frame: { type: "withheld", file, withheld: true } }]);
  expect(uploads.nextDeadline()).toBeNull();
});
