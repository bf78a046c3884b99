/**
 * What Prometheus reads. The counters of the process are the source, and are read when somebody asks; nothing is counted
 * twice. No label holds anything that a client said: neither addresses nor room tags.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Counters } from "../base/counters.ts";
import type { Report } from "../http/report.ts";
import type { Size } from "../rooms/directory.ts";

export interface MetricsSources {
  readonly counters: Counters;
  readonly size: () => Promise<Size | undefined>;
  /** Open connections. */
  readonly sockets: () => number;
}

export interface Metrics {
  /** One more join succeeded, and took the directory so long. */
  measureJoin(durationMs: number): void;
  readonly report: Report;
}

/** A join in one process takes well under a millisecond; clients give up after seconds. */
const JOIN_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics({ counters, size, sockets }: MetricsSources): Metrics {
  const registry = new Registry();
  const registers = [registry];

  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const counterBy = (
    label: string,
    name: string,
    help: string,
    read: () => Readonly<Record<string, number>>,
  ) =>
    new Counter({
      name,
      help,
      registers,
      labelNames: [label],
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
      },
    });

  const ofAll = "in all processes that share the directory";
  gauge("swapmeet_rooms", `Rooms ${ofAll}.`, async () => (await size())?.rooms ?? NaN);
  gauge("swapmeet_members", `Members ${ofAll}.`, async () => (await size())?.members ?? NaN);
  gauge("swapmeet_sockets", "Open sockets of this process.", sockets);
  const joinSeconds = new Histogram({
    name: "swapmeet_join_seconds",
    help: "Joins that succeeded, and how long the directory took for each.",
    buckets: JOIN_SECONDS,
    registers,
  });
  counter("swapmeet_envelopes_total", "Envelopes delivered to sockets.", () => counters.relayed.messages);
  counter("swapmeet_envelope_bytes_total", "Bytes in these envelopes.", () => counters.relayed.bytes);
  counterBy("reason", "swapmeet_refusals_total", "What was refused, by reason.", () => counters.refused);
  counterBy("result", "swapmeet_stun_requests_total", "Datagrams that came for STUN.", () => counters.stun);
  collectDefaultMetrics({ register: registry });

  return {
    measureJoin: (durationMs) => joinSeconds.observe(durationMs / 1_000),
    report: async () => ({
      status: 200,
      body: await registry.metrics(),
      headers: { "Content-Type": registry.contentType, "Cache-Control": "no-store" },
    }),
  };
}
