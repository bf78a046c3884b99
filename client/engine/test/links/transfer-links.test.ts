import { describe, expect, it } from "vitest";
import type { Address } from "@swapmeet/shared";
import type { FileId } from "../../src/names/file-id.ts";
import type { Frame } from "../../src/wire/frame.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { TransferLinks } from "../../src/links/transfer-links.ts";

const peer = (name: string) => name as PeerId;
const FRAME: Frame = { type: "ping", nonce: 1 };

/** A room in which `sources` offer one file; calls are only counted until `link` answers them. */
const setUp = (sources: readonly PeerId[], wanted: readonly FileId[] = []) => {
  const linked = new Set<PeerId>();
  const called: string[] = [];
  const resting = new Set<string>();
  const sent: PeerId[] = [];
  const files = [...wanted];
  const failed: PeerId[] = [];
  const links = new TransferLinks({
    queue: (event) => {
      if (event.type === "dial") called.push(event.address);
      if (event.type === "send") sent.push(event.to);
      if (event.type === "errand-failed") failed.push(event.to);
    },
    view: {
      isLinked: (who) => linked.has(who),
      addressOf: (who) => `at ${who}` as Address,
      mayDial: (address) => !resting.has(address),
      wanted: () => files,
      sourcesOf: () => sources,
    },
    random: () => 0,
  });
  const link = (who: PeerId) => {
    linked.add(who);
    links.peerUp(who);
  };
  return { links, linked, called, resting, sent, failed, files, link };
};

describe("links beside the overlay's", () => {
  it("[T1] a source of a file that is wanted is called, and again until enough are linked", () => {
    const sources = Array.from({ length: 20 }, (_, i) => peer(`s${i}`));
    const { links, called, link } = setUp(sources, ["file" as FileId]);
    links.look(0);
    expect(called).toEqual(["at s0"]);
    for (let i = 0; i < 10; i++) {
      link(sources[i]!);
      links.tick(links.nextDeadline()!);
    }
    expect(called).toEqual(["at s0", "at s1", "at s2", "at s3", "at s4", "at s5"]);
  });

  it("[T1] nothing is called, nor looked for, while nothing is wanted", () => {
    const { links, called, files } = setUp([peer("s")], ["file" as FileId]);
    links.look(0);
    files.length = 0;
    links.tick(1_000);
    expect(called).toHaveLength(1);
    expect(links.nextDeadline()).toBeNull();
  });

  it("[T2] a frame to a peer without a link waits until the call is answered", () => {
    const { links, called, sent, link } = setUp([]);
    links.send(peer("ann"), FRAME, 0);
    expect(called).toEqual(["at ann"]);
    expect(sent).toEqual([]);
    link(peer("bob"));
    expect(sent).toEqual([]);
    link(peer("ann"));
    expect(sent).toEqual(["ann"]);
    expect(links.nextDeadline()).not.toBeNull();
    links.tick(1_000);
    expect(links.nextDeadline()).toBeNull();
  });

  it("[T1] a resting source takes no place of one that may be called, and none is called twice at a time", () => {
    const { links, called, resting } = setUp([peer("s")], ["file 1", "file 2"] as FileId[]);
    for (let i = 0; i < 8; i++) resting.add(`at rests ${i}`);
    for (let i = 0; i < 8; i++) links.send(peer(`rests ${i}`), FRAME, 0);
    expect(called).toEqual(["at s"].concat(Array(7).fill("at s")));
    called.length = 0;
    links.look(0);
    expect(called).toEqual(["at s"]);
  });

  it("[T2] a frame is sent at once over a link that is there", () => {
    const { links, called, sent, linked } = setUp([]);
    linked.add(peer("ann"));
    links.send(peer("ann"), FRAME, 0);
    expect(sent).toEqual(["ann"]);
    expect(called).toEqual([]);
  });

  it("[T3] when nobody answers for 45 s, the sender of a frame hears of it once", () => {
    const { links, sent, failed, link } = setUp([]);
    links.send(peer("ann"), FRAME, 0);
    for (let now = 1_000; now <= 44_000; now += 1_000) links.tick(now);
    expect(failed).toEqual([]);
    links.tick(45_000);
    links.tick(46_000);
    expect(failed).toEqual(["ann"]);
    link(peer("ann"));
    expect(sent).toEqual([]);
  });
});
