import { expect, test } from "vitest";
import { fileIdOf, geometryOf, HASH_BYTES } from "../../src/names/file-id.ts";
import type { SwarmFrame } from "../../src/wire/frame.ts";
import type { SwarmInput, SwarmOutput } from "../../src/io/io.ts";
import { rootOfLayer } from "../../src/names/merkle.ts";
import { peerIdOf } from "../../src/names/peer-id.ts";
import { Swarm, type SwarmEvent } from "../../src/swarm/swarm.ts";

const LENGTH = 1_000_000;
const GEOMETRY = geometryOf(LENGTH);
const LAYER = new Uint8Array(GEOMETRY.pieceCount * HASH_BYTES).map((_, i) => i * 7);
const FILE = fileIdOf(rootOfLayer(LAYER, GEOMETRY), LENGTH);
const TAB = peerIdOf(new Uint8Array(32).fill(1));
const ANNA = peerIdOf(new Uint8Array(32).fill(2));

/** A swarm that downloads FILE. It is linked with Anna, who has the file, and another tab may hand it over. */
class Desk {
  readonly swarm: Swarm;
  #outputs: SwarmOutput[] = [];
  #frames: SwarmFrame[] = [];

  constructor() {
    const queue = (event: SwarmEvent): void => {
      if (event.type === "output") this.#outputs.push(event.output);
      if (event.type === "send") this.#frames.push(event.frame);
      if (event.type === "refuse") expect.fail(`${event.peer} was refused: ${event.refusal}`);
    };
    this.swarm = new Swarm(queue, { random: () => 0, sourcesOf: () => [ANNA] });
    this.swarm.peerUp(ANNA, 0);
    this.swarm.download(FILE, "file.bin", 0);
  }

  /** Goes on until Anna is asked for pieces. */
  fetching(): this {
    this.swarm.frame(ANNA, { type: "layer", file: FILE, first: 0, hashes: LAYER }, 0);
    this.input({ type: "store-opened", file: FILE, have: new Uint8Array(1) });
    this.swarm.frame(ANNA, { type: "bitfield", file: FILE, bits: Uint8Array.of(0xf0) }, 0);
    return this;
  }

  input(input: SwarmInput): this {
    this.swarm.handle(input, 0);
    return this;
  }

  /** Types of the outputs since the last call. */
  outputs(): string[] {
    return this.#outputs.splice(0).map(({ type }) => type);
  }

  frames(): string[] {
    return this.#frames.splice(0).map(({ type }) => type);
  }

  get view() {
    return this.swarm.downloads(0)[0]!;
  }
}

const handed: SwarmInput = { type: "file-handed", file: FILE, from: TAB };
const checked = (layer: Uint8Array | null): SwarmInput => ({ type: "file-checked", file: FILE, layer });

test("[L1] a download that begins asks the tabs of this browser", () => {
  expect(new Desk().outputs()).toContain("ask-tabs");
});

test("[L3] a file that was handed over stops all requests, is checked, and completes in that tab's name", () => {
  const desk = new Desk().fetching();
  expect(desk.frames()).toContain("request");
  desk.outputs();

  desk.input(handed);
  expect(desk.outputs()).toContain("check-file");
  expect(desk.frames()).toEqual(expect.arrayContaining(["cancel", "interest"]));
  desk.input({ type: "file-hashed", file: FILE, bytes: 400_000 });
  expect(desk.view).toMatchObject({ state: { type: "verifying" }, verifiedBytes: 400_000, handedBy: TAB });
  desk.swarm.tick(600_000);
  expect(desk.frames()).not.toContain("request");

  desk.input(checked(LAYER));
  expect(desk.outputs()).toContain("save-file");
  expect(desk.view, "what is here is not verified any more").toMatchObject({ state: { type: "saving" } });
  desk.input({ type: "file-saved", file: FILE });
  expect(desk.view).toMatchObject({
    state: { type: "complete", saved: true },
    verifiedBytes: LENGTH,
    senders: [TAB],
    handedBy: TAB,
  });
  expect([...desk.view.pieces]).toEqual([3, 3, 3, 3]);
  expect(desk.swarm.finished(FILE)).toMatchObject([{ layer: LAYER }]);
});

test("[L3] a piece that was being stored meanwhile changes nothing any more", () => {
  const desk = new Desk().fetching().input(handed).input(checked(LAYER));
  desk.input({ type: "piece-stored", file: FILE, piece: 0 });
  desk.input({ type: "store-failed", file: FILE, reason: { kind: "broken", defect: { type: "closed" } } });
  desk.input({ type: "file-saved", file: FILE });
  expect(desk.view).toMatchObject({ state: { type: "complete" }, senders: [TAB] });
});

test("[L4] a file that does not check out is dropped, and the channel goes on", () => {
  const desk = new Desk().fetching().input(handed);
  desk.frames();
  desk.input(checked(null));
  desk.swarm.frame(ANNA, { type: "bitfield", file: FILE, bits: Uint8Array.of(0xf0) }, 0);
  expect(desk.frames()).toContain("request");
  expect(desk.view).toMatchObject({ state: { type: "downloading" }, verifiedBytes: 0, handedBy: null });
});

test.each(["pause", "cancel"] as const)("[L5] %s ends the checking, and its answer comes too late", (act) => {
  const desk = new Desk().fetching().input(handed);
  desk.outputs();
  desk.swarm[act](FILE, 0);
  expect(desk.outputs()).toContain("drop-file");
  desk.input(checked(LAYER));
  expect(desk.outputs()).not.toContain("save-file");
});

test("[L5] a paused download takes no file, and asks again when it goes on", () => {
  const desk = new Desk().fetching();
  desk.swarm.pause(FILE, 0);
  desk.outputs();
  desk.input(handed);
  expect(desk.outputs()).toEqual(["drop-file"]);
  desk.swarm.resume(FILE, 0);
  expect(desk.outputs()).toContain("ask-tabs");
});

test("[L5] a file for no download is dropped", () => {
  const desk = new Desk();
  desk.swarm.cancel(FILE, 0);
  desk.outputs();
  desk.input(handed);
  expect(desk.outputs()).toEqual(["drop-file"]);
});
