/**
 * Measures the cost of a flood for its victim: `npm run bench:flood`. A whole engine fetches a file of 1,024 pieces
 * from an honest source, with five other peers linked; another peer sends 30,000 frames of one type at 3,000 a second.
 * The output has the processor time for each frame, codec included, and the number of frames until the link ended.
 */
import { encodeFrame } from "@swapmeet/engine/wire/frame-codec";
import type { Frame } from "@swapmeet/engine/wire/frame";
import { FLOODS } from "../swarm/floods.ts";
import { SimRoom } from "../room/room.ts";
import { SimDisk } from "../swarm/sim-disk.ts";

const FRAMES = 30_000;
const FRAMES_PER_MS = 3;
const FILE_BYTES = 256 * 1024 * 1024;
const OTHERS = 5;

const measure = (type: Frame["type"]): string => {
  const room = new SimRoom({ seed: 1, upBytesPerSecond: 1024 * 1024 });
  const disks = [new SimDisk(), new SimDisk()] as const;
  const honest = room.add("Hannah", { files: disks[0] });
  const ada = room.add("Ada", { files: disks[1] });
  const mallory = room.add("Mallory");
  const others = Array.from({ length: OTHERS }, (_, at) => room.add(`Other ${at}`));
  for (const peer of [honest, ada, mallory, ...others]) room.join(peer);
  room.run(20_000);
  const local = disks[0].disk.add(new Uint8Array(FILE_BYTES), "file");
  honest.feed({ type: "share", files: [local] });
  room.run(2_000);
  ada.feed({ type: "download", file: local.file, name: "file" });
  room.run(2_000);
  const link = ada.engine.linkOf(mallory.id);
  if (link === null) throw new Error("not linked");
  const flood = Array.from({ length: 64 }, (_, at) =>
    encodeFrame(FLOODS[type]({ at, file: local, of: mallory })),
  );

  let micros = 0;
  let taken = 0;
  for (; taken < FRAMES && ada.engine.linkOf(mallory.id) === link; taken += FRAMES_PER_MS) {
    room.run(1);
    const began = process.cpuUsage();
    for (let at = 0; at < FRAMES_PER_MS; at++)
      ada.feed({ type: "link-bytes", link, bytes: flood[(taken + at) % flood.length]! });
    const { user, system } = process.cpuUsage(began);
    micros += user + system;
  }
  const until = ada.engine.linkOf(mallory.id) === link ? "still linked" : `ended after ${taken} frames`;
  return `${type}: ${(micros / taken).toFixed(1)} µs a frame, ${(micros / 1000).toFixed(0)} ms in all, ${until}`;
};

for (const type of Object.keys(FLOODS) as Frame["type"][]) console.log(measure(type));
