import { expect, test } from "vitest";
import { concatBytes } from "@swapmeet/engine/base/bytes";
import { MAX_BLOCK_BYTES } from "@swapmeet/engine/wire/frame";
import { decodeFrame } from "@swapmeet/engine/wire/frame-codec";
import { RelayedLink } from "../../../src/platform/run/relayed-link.ts";

const blockIn = (frame: Uint8Array) => {
  const decoded = decodeFrame(frame);
  if (!decoded.ok || decoded.value.type !== "block") throw new Error("no block");
  return decoded.value;
};
const bytes = Uint8Array.from({ length: 3 * MAX_BLOCK_BYTES }, (_, i) => i);

test("[Y5] one block is given at a time, the next when it was taken", async () => {
  const given: Uint8Array[] = [];
  const link = new RelayedLink({ block: (frame) => void given.push(frame) });
  const sent: number[] = [];
  await link.sendBlocks(7, Promise.resolve(bytes), (count) => void sent.push(count));
  expect(given).toHaveLength(1);
  link.took();
  expect(given).toHaveLength(2);
  link.took();
  link.took();
  expect(given.map(blockIn).map(({ id }) => id)).toEqual([7, 7, 7]);
  expect(concatBytes(...given.map((frame) => blockIn(frame).bytes))).toEqual(bytes);
  expect(sent).toEqual([MAX_BLOCK_BYTES, MAX_BLOCK_BYTES, MAX_BLOCK_BYTES]);
});

test("[Y5] a block that is taken at once is given once", async () => {
  const given: Uint8Array[] = [];
  const link: RelayedLink = new RelayedLink({
    block: (frame) => {
      given.push(frame);
      link.took();
    },
  });
  await link.sendBlocks(7, Promise.resolve(bytes), () => {});
  expect(concatBytes(...given.map((frame) => blockIn(frame).bytes))).toEqual(bytes);
});

test("nothing is given of a request that was stopped, nor after the end", async () => {
  const given: Uint8Array[] = [];
  const link = new RelayedLink({ block: (frame) => void given.push(frame) });
  await link.sendBlocks(1, Promise.resolve(bytes), () => {});
  await link.sendBlocks(2, Promise.resolve(bytes), () => {});
  link.stopBlocks(1);
  link.took();
  expect(given.map(blockIn).map(({ id }) => id)).toEqual([1, 2]);
  link.close();
  link.took();
  link.close();
  expect(given).toHaveLength(2);
});
