/** [S19] [S20] [S20b] The sender's list of files that go to others, and how the sender stops one. */
import { describe, expect, test } from "vitest";
import type { FileId } from "../../src/names/file-id.ts";
import type { UploadState } from "../../src/io/view.ts";
import { Meeting } from "../../../sim/swarm/meeting.ts";
import type { SwarmNode } from "../../../sim/swarm/swarm-node.ts";

const MIB = 1024 * 1024;

class Sending {
  readonly meeting = new Meeting(5);
  readonly receiver = this.meeting.peer();
  readonly sender = this.meeting.peer(MIB);
  readonly bytes: Uint8Array;
  readonly file: FileId;

  constructor(length = 32 * MIB) {
    this.bytes = this.meeting.random.bytes(length);
    this.meeting.link(this.receiver, this.sender);
    this.file = this.meeting.share(this.sender, this.bytes).file;
  }

  begin(): this {
    this.meeting.download(this.receiver, this.file);
    this.meeting.pass(5_000);
    expect(this.seen()).toEqual(["sending"]);
    return this;
  }

  seen(by: SwarmNode = this.sender): UploadState[] {
    return by.swarm.uploads(this.meeting.world.now).map(({ state }) => state);
  }

  get rate(): number {
    return this.sender.swarm.uploads(this.meeting.world.now)[0]!.bytesPerSecond;
  }

  /** The receiver's view of its download. */
  get state() {
    return this.receiver.view(this.file).state;
  }

  stop(): void {
    this.sender.do((swarm, now) => swarm.stopSending(this.receiver.id, this.file, now));
    this.meeting.pass(200);
  }

  allow(): void {
    this.sender.do((swarm, now) => swarm.allowSending(this.receiver.id, this.file, now));
    this.meeting.pass(3_000);
  }
}

/** A bit more than the latency of one way. */
const SOON_MS = 100;

describe("[S19] [S19a] the sender is told at once", () => {
  test("paused, going on, and cancelled", () => {
    const sending = new Sending().begin();
    const { meeting, receiver, file } = sending;
    receiver.do((swarm, now) => swarm.pause(file, now));
    meeting.pass(SOON_MS);
    expect(sending.seen()).toEqual(["paused"]);
    expect(sending.rate).toBe(0);
    meeting.pass(60_000);
    expect(sending.seen()).toEqual(["paused"]);
    receiver.do((swarm, now) => swarm.resume(file, now));
    meeting.pass(2_000);
    expect(sending.seen()).toEqual(["sending"]);
    receiver.do((swarm, now) => swarm.pause(file, now));
    receiver.do((swarm, now) => swarm.cancel(file, now));
    meeting.pass(SOON_MS);
    expect(sending.seen()).toEqual(["cancelled"]);
  });

  for (const length of [32 * MIB, 100_000])
    test(`delivered, ${length} bytes, and there until it is cleared`, () => {
      const sending = new Sending(length);
      const { meeting, receiver, sender, file } = sending;
      meeting.download(receiver, file);
      expect(meeting.untilSaved([receiver], file)).toBe(true);
      meeting.pass(SOON_MS);
      expect(sending.seen()).toEqual(["delivered"]);
      expect(sending.rate).toBe(0);
      meeting.unlink(receiver, sender);
      meeting.pass(600_000);
      expect(sending.seen()).toEqual(["delivered"]);
      sender.swarm.clearSent(receiver.id, file);
      expect(sending.seen()).toEqual([]);
    });

  test("delivered, also for the one of two senders that sent the least", () => {
    const sending = new Sending();
    const { meeting, receiver, bytes, file } = sending;
    const other = meeting.peer();
    meeting.link(receiver, other);
    meeting.share(other, bytes);
    meeting.download(receiver, file);
    expect(meeting.untilSaved([receiver], file)).toBe(true);
    meeting.pass(SOON_MS);
    expect(sending.seen()).toEqual(["delivered"]);
    expect(sending.seen(other)).toEqual(["delivered"]);
  });

  test("the link is lost, the file is not shared any more", () => {
    const lost = new Sending().begin();
    lost.meeting.unlink(lost.receiver, lost.sender);
    expect(lost.seen()).toEqual(["parted"]);
    lost.meeting.link(lost.receiver, lost.sender);
    lost.meeting.pass(5_000);
    expect(lost.seen()).toEqual(["sending"]);
    lost.sender.do((swarm) => swarm.unshare(lost.file));
    expect(lost.seen()).toEqual(["withdrawn"]);
  });

  test("a receiver of the version before says nothing: it is waited for, and a file that was sent whole is delivered", () => {
    for (const pauses of [true, false]) {
      const sending = new Sending(8 * MIB);
      const { meeting, receiver, file } = sending;
      receiver.tamper = (frame) => (frame.type === "fetch-ended" ? [] : [frame]);
      meeting.download(receiver, file);
      meeting.pass(4_000);
      if (pauses) receiver.do((swarm, now) => swarm.pause(file, now));
      else expect(meeting.untilSaved([receiver], file)).toBe(true);
      meeting.pass(2_000);
      expect(sending.seen()).toEqual([pauses ? "waiting" : "delivered"]);
    }
  });

  test("the list is bounded, and ended rows go first", () => {
    const sending = new Sending(64 * MIB).begin();
    const { meeting, receiver, sender } = sending;
    for (let at = 0; at < 100; at++) {
      const { file } = meeting.share(sender, meeting.random.bytes(100 + at));
      meeting.download(receiver, file);
      expect(meeting.untilSaved([receiver], file)).toBe(true);
    }
    meeting.pass(SOON_MS);
    const seen = sending.seen();
    expect(seen.length).toBe(64);
    expect(seen.filter((state) => state === "sending").length).toBe(1);
  });
});

describe("[S20] [S20a] [S20b] the sender stops it for one person", () => {
  for (const length of [32 * MIB, 4 * MIB])
    test(`the receiver reads who stopped it, does not ask in a loop, and goes on when allowed again (${length})`, () => {
      const sending = new Sending(length);
      const { meeting, receiver, sender, file } = sending;
      meeting.download(receiver, file);
      meeting.pass(1_500);
      sending.stop();
      expect(sending.seen()).toEqual(["stopped"]);
      expect(sending.state).toEqual({ type: "failed", reason: { type: "stopped", by: sender.id } });

      let asked = 0;
      sender.listener = () => void asked++;
      meeting.pass(60_000);
      expect(asked).toBe(0);
      receiver.do((swarm, now) => swarm.resume(file, now));
      meeting.pass(30_000);
      expect(sending.state).toEqual({ type: "failed", reason: { type: "stopped", by: sender.id } });
      expect(asked).toBeLessThan(20);
      meeting.unlink(receiver, sender);
      meeting.link(receiver, sender);
      meeting.pass(10_000);
      expect(sending.state).toEqual({ type: "failed", reason: { type: "stopped", by: sender.id } });

      sending.allow();
      expect(meeting.untilSaved([receiver], file)).toBe(true);
      meeting.pass(SOON_MS);
      expect(sending.seen()).toEqual(["delivered"]);
    });

  for (const length of [32 * MIB, 4 * MIB, 1000])
    test(`a receiver that tries again at once reads again who stopped it (${length})`, () => {
      const sending = new Sending(length);
      const { meeting, receiver, sender, file } = sending;
      sender.do((swarm, now) => swarm.stopSending(receiver.id, file, now));
      meeting.download(receiver, file);
      const stopped = { type: "failed", reason: { type: "stopped", by: sender.id } };
      meeting.pass(400);
      expect(sending.state).toEqual(stopped);
      receiver.do((swarm, now) => swarm.resume(file, now));
      meeting.pass(2_000);
      expect(sending.state).toEqual(stopped);
    });

  test("others go on with it, and so does the receiver where others have it", () => {
    const sending = new Sending();
    const { meeting, receiver, sender, bytes, file } = sending;
    const [other, third] = [meeting.peer(), meeting.peer()];
    meeting.mesh([receiver, other, third]);
    meeting.link(third, sender);
    meeting.share(other, bytes);
    meeting.download(receiver, file);
    meeting.download(third, file);
    meeting.pass(1_000);
    sending.stop();
    expect(sending.state.type).toBe("downloading");
    expect(meeting.untilSaved([receiver, third], file)).toBe(true);
  });

  test("a receiver of the version before finds the file gone, and asks no more than once for each piece", () => {
    const sending = new Sending().begin();
    const { meeting, receiver, sender } = sending;
    sender.tamper = (frame) => (frame.type === "withheld" ? [] : [frame]);
    let asked = 0;
    sender.listener = () => void asked++;
    sending.stop();
    meeting.pass(60_000);
    expect(sending.state).toMatchObject({ type: "queued" });
    expect(asked).toBeLessThan(200);
    expect(receiver.refusals).toEqual([]);
    expect(sender.refusals).toEqual([]);
  });
});
