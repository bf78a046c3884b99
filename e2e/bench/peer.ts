/**
 * Two peers without a browser: the command `swapmeet` shares a file, and another process gets it, over loopback. Beside
 * it, in alternation, one raw data channel of the same library between two processes, with bytes made on the spot and
 * thrown away on arrival. `npm run bench:peer`; `npm run bench:peer -- 0.25 3` for so many GiB and runs.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MiB, randomBytes, sha256 } from "../lib/files.ts";
import { Headless } from "../lib/peers/headless.ts";
import { ServerProcess } from "../lib/servers/server-process.ts";
import { mebibytesPerSecond, median, round } from "./lib/statistics.ts";

const RAW = fileURLToPath(new URL("./measures/raw-peer.ts", import.meta.url));
const SAMPLE_EVERY_MS = 100;

interface Run {
  /** From the first percent to the file under its own name; of raw, from the first byte to the last. */
  readonly mebibytesPerSecond: number;
  /** The most that each process had in memory; null where /proc is missing. */
  readonly senderMiB: number | null;
  readonly receiverMiB: number | null;
}

/** Follows the most memory that a process had, as Linux counts it. */
class Peak {
  mebibytes: number | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      try {
        const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
        if (kibibytes !== undefined) this.mebibytes = round(Number(kibibytes) / 1024, 0);
      } catch {
        // It has ended, or there is no /proc.
      }
    }, SAMPLE_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const headless = async (path: string, folder: string, server: ServerProcess): Promise<Run> => {
  const bytes = (await stat(path)).size;
  const at = ["--server", server.urlAt("127.0.0.1")];
  const sharer = Headless.start(["share", path, ...at], folder);
  const { link } = await sharer.tells(({ event }) => event === "shared");
  const getter = Headless.start(["get", String(link), "--to", "out"], folder);
  const peaks = [sharer, getter].map(({ process }) => new Peak(process.pid!));
  try {
    const first = await getter.tells(({ event }) => event === "progress");
    const began = performance.now();
    const saved = await getter.tells(({ event }) => event === "saved");
    const seconds = (performance.now() - began) / 1000;
    if ((await getter.ended()) !== 0) throw new Error(getter.stderr);
    if ((await sha256(join(folder, String(saved["path"])))) !== (await sha256(path)))
      throw new Error("the file that came is another one");
    return {
      mebibytesPerSecond: round(mebibytesPerSecond(bytes - Number(first["bytes"]), seconds)),
      senderMiB: peaks[0]!.mebibytes,
      receiverMiB: peaks[1]!.mebibytes,
    };
  } finally {
    for (const peak of peaks) peak.stop();
    await Promise.all([sharer.kill("SIGINT"), getter.kill("SIGKILL")]);
    await rm(join(folder, "out"), { recursive: true, force: true });
  }
};

const raw = async (bytes: number): Promise<Run> => {
  const [sender, receiver] = ["send", "receive"].map((role) => fork(RAW, [role, String(bytes)])) as [
    ReturnType<typeof fork>,
    ReturnType<typeof fork>,
  ];
  const peaks = [sender, receiver].map(({ pid }) => new Peak(pid!));
  sender.on("message", (signal) => receiver.connected && receiver.send(signal));
  let seconds = 0;
  receiver.on("message", (message: { readonly seconds?: number }) => {
    if (message.seconds !== undefined) seconds = message.seconds;
    else if (sender.connected) sender.send(message);
  });
  await Promise.all([once(sender, "exit"), once(receiver, "exit")]);
  for (const peak of peaks) peak.stop();
  return {
    mebibytesPerSecond: round(mebibytesPerSecond(bytes, seconds)),
    senderMiB: peaks[0]!.mebibytes,
    receiverMiB: peaks[1]!.mebibytes,
  };
};

const [gibibytes = "1", runs = "1"] = process.argv.slice(2);
const bytes = Math.round(Number(gibibytes) * 1024) * MiB;
const folder = await mkdtemp(join(process.env["BENCH_FOLDER"] ?? tmpdir(), "swapmeet-peer-"));
const server = await ServerProcess.start();
try {
  const path = join(folder, "file.bin");
  const file = await open(path, "w");
  for (let at = 0, seed = 0; at < bytes; at += 16 * MiB, seed++)
    await file.write(randomBytes(seed, Math.min(16 * MiB, bytes - at)));
  await file.close();
  const ratios: number[] = [];
  for (let run = 0; run < Number(runs); run++) {
    const one = { headless: await headless(path, folder, server), raw: await raw(bytes) };
    ratios.push(one.headless.mebibytesPerSecond / one.raw.mebibytesPerSecond);
    console.log(JSON.stringify({ gibibytes: Number(gibibytes), ...one, ofRaw: round(ratios.at(-1)!) }));
  }
  console.log(`headless to headless: ${round(median(ratios))} of raw, median of ${ratios.length}`);
} finally {
  await server.kill();
  await rm(folder, { recursive: true, force: true });
}
