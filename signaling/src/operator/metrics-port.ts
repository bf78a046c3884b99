/** A port of its own for the metrics, so that a firewall can keep it from the Internet. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fail, ok, type Result } from "@swapmeet/shared";
import { whereFrom, type Log } from "../base/log.ts";
import { reply, sentence, type ReportsByPath } from "../http/report.ts";

export interface MetricsPortOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly reports: ReportsByPath;
  readonly log: Log;
}

export interface MetricsPort {
  readonly port: number;
  close(): void;
}

/** Connections that its scrapers may have open. Guess. */
const MAX_CONNECTIONS = 16;

/** The open port, or a sentence that names cause and remedy. */
export async function openMetricsPort(options: MetricsPortOptions): Promise<Result<MetricsPort, string>> {
  const { host, port, reports, log } = options;
  const http = createServer((request, response) => {
    const report = request.method === "GET" ? reports.get(request.url?.split("?")[0] ?? "") : undefined;
    if (!report) return reply(response, sentence(404, "There is nothing here."));
    report(request).then(
      (reported) => reply(response, reported),
      (error: unknown) => {
        log("failed", { handling: "metrics", where: whereFrom(error) });
        reply(response, sentence(500, "The server failed at this request."));
      },
    );
  });
  http.maxConnections = MAX_CONNECTIONS;
  try {
    http.listen({ port, host });
    await once(http, "listening");
  } catch (error) {
    return fail(cannotListen(error as NodeJS.ErrnoException, options));
  }
  http.on("error", (error) => log("http-error", { name: error.name }));
  return ok({ port: (http.address() as AddressInfo).port, close: () => closeAll(http) });
}

function closeAll(http: Server): void {
  http.close();
  http.closeAllConnections();
}

function cannotListen({ code, message }: NodeJS.ErrnoException, { host, port }: MetricsPortOptions): string {
  if (code === "EADDRINUSE") return `METRICS_PORT=${port} is already in use. Choose another port.`;
  return `METRICS_PORT=${port} cannot be used on METRICS_HOST=${host}: ${message}. Choose another of them.`;
}
