import { expect, test } from "vitest";
import type { SwarmFrame } from "../../src/wire/frame.ts";
import { fileIdOf, LEAF_BYTES, type FileId } from "../../src/names/file-id.ts";
import type { Notice, SwarmOutput } from "../../src/io/io.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import type { Refusal } from "../../src/names/refusal.ts";
import { Swarm, type SwarmEvent } from "../../src/swarm/swarm.ts";
import { hashFile } from "../../../sim/swarm/disk.ts";
import { SeededRandom } from "../../../testing/random.ts";

const PIECE = 256 * 1024;
const MIB = 1024 * 1024;
const peer = (n: number): PeerId => n.toString(16).padStart(64, "0") as PeerId;
const [ANNA, BEN] = [peer(1), peer(2)];
const local = hashFile(new SeededRandom(1).bytes(40 * PIECE), "file");
const { file } = local;

/** One swarm, and all its events. Each `take` removes the events that it returns. */
class Desk {
  readonly refusals: Refusal[] = [];
  readonly notices: Notice[] = [];
  sources: PeerId[] = [];
  now = 0;
  #outputs: SwarmOutput[] = [];
  #sent: { to: PeerId; frame: SwarmFrame }[] = [];
  readonly swarm = new Swarm((event) => this.#event(event), {
    random: () => 0,
    sourcesOf: () => this.sources,
  });

  constructor(...peers: PeerId[]) {
    for (const one of peers) this.swarm.peerUp(one, 0);
  }

  #event(event: SwarmEvent): void {
    switch (event.type) {
      case "output":
        return void this.#outputs.push(event.output);
      case "send":
        return void this.#sent.push({ to: event.to, frame: event.frame });
      case "refuse":
        return void this.refusals.push(event.refusal);
      case "source-unreadable":
        return void this.notices.push(event);
    }
  }

  hear(from: PeerId, frame: SwarmFrame): void {
    this.swarm.frame(from, frame, this.now);
  }

  request(from: PeerId, id: number, begin = id * PIECE, length = PIECE, of: FileId = file): void {
    this.hear(from, { type: "request", id, file: of, begin, length });
  }

  takeSent(): { to: PeerId; frame: SwarmFrame }[] {
    return this.#sent.splice(0);
  }

  takeFrames(): SwarmFrame[] {
    return this.takeSent().map(({ frame }) => frame);
  }

  takeOutputs(): SwarmOutput[] {
    return this.#outputs.splice(0);
  }

  takeJobs(): (SwarmOutput & { type: "send-blocks" })[] {
    return this.takeOutputs().filter((output) => output.type === "send-blocks");
  }

  at(now: number): void {
    this.now = now;
    this.swarm.tick(now);
  }
}

const sharing = (...peers: PeerId[]): Desk => {
  const desk = new Desk(...peers);
  desk.swarm.share(local);
  return desk;
};

test("[S3] interest is answered at once, also when nothing is held", () => {
  const desk = sharing(ANNA);
  desk.hear(ANNA, { type: "interest", file, wanted: true });
  expect(desk.takeFrames()).toEqual([{ type: "bitfield", file, bits: new Uint8Array(5).fill(0xff) }]);
  const unknown = fileIdOf(new Uint8Array(32), 5);
  desk.hear(ANNA, { type: "interest", file: unknown, wanted: true });
  expect(desk.takeFrames()).toEqual([{ type: "bitfield", file: unknown, bits: new Uint8Array(0) }]);
});

test("[S5] pieces gained are announced together after 100 ms, until interest ends", () => {
  const desk = new Desk(ANNA, BEN);
  desk.sources = [BEN];
  desk.swarm.download(file, "file", 0);
  desk.hear(BEN, { type: "layer", file, first: 0, hashes: local.layer });
  desk.swarm.handle({ type: "store-opened", file, have: new Uint8Array(0) }, 0);
  desk.hear(ANNA, { type: "interest", file, wanted: true });
  desk.takeSent();
  desk.now = 5;
  for (const piece of [3, 4]) desk.swarm.handle({ type: "piece-stored", file, piece }, 5);
  expect(desk.takeFrames()).toEqual([]);
  expect(desk.swarm.nextDeadline()).toBe(105);
  desk.at(105);
  expect(desk.takeSent()).toEqual([{ to: ANNA, frame: { type: "have", file, pieces: [3, 4] } }]);
  desk.request(ANNA, 3);
  expect(desk.takeJobs()).toMatchObject([{ peer: ANNA, id: 3 }]);
  desk.hear(ANNA, { type: "interest", file, wanted: false });
  desk.swarm.handle({ type: "piece-stored", file, piece: 5 }, 110);
  desk.at(300);
  expect(desk.takeFrames()).toEqual([]);
});

test("[S2] every request that cannot be answered in full is rejected", () => {
  const desk = sharing(ANNA);
  desk.request(ANNA, 1, PIECE - 1, 2);
  desk.request(ANNA, 2, 40 * PIECE, 1);
  desk.request(ANNA, 3, 0, 1, fileIdOf(new Uint8Array(32), 5));
  expect(desk.takeFrames()).toEqual([1, 2, 3].map((id) => ({ type: "reject", id, reason: "not-here" })));
  expect(desk.takeJobs()).toEqual([]);
  expect(desk.refusals).toEqual(["bad-request", "bad-request"]);
});

test("[S13] a peer's 129th request, or its 33rd MiB, is rejected as busy", () => {
  const small = sharing(ANNA);
  for (let id = 0; id < 129; id++) small.request(ANNA, id, 0, 1);
  expect(small.takeFrames()).toEqual([{ type: "reject", id: 128, reason: "busy" }]);
  const big = sharing(ANNA);
  for (let id = 0; id < 129; id++) big.request(ANNA, id, 0, PIECE);
  expect(big.takeFrames()).toEqual([{ type: "reject", id: 128, reason: "busy" }]);
  expect(big.refusals).toEqual(["too-many-requests"]);
});

test("[S13a] requests for leaves beyond the allowance are refused, and it fills again", () => {
  const desk = new Desk(ANNA); // it holds nothing, and says so
  for (let at = 0; at < 300; at++) desk.hear(ANNA, { type: "leaves-request", file, piece: 0 });
  expect(desk.takeFrames().length).toBe(256);
  desk.now = 1000;
  for (let at = 0; at < 300; at++) desk.hear(ANNA, { type: "leaves-request", file, piece: 0 });
  expect(desk.takeFrames().length).toBe(32);
});

test("[S13a] layers are bounded by their bytes, at least 1 KiB each: 16 MiB at once, and 2 MiB more a second", () => {
  const desk = sharing(ANNA);
  const most = Math.floor((16 * MIB) / local.layer.length);
  for (let at = 0; at < most + 10; at++) desk.hear(ANNA, { type: "layer-request", file, first: 0 });
  expect(desk.takeFrames().length).toBe(most);
  expect(desk.refusals.length).toBe(10);
  const empty = new Desk(ANNA);
  for (let at = 0; at < 16 * 1024 + 10; at++) empty.hear(ANNA, { type: "layer-request", file, first: 0 });
  expect(empty.takeFrames().length).toBe(16 * 1024);
  empty.now = 1000;
  for (let at = 0; at < 3000; at++) empty.hear(ANNA, { type: "layer-request", file, first: 0 });
  expect(empty.takeFrames().length).toBe(2048);
});

test("[S3] an interest that nobody answers is told again after 10 s, until it is answered", () => {
  const desk = new Desk(ANNA);
  desk.sources = [ANNA];
  const told = (until: number): number => {
    for (const end = until; desk.now < end;) desk.at(Math.min(desk.swarm.nextDeadline() ?? end, end));
    return desk.takeFrames().filter(({ type }) => type === "interest").length;
  };
  desk.swarm.download(file, "file", 0);
  expect(told(9_000)).toBe(1);
  expect(told(12_000)).toBe(1);
  expect(told(22_500)).toBe(1);
  desk.hear(ANNA, { type: "bitfield", file, bits: new Uint8Array(0) });
  expect(told(60_000)).toBe(0);
});

test("[S14] at most 1 MiB per peer is with the host, and the next job follows what was sent", () => {
  const desk = sharing(ANNA);
  for (let id = 0; id < 8; id++) desk.request(ANNA, id);
  const jobs = desk.takeJobs();
  expect(jobs.reduce((sum, { length }) => sum + length, 0)).toBe(MIB);
  desk.swarm.handle({ type: "bytes-sent", peer: ANNA, id: jobs[0]!.id, bytes: PIECE }, 10);
  expect(desk.takeJobs().length).toBe(1);
  expect(desk.swarm.uploads(10)).toMatchObject([{ file, name: "file", to: ANNA, sentBytes: PIECE }]);
});

test("[S14] while others wait a turn is 1 MiB, and then it is the next one's", () => {
  const desk = sharing(...[1, 2, 3, 4, 5].map(peer));
  for (const [at, one] of [1, 2, 3, 4, 5].map(peer).entries())
    for (let id = 0; id < 8; id++) desk.request(one, id, (8 * at + id) * PIECE);
  const first = desk.takeJobs();
  expect(new Set(first.map((job) => job.peer))).toEqual(new Set([1, 2, 3, 4].map(peer)));
  const ofAnna = first.filter((job) => job.peer === ANNA);
  expect(ofAnna.length).toBe(4);
  for (const { id, length } of ofAnna)
    desk.swarm.handle({ type: "bytes-sent", peer: ANNA, id, bytes: length }, 10);
  expect(new Set(desk.takeJobs().map((job) => job.peer))).toEqual(new Set([peer(5)]));
});

test("[S15] a peer that asks for a piece of another is sent there once, while some pieces were given to nobody", () => {
  const desk = sharing(ANNA, BEN);
  for (const id of [0, 1]) desk.request(ANNA, id);
  desk.takeJobs();
  for (const id of [0, 1, 2]) desk.request(BEN, id);
  expect(desk.takeFrames()).toEqual([0, 1].map((id) => ({ type: "reject", id, reason: "elsewhere" })));
  expect(desk.takeJobs().map(({ id }) => id)).toEqual([2]);
  desk.request(BEN, 3, 0);
  expect(desk.takeJobs().map(({ id }) => id)).toEqual([3]);
  expect(desk.takeFrames()).toEqual([]);
});

test("[S15] once every piece has left, nobody is sent elsewhere", () => {
  const desk = sharing(ANNA, BEN);
  for (let id = 0; id < 40; id++) {
    desk.request(ANNA, id);
    for (const { length } of desk.takeJobs())
      desk.swarm.handle({ type: "bytes-sent", peer: ANNA, id, bytes: length }, 1);
  }
  for (const id of [0, 1]) desk.request(BEN, id);
  expect(desk.takeFrames()).toEqual([]);
  expect(desk.takeJobs().map(({ id }) => id)).toEqual([0, 1]);
});

test("[S15] a second copy waits while first ones can be given, but not for ever", () => {
  const desk = sharing(ANNA, BEN);
  for (const id of [0, 1, 2, 3, 4]) desk.request(ANNA, id);
  desk.request(BEN, 0);
  desk.takeSent();
  desk.takeJobs();
  desk.request(BEN, 100, 0);
  expect(desk.takeJobs()).toEqual([]);
  desk.at(1000);
  expect(desk.takeJobs()).toEqual([]);
  desk.at(3000);
  expect(desk.takeJobs()).toMatchObject([{ peer: BEN, id: 100 }]);
});

test("[S15b] a piece that only a peer that left had got is given first again", () => {
  const desk = sharing(ANNA, BEN);
  desk.request(ANNA, 0);
  desk.swarm.peerDown(ANNA, 1);
  desk.takeSent();
  desk.takeOutputs();
  desk.request(BEN, 0);
  expect(desk.takeFrames()).toEqual([]);
  expect(desk.takeJobs().map(({ id }) => id)).toEqual([0]);
});

test("[S14] a stranger's first leaf does not wait in line", () => {
  const desk = sharing(...[1, 2, 3, 4, 5].map(peer));
  for (const [at, one] of [1, 2, 3, 4].map(peer).entries()) desk.request(one, 1, at * PIECE);
  desk.takeJobs();
  desk.request(peer(5), 1, 20 * PIECE, 16_384);
  desk.request(peer(5), 2, 21 * PIECE, 16_384);
  expect(desk.takeJobs()).toMatchObject([{ peer: peer(5), id: 1, length: 16_384 }]);
});

test("[S2a] a cancel stops the blocks and is answered; one that crossed the last byte is not", () => {
  const desk = sharing(ANNA);
  desk.request(ANNA, 1);
  desk.takeOutputs();
  desk.hear(ANNA, { type: "cancel", id: 1 });
  expect(desk.takeOutputs()).toEqual([{ type: "stop-blocks", peer: ANNA, id: 1 }]);
  expect(desk.takeFrames()).toEqual([{ type: "reject", id: 1, reason: "cancelled" }]);
  desk.hear(ANNA, { type: "cancel", id: 1 });
  expect(desk.takeFrames()).toEqual([]);
});

test("[S17] an unreadable file: all its requests rejected, told once, not held, until shared anew", () => {
  const desk = sharing(ANNA, BEN);
  desk.hear(BEN, { type: "interest", file, wanted: true });
  desk.request(ANNA, 1);
  desk.request(BEN, 2);
  desk.takeSent();
  desk.takeOutputs();
  desk.swarm.handle({ type: "read-failed", file, reason: "vanished" }, 5);
  desk.swarm.handle({ type: "read-failed", file, reason: "vanished" }, 5);
  expect(desk.takeSent()).toEqual([
    { to: ANNA, frame: { type: "reject", id: 1, reason: "vanished" } },
    { to: BEN, frame: { type: "reject", id: 2, reason: "vanished" } },
  ]);
  expect(desk.notices.length).toBe(1);
  desk.request(ANNA, 3);
  expect(desk.takeFrames()).toEqual([{ type: "reject", id: 3, reason: "vanished" }]);
  desk.swarm.share(local);
  expect(desk.takeFrames()).toEqual([{ type: "bitfield", file, bits: new Uint8Array(5).fill(0xff) }]);
  desk.takeOutputs();
  desk.request(ANNA, 4);
  expect(desk.takeJobs().length).toBe(1);
});

test("[S17a] leaves that do not give the piece's hash are not sent: the file was changed", () => {
  const desk = sharing(ANNA);
  desk.hear(ANNA, { type: "leaves-request", file, piece: 0 });
  expect(desk.takeOutputs()).toEqual([{ type: "hash-leaves", file, piece: 0 }]);
  desk.swarm.handle({ type: "leaves-hashed", file, piece: 0, leaves: new Uint8Array(16 * 32) }, 5);
  expect(desk.takeFrames()).toEqual([]);
  expect(desk.notices).toEqual([{ type: "source-unreadable", file, reason: "changed" }]);
});

test("[S17a] a sharer that can't read a file to hash a piece says that it holds nothing of it: askers go on", () => {
  const desk = sharing(ANNA, BEN);
  for (const asker of [ANNA, BEN]) desk.hear(asker, { type: "leaves-request", file, piece: 3 });
  desk.request(ANNA, 1);
  desk.swarm.handle({ type: "read-failed", file, reason: "vanished" }, 5);
  expect(desk.takeSent()).toEqual([
    { to: ANNA, frame: { type: "bitfield", file, bits: new Uint8Array(0) } },
    { to: BEN, frame: { type: "bitfield", file, bits: new Uint8Array(0) } },
    { to: ANNA, frame: { type: "reject", id: 1, reason: "vanished" } },
  ]);
});

test("[S11a] a peer that answers a request for leaves with an empty bitfield is not waited for", () => {
  const desk = new Desk(ANNA, BEN);
  desk.sources = [ANNA, BEN];
  const small = hashFile(new SeededRandom(2).bytes(2 * LEAF_BYTES), "small").file;
  desk.swarm.download(small, "small", 0);
  desk.swarm.handle({ type: "store-opened", file: small, have: new Uint8Array(1) }, 0);
  const requests = desk
    .takeSent()
    .flatMap(({ to, frame }) => (frame.type === "request" ? [{ to, frame }] : []));
  expect(requests.map(({ to }) => to)).toEqual([ANNA, BEN]);
  for (const { to, frame } of requests)
    desk.hear(to, { type: "block", id: frame.id, bytes: new Uint8Array(LEAF_BYTES) });
  desk.swarm.handle({ type: "piece-corrupt", file: small, piece: 0, leaves: new Uint8Array(64) }, 0);
  expect(desk.takeSent()).toEqual([{ to: ANNA, frame: { type: "leaves-request", file: small, piece: 0 } }]);
  desk.hear(ANNA, { type: "bitfield", file: small, bits: new Uint8Array(0) });
  expect(desk.takeSent()).toEqual([{ to: BEN, frame: { type: "leaves-request", file: small, piece: 0 } }]);
});

test("[S17] a read that fails after its file was taken back has no effect", () => {
  const desk = sharing(ANNA);
  desk.request(ANNA, 1);
  desk.swarm.unshare(file);
  desk.swarm.handle({ type: "read-failed", file, reason: "changed" }, 5);
  expect(desk.notices).toEqual([]);
});

test("[S14] a peer that leaves gives up its slot, and its jobs are stopped", () => {
  const desk = sharing(...[1, 2, 3, 4, 5].map(peer));
  for (const [at, one] of [1, 2, 3, 4, 5].map(peer).entries()) desk.request(one, 1, at * PIECE);
  desk.takeOutputs();
  desk.swarm.peerDown(ANNA, 5);
  expect(desk.takeOutputs()).toMatchObject([
    { type: "stop-blocks", peer: ANNA, id: 1 },
    { type: "send-blocks", peer: peer(5), id: 1 },
  ]);
});

test("[S3] a file that is not shared any more is not held", () => {
  const desk = sharing(ANNA);
  desk.hear(ANNA, { type: "interest", file, wanted: true });
  desk.request(ANNA, 1);
  desk.takeSent();
  desk.swarm.unshare(file);
  expect(desk.takeFrames()).toEqual([
    { type: "reject", id: 1, reason: "not-here" },
    { type: "bitfield", file, bits: new Uint8Array(0) },
  ]);
});

test("[S11] a layer that nobody asked for is refused by name", () => {
  const desk = sharing(ANNA);
  desk.hear(ANNA, { type: "layer", file, first: 0, hashes: new Uint8Array(32) });
  expect(desk.refusals).toEqual(["unrequested-layer"]);
});
