import { describe, expect, test } from "vitest";
import { Bitfield } from "../../src/base/bitfield.ts";
import { geometryOf, lengthOf, type FileId } from "../../src/names/file-id.ts";
import type { SwarmFrame } from "../../src/wire/frame.ts";
import type { SwarmOutput } from "../../src/io/io.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { Swarm, type SwarmEvent } from "../../src/swarm/swarm.ts";
import { hashFile } from "../../../sim/swarm/disk.ts";
import { Meeting } from "../../../sim/swarm/meeting.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const PIECE = 256 * KIB;
const large = hashFile(new Uint8Array(1024 * KIB).fill(7), "large.bin");
const small = hashFile(new Uint8Array(100 * KIB).fill(8), "small.bin");
const source = "5".repeat(64) as PeerId;

/** A swarm alone, whose outputs are collected. */
const lone = (offers: readonly FileId[] = []) => {
  const outputs: SwarmOutput[] = [];
  const sent: SwarmFrame[] = [];
  const queue = (event: SwarmEvent): void => {
    if (event.type === "output") outputs.push(event.output);
    if (event.type === "send") sent.push(event.frame);
  };
  const swarm = new Swarm(queue, {
    random: () => 0.5,
    sourcesOf: (file) => (offers.includes(file) ? [source] : []),
  });
  const ofStores = ["open-store", "close-store", "save-file"];
  const types = () => outputs.splice(0).flatMap(({ type }) => (ofStores.includes(type) ? [type] : []));
  const opened = (file: FileId, pieces: readonly number[], layer?: Uint8Array) => {
    const have = new Bitfield(geometryOf(lengthOf(file)).pieceCount);
    for (const piece of pieces) have.set(piece);
    const answer = { type: "store-opened", file, have: have.toBytes() } as const;
    swarm.handle(layer ? { ...answer, layer } : answer, 1);
  };
  const view = () => swarm.downloads(2)[0]!;
  return { swarm, sent, types, opened, view };
};

describe("[S12a] a part that an earlier visit stored", () => {
  test("is there without a source, and only the rest is asked for when one comes", () => {
    const { swarm, sent, types, opened, view } = lone([large.file]);
    swarm.download(large.file, "large.bin", 0, true);
    expect(types()).toEqual(["open-store"]);
    opened(large.file, [0, 2], large.layer);
    expect(view()).toMatchObject({ state: { type: "queued" }, verifiedBytes: 512 * KIB });
    expect([...view().pieces]).toEqual([2, 0, 2, 0]);

    swarm.peerUp(source, 3);
    swarm.frame(source, { type: "bitfield", file: large.file, bits: Uint8Array.of(0xf0) }, 4);
    const asked = sent.filter(({ type }) => type === "request" || type === "layer-request");
    expect(
      asked.map((frame) => (frame.type === "request" ? frame.begin / (256 * KIB) : frame.type)).sort(),
    ).toEqual([1, 3]);
  });

  test("counts once the layer is known", () => {
    const { swarm, types, opened, view } = lone([large.file]);
    swarm.download(large.file, "large.bin", 0, true);
    opened(large.file, [0, 2]);
    expect(view().verifiedBytes).toBe(0);
    types();
    swarm.peerUp(source, 3);
    swarm.frame(source, { type: "bitfield", file: large.file, bits: Uint8Array.of(0xf0) }, 4);
    swarm.frame(source, { type: "layer", file: large.file, first: 0, hashes: large.layer }, 5);
    expect(types()).toEqual(["open-store"]);
    opened(large.file, [0, 2]);
    expect(view().verifiedBytes).toBe(512 * KIB);
  });

  test("is shown on a device without room for the rest, of which nothing is asked for, though a source is there", () => {
    const { swarm, sent, view } = lone([large.file]);
    swarm.peerUp(source, 0);
    swarm.download(large.file, "large.bin", 1, true);
    swarm.frame(source, { type: "bitfield", file: large.file, bits: Uint8Array.of(0xf0) }, 2);
    const have = Uint8Array.of(0b1010_0000);
    const { file, layer } = large;
    swarm.handle({ type: "store-opened", file, have, layer, missingBytes: 300 * KIB }, 3);
    expect(view()).toMatchObject({ state: { type: "paused" }, verifiedBytes: 512 * KIB });
    expect(sent.filter(({ type }) => type === "request")).toEqual([]);
  });

  test.each([
    ["several pieces", large, [0, 1, 2, 3]],
    ["one piece", small, [0]],
  ] as const)("is given to the person at once when it is whole: %s", (_, { file, layer }, pieces) => {
    const { swarm, types, opened, view } = lone();
    swarm.download(file, "whole.bin", 0, true);
    types();
    opened(file, pieces, layer);
    expect(types()).toEqual(["save-file"]);
    swarm.handle({ type: "file-kept", file }, 2);
    expect(view().state).toEqual({ type: "complete", saved: false });
    swarm.handle({ type: "file-saved", file }, 3);
    expect(view().state).toEqual({ type: "complete", saved: true });
  });

  test("is shown while the download is paused, and is not given to the person before it is resumed", () => {
    const { swarm, types, opened, view } = lone();
    swarm.download(large.file, "large.bin", 0, true);
    swarm.pause(large.file, 1);
    types();
    opened(large.file, [0, 1, 2, 3], large.layer);
    expect(view()).toMatchObject({ state: { type: "paused" }, verifiedBytes: 1024 * KIB });
    expect(types()).toEqual([]);
    swarm.resume(large.file, 3);
    expect(types()).toEqual(["save-file"]);
  });

  test("[F6] while another tab writes it, the download waits, and opens the store again when it is resumed", () => {
    const { swarm, types, view } = lone();
    swarm.download(large.file, "large.bin", 0, true);
    swarm.handle({ type: "store-failed", file: large.file, reason: { kind: "in-use" } }, 1);
    expect(view().state).toEqual({ type: "paused", because: { kind: "in-use" } });
    expect(types()).toEqual(["open-store", "close-store"]);
    swarm.resume(large.file, 2);
    expect(types()).toEqual(["open-store"]);
  });
});

test.each([1, 2, 3, 5])(
  "[S12a] a receiver that crashes at random moments fetches at most a piece of each source twice, of %d",
  (sourceCount) => {
    for (let seed = 0; seed < 25; seed++) {
      const meeting = new Meeting(seed);
      const { random } = meeting;
      const receiver = meeting.peer();
      const bytes = random.bytes(12 * MIB + 7);
      const sources = Array.from({ length: sourceCount }, () =>
        meeting.peer(MIB / 4 + random.below(2 * MIB)),
      );
      const [file] = sources.map((source) => meeting.share(source, bytes).file) as [FileId];
      const live = (): void => {
        for (const source of sources) meeting.link(source, receiver, 5 + random.below(60));
        meeting.download(receiver, file);
      };
      live();
      let lives = 1;
      for (; lives < 5; lives++) {
        meeting.pass(random.below(2000));
        if (receiver.disk.saved.has(file)) break;
        receiver.crash();
        meeting.pass(300);
        live();
      }
      expect(meeting.untilSaved([receiver], file)).toBe(true);
      expect(Buffer.compare(receiver.disk.saved.get(file)!, bytes)).toBe(0);
      expect(receiver.disk.putBytes - bytes.length).toBeLessThanOrEqual((lives - 1) * sourceCount * PIECE);
    }
  },
);
