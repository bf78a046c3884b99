import { expect, test } from "vitest";
import { Meeting } from "../../../sim/swarm/meeting.ts";

test("[S13] [W3a] a folder of 800 files of two pieces from one source over a fast link: nothing is refused, all of it comes", () => {
  const meeting = new Meeting(9);
  const receiver = meeting.peer();
  const sender = meeting.peer(64 * 1024 * 1024);
  meeting.link(receiver, sender, 2);
  const files = Array.from({ length: 800 }, () => meeting.share(sender, meeting.random.bytes(300_000)).file);
  for (const file of files) meeting.download(receiver, file);
  const isDone = (): boolean => files.every((file) => receiver.disk.saved.has(file));
  expect(meeting.world.run(isDone, meeting.world.now + 60_000)).toBe(true);
  expect([...sender.refusals, ...receiver.refusals]).toEqual([]);
});
