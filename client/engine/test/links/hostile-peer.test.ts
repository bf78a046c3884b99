import { describe, expect, test } from "vitest";
import { FLOODS } from "../../../sim/swarm/floods.ts";
import { eachOutput, LIES, type Liar, type LieName } from "../../../testing/lies.ts";
import { SimRoom, type SimPeer } from "../../../sim/room/room.ts";
import { SimDisk } from "../../../sim/swarm/sim-disk.ts";
import { equalBytes } from "../../src/base/bytes.ts";
import { FRAME_ALLOWANCES } from "../../src/links/frame-allowances.ts";
import { encodeFrame } from "../../src/wire/frame-codec.ts";
import type { Frame } from "../../src/wire/frame.ts";
import { isHostile, type Refusal } from "../../src/names/refusal.ts";

/** The refusal that counts each lie. */
const REFUSAL_OF: Record<LieName, Refusal> = {
  "wrong blocks": "wrong-block",
  "a block longer than asked": "wrong-length",
  garbage: "malformed-frame",
  "a text of digits": "malformed-frame",
  "an oversize frame": "oversize-frame",
  "a second proof": "second-proof",
  "a false feed entry": "false-entry",
  "a wrong piece layer": "wrong-layer",
  "a bitfield of the wrong length": "wrong-length",
  "a false proof": "false-proof",
  "a frame before its proof": "frame-before-proof",
  "a flood of bitfields": "flood",
  "unrequested blocks": "unrequested-block",
};

const LIES_BEFORE_THE_PROOF: readonly LieName[] = ["a false proof", "a frame before its proof"];

describe("[W4] beside an honest source", () => {
  test.each(Object.keys(LIES) as LieName[])("%s: the file arrives whole, the refusal is counted", (lie) => {
    const room = new SimRoom({ seed: 61 });
    const disks = [new SimDisk(), new SimDisk(), new SimDisk()] as const;
    const [liar, honest, ada] = [
      room.add("Mallory", { files: disks[0] }),
      room.add("Hannah", { files: disks[1] }),
      room.add("Ada", { files: disks[2] }),
    ];
    const teller: Liar = {
      id: liar.id,
      linkOf: (peer) => liar.engine.linkOf(peer),
      read: (file, begin, length) => disks[0].disk.read(file, begin, length) as Uint8Array,
    };
    liar.tap = eachOutput((output) => LIES[lie](output, teller));
    const bytes = room.random(1024 * 1024 + 5);
    for (const peer of [liar, honest, ada]) room.join(peer);
    const isMember = !LIES_BEFORE_THE_PROOF.includes(lie);
    expect(room.run(2_000, () => ada.engine.peerCount === (isMember ? 2 : 1))).toBe(true);

    const share = (peer: SimPeer, disk: SimDisk) =>
      peer.feed({ type: "share", files: [disk.disk.add(bytes, "song.mp3")] });
    const isRefused = () => ada.engine.refusals().has(REFUSAL_OF[lie]);
    const file = disks[0].disk.add(bytes, "song.mp3").file;
    share(liar, disks[0]);
    // Only one source is asked for the layer, so the liar comes first.
    if (lie !== "a wrong piece layer") share(honest, disks[1]);
    expect(room.run(2_000, () => ada.engine.sourcesOf(file).length > 0)).toBe(true);
    room.run(500);
    ada.feed({ type: "download", file, name: "song.mp3" });
    expect(room.run(10_000, isRefused)).toBe(true);
    share(honest, disks[1]);
    expect(room.run(30_000, () => disks[2].disk.saved.has(file))).toBe(true);
    expect(equalBytes(disks[2].disk.saved.get(file)!, bytes)).toBe(true);

    const refusal = REFUSAL_OF[lie];
    const dropped = ada.notices.filter(({ type }) => type === "peer-dropped");
    expect(dropped).toEqual(
      isMember && isHostile(refusal) ? [{ type: "peer-dropped", peer: liar.id, refusal }] : [],
    );
    expect(ada.engine.linkOf(honest.id)).not.toBeNull();
    room.run(30_000);
    expect(ada.engine.linkOf(liar.id) === null).toBe(isHostile(refusal));
  });
});

/** Types of which a single frame ends the link, for its content and not for the number. */
const ENDED_AT_ONCE: Partial<Record<Frame["type"], Refusal>> = { prove: "second-proof", fork: "false-fork" };

describe("[W3a] [W3b] [W3c] a flood of one type of frame", () => {
  test.each(Object.keys(FRAME_ALLOWANCES) as Frame["type"][])(
    "%s: it is named, and an honest transfer beside it goes on",
    (type) => {
      const room = new SimRoom({ seed: 62, upBytesPerSecond: 1024 * 1024 });
      const disks = [new SimDisk(), new SimDisk()] as const;
      const [mallory, hannah, ada] = [
        room.add("Mallory"),
        room.add("Hannah", { files: disks[0] }),
        room.add("Ada", { files: disks[1] }),
      ];
      for (const peer of [mallory, hannah, ada]) room.join(peer);
      expect(room.run(2_000, () => ada.engine.peerCount === 2)).toBe(true);
      const local = disks[0].disk.add(room.random(2 * 1024 * 1024), "song.mp3");
      hannah.feed({ type: "share", files: [local] });
      expect(room.run(2_000, () => ada.engine.sourcesOf(local.file).length > 0)).toBe(true);
      ada.feed({ type: "download", file: local.file, name: "song.mp3" });

      const flood = Array.from({ length: 64 }, (_, at) =>
        encodeFrame(FLOODS[type]({ at, file: local, of: mallory })),
      );
      const isLinked = (): boolean => ada.engine.linkOf(mallory.id) !== null;
      for (let ms = 0; ms < 3_000 && isLinked(); ms++) {
        room.run(1);
        for (let at = 0; at < 30; at++) mallory.sendRaw(ada.id, flood[at]!);
      }
      expect(room.run(30_000, () => disks[1].disk.saved.has(local.file))).toBe(true);
      expect(ada.engine.linkOf(hannah.id)).not.toBeNull();
      expect(ada.engine.refusals().size).toBeGreaterThan(0);

      const dropped = ada.notices.filter((notice) => notice.type === "peer-dropped");
      const mayStay = FRAME_ALLOWANCES[type].beyond === "passed over" && !ENDED_AT_ONCE[type];
      if (!mayStay)
        expect(dropped).toEqual([
          { type: "peer-dropped", peer: mallory.id, refusal: ENDED_AT_ONCE[type] ?? "flood" },
        ]);
    },
  );
});
