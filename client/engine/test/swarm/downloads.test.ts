/** Downloads alone, without a swarm around them: frames of peers and inputs of the host go in, events come out. */
import { expect, test } from "vitest";
import { LEAF_BYTES } from "../../src/names/file-id.ts";
import type { DownloadEvent } from "../../src/swarm/sources/event.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { Downloads, type SourceFrame } from "../../src/swarm/downloads.ts";
import type { Request } from "../../src/swarm/sources/request.ts";
import { hashFile } from "../../../sim/swarm/disk.ts";
import { SeededRandom } from "../../../testing/random.ts";

const [ANNA, BEN] = ["a", "b"].map((letter) => letter.repeat(64) as PeerId) as [PeerId, PeerId];
const PIECE = 256 * 1024;
const bytes = new SeededRandom(1).bytes(2 * PIECE);
const { file, layer } = hashFile(bytes, "file");

/** A download of a file of two pieces that these peers offer; its layer and its store have come. */
const fetching = (...peers: PeerId[]) => {
  const events: DownloadEvent[] = [];
  const downloads = new Downloads(events, {
    random: () => 0,
    isWanted: () => false,
    sourcesOf: () => peers,
  });
  /** Ends a call as the swarm does. `spoke`: the peer whose frame it was. */
  const take = (spoke?: PeerId): DownloadEvent[] => {
    downloads.letRefusedGo(0);
    if (events.some(({ type }) => type === "ask-again")) downloads.mayAskAgain();
    downloads.ask(0, spoke && downloads.sourceOf(spoke));
    return events.splice(0).filter(({ type }) => type !== "ask-again");
  };
  const hear = (from: PeerId, frame: SourceFrame): DownloadEvent[] => {
    downloads.frame(downloads.sourceOf(from)!, frame, 0);
    return take(from);
  };
  for (const peer of peers) downloads.peerUp(peer, 0);
  downloads.add(file, { name: "file", folder: "" }, null, false);
  take();
  hear(peers[0]!, { type: "layer", file, first: 0, hashes: layer });
  downloads.handle({ type: "store-opened", file, have: new Uint8Array(1) }, 0);
  take();
  return { downloads, hear, take };
};

/** The open requests to a peer; there is at least one. */
const requestsOf = (downloads: Downloads, peer: PeerId): [Request, ...Request[]] => {
  const [first, ...others] = downloads.sourceOf(peer)!.requests.values();
  if (!first) return expect.fail("nothing is asked of it");
  return [first, ...others];
};

test("[S2] a request is plain data: a copy of it through a message port is the same", () => {
  const { downloads, hear } = fetching(ANNA);
  hear(ANNA, { type: "bitfield", file, bits: Uint8Array.of(0xc0) });
  const requests = requestsOf(downloads, ANNA);
  expect(requests).toMatchObject([
    { peer: ANNA, file, piece: 0, begin: 0, length: PIECE, received: 0, cancelled: false },
    { peer: ANNA, file, piece: 1, begin: PIECE, length: PIECE },
  ]);
  for (const request of requests) {
    expect(structuredClone(request)).toEqual(request);
    expect(Object.values(request).filter((value) => typeof value === "object")).toEqual([]);
  }
});

test("[S1] the blocks of a piece become bytes to put and then its check, in this order", () => {
  const { downloads, hear, take } = fetching(ANNA);
  hear(ANNA, { type: "bitfield", file, bits: Uint8Array.of(0x80) });
  const [{ id }] = requestsOf(downloads, ANNA);
  expect(hear(ANNA, { type: "block", id, bytes: bytes.subarray(0, 100) })).toMatchObject([
    { type: "output", output: { type: "put-block", file, begin: 0 } },
  ]);
  expect(hear(ANNA, { type: "block", id, bytes: bytes.subarray(100, PIECE) })).toMatchObject([
    { type: "output", output: { type: "put-block", file, begin: 100 } },
    { type: "output", output: { type: "check-piece", file, piece: 0, hash: layer.subarray(0, 32) } },
  ]);
  downloads.handle({ type: "piece-stored", file, piece: 0 }, 0);
  expect(take()).toContainEqual({ type: "gained", file, piece: 0 });
});

test("a peer that is refused as hostile is asked for nothing more within the same call", () => {
  const { downloads, hear } = fetching(ANNA, BEN);
  for (const peer of [ANNA, BEN]) hear(peer, { type: "bitfield", file, bits: Uint8Array.of(0xc0) });
  const [{ id, length }] = requestsOf(downloads, BEN);
  expect(length, "a stranger is asked for one leaf").toBe(LEAF_BYTES);
  const events = hear(BEN, { type: "block", id, bytes: new Uint8Array(LEAF_BYTES + 1) });
  expect(events).toContainEqual({ type: "refuse", peer: BEN, refusal: "wrong-length" });
  expect(events.filter((event) => event.type === "send" && event.to === BEN)).toEqual([]);
  expect(downloads.sourceOf(BEN)).toBeUndefined();
});

test("[S9] bytes that a peer sent before its link was lost count for it when it is back", () => {
  const { downloads, hear, take } = fetching(ANNA, BEN);
  hear(BEN, { type: "bitfield", file, bits: Uint8Array.of(0x80) });
  hear(ANNA, { type: "bitfield", file, bits: Uint8Array.of(0xc0) });
  const [{ id, piece, begin }] = requestsOf(downloads, ANNA);
  hear(ANNA, { type: "block", id, bytes: bytes.subarray(begin, begin + LEAF_BYTES) });
  downloads.peerDown(ANNA, 0);
  downloads.peerUp(ANNA, 0);
  take();
  expect(downloads.sourceOf(ANNA)!.isTrusted).toBe(false);
  downloads.handle({ type: "piece-stored", file, piece }, 0);
  expect(downloads.sourceOf(ANNA)).toMatchObject({ isTrusted: true, verifiedBytes: LEAF_BYTES });
});
