/** The measures: each starts a server and its generators of load, and ends both. */
import { setTimeout as wait } from "node:timers/promises";
import { Child } from "./child.ts";
import type { GeneratorVerbs, RampOptions } from "./generator.ts";
import type { IntroductionsOptions } from "./introductions.ts";
import type { ServerOptions, ServerVerbs } from "./swapmeet-server.ts";
import type { Cpu } from "./usage.ts";

/** What was measured, the aim, and the figure. */
export type Row = readonly [figure: string, aim: string, now: string];

const CLIENTS = 10_000;
const ROOMS = 500;
const JOINS_PER_SECOND = 500;
const IDLE_SECONDS = 30;
const JUNK_SECONDS = 60;
const JUNK_PER_SECOND = 100_000;
const JUNK_CLIENTS = 1_000;
const PAIRS = 40;
const INTRODUCING_SECONDS = 10;
const WARMING_SECONDS = 5;

export const MEASURES: Readonly<Record<string, () => Promise<Row[]>>> = {
  /** 10,000 members that only answer pings. */
  idle: () =>
    withServer(async ({ server, port, generators }) => {
      const before = await server.ask("memory");
      await ramp(port, generators, CLIENTS, JOINS_PER_SECOND);
      await server.ask("memory");
      const begun = await server.ask("cpu");
      await wait(IDLE_SECONDS * 1_000);
      const done = await server.ask("cpu");
      const after = await server.ask("memory");
      const health = await server.ask("health");
      return [
        [
          `memory a socket, ${health.members} idle in ${health.rooms} rooms`,
          "< 30 KB",
          `${kb((after.residentBytes - before.residentBytes) / CLIENTS)} resident, ${kb((after.heapBytes - before.heapBytes) / CLIENTS)} heap`,
        ],
        [`CPU while they idle, ${IDLE_SECONDS} s`, "< 5 % of a core", cpuBetween(begun, done)],
      ];
    }),

  /** The joins of 10,000 clients, from the first byte of each connection. */
  ramp: () =>
    withServer(async ({ server, port, generators }) => {
      await server.ask("delayMs");
      const before = await server.ask("cpu");
      const { durationsMs, seconds } = await ramp(port, generators, CLIENTS, JOINS_PER_SECOND);
      const after = await server.ask("cpu");
      return [
        [
          `${durationsMs.length} joins, ${(durationsMs.length / seconds).toFixed(0)} a second: p50, p99`,
          "p99 < 1 s",
          `${quantile(durationsMs, 0.5)}, ${quantile(durationsMs, 0.99)}`,
        ],
        await serverRow(server, before, after, durationsMs.length),
      ];
    }),

  /** Honest joins while 1,000 sockets send junk as fast as the generators can. */
  junk: () =>
    withServer(async ({ server, port, generators, honest }) => {
      await server.ask("delayMs");
      const before = await server.ask("cpu");
      const memory: number[] = [];
      const watch = setInterval(() => void server.ask("resident").then((bytes) => memory.push(bytes)), 1_000);
      const perGenerator = {
        port,
        clients: JUNK_CLIENTS / generators.length,
        perSecond: JUNK_PER_SECOND / generators.length,
        seconds: JUNK_SECONDS,
      };
      const junk = Promise.all(
        generators.map((generator, i) => generator.ask("junk", { ...perGenerator, network: 10 + i })),
      );
      const startedAtMs = performance.now();
      const { durationsMs } = await ramp(port, [honest], 10 * JUNK_SECONDS, 10);
      const sent = (await junk).reduce((sum, count) => sum + count, 0);
      const seconds = (performance.now() - startedAtMs) / 1_000;
      clearInterval(watch);
      const after = await server.ask("cpu");
      const { refused } = await server.ask("health");
      const refusals = Object.entries(refused).filter(([, count]) => count > 0);
      return [
        [
          `${(sent / seconds).toFixed(0)} junk messages a second by ${JUNK_CLIENTS} sockets: most memory`,
          "< 512 MB",
          mb(Math.max(...memory)),
        ],
        [
          `honest joins beside them (${durationsMs.length} of ${10 * JUNK_SECONDS}): p50, p99`,
          "p99 < 1 s",
          `${quantile(durationsMs, 0.5)}, ${quantile(durationsMs, 0.99)}`,
        ],
        await serverRow(server, before, after, sent),
        ["refused then", "", refusals.map(([reason, count]) => `${reason} ${count}`).join(", ")],
      ];
    }),

  /** Honest joins while 10,000 connections are opened that never become sockets. */
  "half-open": () =>
    withServer(async ({ server, port, generators, honest }) => {
      const before = await server.ask("memory");
      const holding = Promise.all(
        generators.map((generator, i) =>
          generator.ask("halfOpen", {
            port,
            clients: CLIENTS / generators.length,
            perSecond: 4_000,
            network: 10 + i,
          }),
        ),
      );
      const { durationsMs } = await ramp(port, [honest], 200, 20);
      const held = (await holding).reduce((sum, count) => sum + count, 0);
      const after = await server.ask("memory");
      return [
        [
          `${held} half-open connections: memory; honest joins (${durationsMs.length} of 200) p50, p99`,
          "p99 < 1 s",
          `${mb(after.residentBytes - before.residentBytes)}; ${quantile(durationsMs, 0.5)}, ${quantile(durationsMs, 0.99)}`,
        ],
      ];
    }),

  /** Introductions on this server and on PeerJS's, in turn. */
  introductions: async () => {
    const rows: Row[] = [];
    for (const reconnects of [true, false])
      for (const server of ["swapmeet", "peerjs"] as const)
        rows.push(await introductions(server, reconnects));
    return rows;
  },
};

/** Both servers have these. */
type MeetingVerbs = {
  listen: (options: ServerOptions) => Promise<number>;
  cpu: () => Cpu;
};
type Generator = Child<GeneratorVerbs>;

interface Running {
  readonly server: Child<ServerVerbs>;
  readonly port: number;
  readonly generators: readonly Generator[];
  /** One for clients that behave, so that it has time for them. */
  readonly honest: Generator;
}

async function withServer(measure: (running: Running) => Promise<Row[]>): Promise<Row[]> {
  const server = new Child<ServerVerbs>("./swapmeet-server.ts", ["--expose-gc"]);
  const [honest, ...generators] = Array.from(
    { length: 3 },
    () => new Child<GeneratorVerbs>("./generator.ts"),
  );
  try {
    const port = await server.ask("listen", { unlimited: false });
    return await measure({ server, port, generators, honest: honest! });
  } finally {
    for (const child of [server, honest!, ...generators]) child.end();
  }
}

/** Each generator has addresses of its own. */
async function ramp(port: number, generators: readonly Generator[], clients: number, perSecond: number) {
  const startedAtMs = performance.now();
  const options: Omit<RampOptions, "network"> = {
    port,
    clients: clients / generators.length,
    rooms: ROOMS,
    perSecond: perSecond / generators.length,
  };
  const all = await Promise.all(
    generators.map((generator, i) => generator.ask("ramp", { ...options, network: 1 + i })),
  );
  const durationsMs = all.flatMap((ramped) => [...ramped.durationsMs]).sort((a, b) => a - b);
  return { durationsMs, seconds: (performance.now() - startedAtMs) / 1_000 };
}

async function introductions(kind: IntroductionsOptions["server"], reconnects: boolean): Promise<Row> {
  const server = new Child<MeetingVerbs>(`./${kind}-server.ts`);
  const generators = [1, 2].map(() => new Child<GeneratorVerbs>("./generator.ts"));
  try {
    const port = await server.ask("listen", { unlimited: true });
    const introduce = (seconds: number) =>
      Promise.all(
        generators.map((generator, i) =>
          generator.ask("introduce", {
            ...{ server: kind, port, reconnects, seconds },
            ...{ pairs: PAIRS / generators.length, network: 1 + i },
          }),
        ),
      );
    // The first seconds compile the code of both servers.
    await introduce(WARMING_SECONDS);
    const before = await server.ask("cpu");
    const all = await introduce(INTRODUCING_SECONDS);
    const after = await server.ask("cpu");
    const done = all.reduce((sum, one) => sum + one.done, 0);
    const rate = all.reduce((sum, one) => sum + one.done / one.seconds, 0);
    const cpu = `${((after.cpuMs - before.cpuMs) / done).toFixed(2)} ms of CPU each`;
    return [
      `introductions a second, ${reconnects ? "new connections each" : "on open connections"}, ${kind}`,
      kind === "swapmeet" ? (reconnects ? "< 12 KB, ahead" : "ahead") : "",
      `${rate.toFixed(0)}; ${cpu}${reconnects ? `; ${kb(all[0]!.bytesOfOne)} a pair` : ""}`,
    ];
  } finally {
    for (const child of [server, ...generators]) child.end();
  }
}

/** The clients share the machine with the server: this tells which of them was late. */
async function serverRow(server: Child<ServerVerbs>, from: Cpu, to: Cpu, count: number): Promise<Row> {
  const each = `${((to.cpuMs - from.cpuMs) / count).toFixed(3)} ms`;
  const delay = `${(await server.ask("delayMs")).toFixed(0)} ms`;
  return [
    "the server meanwhile: CPU, of it for each; p99 of its event loop's delay",
    "",
    `${cpuBetween(from, to)}, ${each}; ${delay}`,
  ];
}

const kb = (bytes: number) => `${(bytes / 1_000).toFixed(1)} KB`;
const mb = (bytes: number) => `${(bytes / 1_000_000).toFixed(0)} MB`;
const cpuBetween = (from: Cpu, to: Cpu) =>
  `${((100 * (to.cpuMs - from.cpuMs)) / (to.atMs - from.atMs)).toFixed(1)} % of a core`;
const quantile = (sorted: readonly number[], part: number) =>
  `${(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN).toFixed(0)} ms`;
