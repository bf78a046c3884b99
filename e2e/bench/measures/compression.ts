/**
 * Would it pay to compress the bytes on the channel? Measures a raw data channel between two pages beside the same
 * channel with the platform's deflate in a worker at both ends, on texts that compress well. The two alternate on one
 * machine, so packing takes the same cores as the sending that it saves.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { launchPersistent } from "../../lib/browser.ts";
import { MiB, randomBytes } from "../../lib/files.ts";
import { serveBlank } from "./blank.ts";
import { connect, sendRaw } from "./raw.ts";
import { onPages } from "./rooms.ts";
import { mebibytesPerSecond, median, round } from "../lib/statistics.ts";

/** MiB/s before packing, medians; `wire`: bytes sent of each byte of the text. */
export interface Compression {
  readonly raw: number;
  readonly packed: Readonly<Record<string, { readonly speed: number; readonly wire: number }>>;
}

/** As a table of measurements, and as a server's log. Numbers from `noise`, so that it is not all repetition. */
const TEXTS: Readonly<Record<string, (i: number, noise: number) => string>> = {
  csv: (i, noise) =>
    `${i},2026-11-${10 + (i % 19)},${(noise / 4e6).toFixed(4)},${((noise * 7919) % 180).toFixed(6)},sensor-${noise % 40}\n`,
  log: (i, noise) =>
    `2026-11-22T13:${10 + (i % 50)}:00 INFO [worker-${noise % 8}] path=/api/items/${noise % 5000} status=200 ms=${noise % 300}\n`,
};

export const benchCompression = async (bytes = 32 * MiB, rounds = 3): Promise<Compression> => {
  const folder = await mkdtemp(join(tmpdir(), "swapmeet-compression-"));
  const context = await launchPersistent(folder);
  // tsx names inner functions with a helper that pages don't have.
  await context.addInitScript("globalThis.__name = (f) => f");
  const blank = await serveBlank();
  const raws: number[] = [];
  const packed = Object.keys(TEXTS).map((kind) => ({ kind, speeds: [] as number[], wire: 0 }));
  try {
    await onPages([context, context], blank.url, async ([from, to]) => {
      for (let i = 0; i < rounds; i++) {
        raws.push(mebibytesPerSecond(bytes, await sendRaw(from!, to!, bytes, "channel")));
        for (const result of packed) {
          const sent = await sendPacked(from!, to!, textOf(result.kind, MiB), bytes);
          result.speeds.push(mebibytesPerSecond(bytes, sent.seconds));
          result.wire = round(sent.wireBytes / bytes);
        }
      }
    });
  } finally {
    await context.close();
    blank.close();
    await rm(folder, { recursive: true, force: true });
  }
  return {
    raw: round(median(raws), 1),
    packed: Object.fromEntries(
      packed.map(({ kind, speeds, wire }) => [kind, { speed: round(median(speeds), 1), wire }]),
    ),
  };
};

const textOf = (kind: string, length: number): string => {
  const noise = randomBytes(5, 4 * 65_536);
  let text = "";
  for (let i = 0; text.length < length; i++) text += TEXTS[kind]!(i, noise.readUInt32LE((i % 65_536) * 4));
  return text.slice(0, length);
};

const WORKER = `onmessage = async ({ data: { bytes, packs } }) => {
  const stream = packs ? new CompressionStream("deflate-raw") : new DecompressionStream("deflate-raw");
  const writer = stream.writable.getWriter();
  void writer.write(bytes);
  void writer.close();
  const out = await new Response(stream.readable).arrayBuffer();
  postMessage(out, [out]);
};`;

/** `text` over and over, a block of 256 KiB at a time: its packed length, then its packed bytes. */
const sendPacked = async (
  from: Page,
  to: Page,
  text: string,
  bytes: number,
): Promise<{ seconds: number; wireBytes: number }> => {
  await connect(from, to);
  await to.evaluate(
    ({ source, bytes }) => {
      const worker = new Worker(URL.createObjectURL(new Blob([source])));
      window.arrived = new Promise((resolve) => {
        let [unpacked, left] = [0, 0];
        let parts: ArrayBuffer[] = [];
        worker.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
          unpacked += data.byteLength;
          if (unpacked < bytes) return;
          worker.terminate();
          resolve(performance.timeOrigin + performance.now());
        };
        window.peer._channel.onmessage = async ({ data }: MessageEvent<ArrayBuffer>) => {
          if (left === 0) return void (left = new DataView(data).getUint32(0));
          parts.push(data);
          left -= data.byteLength;
          if (left > 0) return;
          const whole = new Blob(parts);
          parts = [];
          worker.postMessage({ bytes: await whole.arrayBuffer(), packs: false });
        };
      });
    },
    { source: WORKER, bytes },
  );
  const { began, wireBytes } = await from.evaluate(
    async ({ source, text, bytes }) => {
      const [BLOCK, HIGH, AHEAD] = [256 * 1024, 256 * 1024, 4];
      const worker = new Worker(URL.createObjectURL(new Blob([source])));
      const channel = window.peer._channel;
      channel.bufferedAmountLowThreshold = HIGH / 2;
      const content = new TextEncoder().encode(text);
      const queue: Uint8Array<ArrayBuffer>[] = [];
      let [given, packing, wireBytes] = [0, 0, 0];
      const began = performance.timeOrigin + performance.now();
      await new Promise<void>((done) => {
        const pump = () => {
          while (queue.length > 0 && channel.bufferedAmount < HIGH) {
            const message = queue.shift()!;
            wireBytes += message.length;
            channel.send(message);
          }
          for (; given < bytes && packing < AHEAD && queue.length < 16; given += BLOCK, packing++)
            worker.postMessage({ bytes: content.slice(given % content.length).slice(0, BLOCK), packs: true });
          if (given >= bytes && packing === 0 && queue.length === 0) done();
        };
        channel.onbufferedamountlow = pump;
        worker.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
          packing--;
          const length = new Uint8Array(4);
          new DataView(length.buffer).setUint32(0, data.byteLength);
          queue.push(length);
          for (let at = 0; at < data.byteLength; at += 65_536)
            queue.push(new Uint8Array(data, at, Math.min(65_536, data.byteLength - at)));
          pump();
        };
        pump();
      });
      worker.terminate();
      return { began, wireBytes };
    },
    { source: WORKER, text, bytes },
  );
  const ended = await to.evaluate(() => window.arrived);
  for (const page of [from, to]) await page.evaluate(() => window.peer.destroy());
  return { seconds: (ended - began) / 1000, wireBytes };
};
