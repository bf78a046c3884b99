/** `npm run bench`: every figure that Swapmeet is measured by, as a table and as JSON in bench-results/. */
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { benchBeside, type Beside } from "./lib/beside.ts";
import { benchCompression } from "./measures/compression.ts";
import { benchJoining } from "./measures/joining.ts";
import { benchLane } from "./measures/lane.ts";
import { benchSearch } from "./measures/search.ts";
import {
  benchManyToOne,
  benchOneToMany,
  benchOneToOne,
  type ManyToOne,
  type OneToMany,
  type OneToOne,
  type Skipped,
} from "./measures/swarm.ts";
import { benchThroughput } from "./measures/throughput.ts";
import type { CpuCost } from "./lib/cpu.ts";
import { benchWeight } from "./measures/weight.ts";
import { benchWrite } from "./measures/write.ts";

const RESULTS = new URL("../../bench-results/", import.meta.url);

const parts = {
  weight: benchWeight,
  joining: () => benchJoining(),
  search: () => benchSearch(),
  throughput: () => benchThroughput(),
  write: () => benchWrite(),
  lane: () => benchLane(),
  compression: () => benchCompression(),
  "one-to-one": () => benchOneToOne(),
  "one-to-many": () => benchOneToMany(),
  "many-to-one": () => benchManyToOne(),
  webtorrent: () => benchBeside(),
};
/** These parts take minutes each, and need root for networks of their own, so they run only when they are named. */
const LONG = ["compression", "one-to-one", "one-to-many", "many-to-one", "webtorrent"];

const only = process.argv.slice(2);
const results: Record<string, unknown> = {
  machine: { cores: cpus().length, model: cpus()[0]?.model, memoryGiB: Math.round(totalmem() / 2 ** 30) },
  date: new Date().toISOString(),
};
for (const [name, bench] of Object.entries(parts)) {
  if (only.length > 0 ? !only.includes(name) : LONG.includes(name)) continue;
  console.error(`${name} ...`);
  results[name] = await bench();
}

const rows: { figure: string; measured: string; aim: string }[] = [];
const row = (figure: string, measured: string, aim: string) => rows.push({ figure, measured, aim });
const { weight, joining, search, throughput, write, lane, compression } = results as {
  weight?: Awaited<ReturnType<typeof benchWeight>>;
  joining?: Awaited<ReturnType<typeof benchJoining>>;
  search?: Awaited<ReturnType<typeof benchSearch>>;
  throughput?: Awaited<ReturnType<typeof benchThroughput>>;
  write?: Awaited<ReturnType<typeof benchWrite>>;
  lane?: Awaited<ReturnType<typeof benchLane>>;
  compression?: Awaited<ReturnType<typeof benchCompression>>;
};
if (throughput) {
  const { medians } = throughput;
  row("raw data channel, 64 KiB messages", `${medians.raw} MiB/s`, "the ceiling");
  row("Swapmeet, click to every piece verified and stored", `${medians.complete} MiB/s`, "");
  row("  of raw", `${throughput.completeToRaw}`, "0.97");
  row("Swapmeet, click to the browser's download on disk", `${medians.saved} MiB/s`, "");
  row("  of raw", `${throughput.savedToRaw}`, "0.95");
}
if (throughput?.cpuSecondsPerGiB) {
  const inWords = ({ sender, receiver, network }: CpuCost): string =>
    `sender ${sender}, receiver ${receiver}, network ${network}`;
  row("CPU seconds per GiB, raw", inWords(throughput.cpuSecondsPerGiB.raw), "");
  row("CPU seconds per GiB, Swapmeet", inWords(throughput.cpuSecondsPerGiB.swapmeet), "");
}
for (const { chunkBytes, shipped, ours } of write ?? [])
  row(
    `peer.write of ${chunkBytes / 1024} KiB chunks, as npm ships it; in our build`,
    `${shipped}; ${ours} MiB/s`,
    "",
  );
if (lane) {
  const { bytes, medians } = lane;
  row(`two tabs of one browser, ${bytes / 2 ** 20} MiB: raw data channel`, `${medians.raw} MiB/s`, "");
  row("  same-browser lane, click to verified", `${medians.verified} MiB/s`, "");
  row("  of raw", `${lane.verifiedToRaw}`, "10");
  row("  same-browser lane, click to the browser's download on disk", `${medians.saved} MiB/s`, "");
  row("  of raw", `${lane.savedToRaw}`, "10");
}
if (compression) {
  row("raw data channel, beside what follows", `${compression.raw} MiB/s`, "");
  for (const [kind, { speed, wire }] of Object.entries(compression.packed))
    row(`  ${kind}, packed to ${wire} of its length on the way`, `${speed} MiB/s`, "");
}
if (joining) {
  row('second tab, open room: page to "Peers: 1"', `${joining.openRoomMs} ms`, "under 1000");
  row('second tab, private room: page to "Peers: 1"', `${joining.privateRoomMs} ms`, "under 1000");
}
if (weight)
  row("first paint JavaScript, gzipped", `${(weight.firstPaintBytes / 1000).toFixed(1)} KB`, "under 120");
for (const [figure, measured, aim] of swarmRows(results)) row(figure, measured, aim);
if (search) for (const [figure, measured, aim] of searchRows(search)) row(figure, measured, aim);

console.table(rows);
await mkdir(RESULTS, { recursive: true });
const file = new URL(`${new Date().toISOString().replace(/[:.]/g, "-")}.json`, RESULTS);
await writeFile(file, JSON.stringify(results, null, 2));
console.log(`JSON: ${fileURLToPath(file)}`);

function searchRows(found: Awaited<ReturnType<typeof benchSearch>>): [string, string, string][] {
  const inMs = (p50: number, p99: number) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  const rows = found.rows.toLocaleString("en");
  return [
    [`search, ${rows} rows, per keystroke`, inMs(found.p50Ms, found.p99Ms), "p99 under 30 ms"],
    ["  folding and looking into every row", inMs(found.naiveP50Ms, found.naiveP99Ms), ""],
  ];
}

function swarmRows(found: {
  "one-to-one"?: OneToOne | Skipped;
  "one-to-many"?: OneToMany | Skipped;
  "many-to-one"?: ManyToOne | Skipped;
  webtorrent?: Beside | Skipped;
}): [string, string, string][] {
  const rows: [string, string, string][] = [];
  const { "one-to-one": oneToOne, "one-to-many": oneToMany, "many-to-one": manyToOne, webtorrent } = found;
  for (const part of [oneToOne, oneToMany, manyToOne, webtorrent])
    if (isSkipped(part)) rows.push(["SKIPPED", part.skipped, ""]);
  if (oneToOne && !isSkipped(oneToOne))
    rows.push([
      `one to one over ${oneToOne.linkMbit} Mbit/s, of raw over the same`,
      `${oneToOne.ofRaw}`,
      "0.97",
    ]);
  if (oneToMany && !isSkipped(oneToMany)) {
    const { receivers, uplinkMbit, timesBound } = oneToMany;
    rows.push(
      [`one to ${receivers}, ${uplinkMbit} Mbit/s up each, Swapmeet`, `${timesBound.swapmeet} F/u`, "1.4"],
      ["  one raw transfer", `${timesBound.raw} F/u`, ""],
      ["  WebTorrent", `${timesBound.webtorrent ?? "SKIPPED"} F/u`, ""],
      [`  a raw transfer to each (computed)`, `${timesBound.sendingEach} F/u`, ""],
    );
  }
  if (manyToOne && !isSkipped(manyToOne)) {
    const { sources, uplinkMbit, gain } = manyToOne;
    rows.push([`${sources} sources of ${uplinkMbit} Mbit/s beside one`, `${gain} times as fast`, "2.8"]);
  }
  if (webtorrent && !isSkipped(webtorrent)) {
    const { raw, swapmeet, webtorrent: theirs } = webtorrent.medians;
    rows.push([
      "one to one, two browsers: raw, Swapmeet, WebTorrent",
      `${raw}, ${swapmeet}, ${theirs} MiB/s`,
      "",
    ]);
  }
  return rows;
}

function isSkipped(part: object | undefined): part is Skipped {
  return part !== undefined && "skipped" in part;
}
