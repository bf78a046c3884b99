/** Answers for programs: what the tools of an operator ask for, each at its path. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

export interface Reported {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** May reject: the request has failed then. */
export type Report = (request: IncomingMessage) => Promise<Reported>;
export type ReportsByPath = ReadonlyMap<string, Report>;

export const json = (value: object, status = 200): Reported => ({
  status,
  body: JSON.stringify(value),
  headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
});

export const sentence = (status: number, text: string, headers = {}): Reported => ({
  status,
  body: `${text}\n`,
  headers: { "Content-Type": "text/plain; charset=utf-8", ...headers },
});

export function reply(response: ServerResponse, { status, body, headers }: Reported): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, headers).end(body);
}

/** Only for those that send this token (RFC 6750, 2.1). Hashes are compared, so that time tells neither text nor length. */
export function behindToken(token: string, report: Report): Report {
  const expected = hashOf(`Bearer ${token}`);
  return async (request) =>
    timingSafeEqual(hashOf(request.headers.authorization ?? ""), expected)
      ? report(request)
      : sentence(401, "The token is missing or wrong.", { "WWW-Authenticate": "Bearer" });
}

const hashOf = (text: string) => createHash("sha256").update(text).digest();
