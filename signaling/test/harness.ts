/** A real server on a free port, and real clients of it; all closed after each test. */
import { Joined, type IncomingEnvelope, type Refused } from "@swapmeet/shared";
import { io, type Socket } from "socket.io-client";
import * as v from "valibot";
import { afterEach, expect } from "vitest";
import type { Log } from "../src/base/log.ts";
import { createSignalingServer, type SignalingOptions } from "../src/server.ts";

export const TAG = "a".repeat(64);
export const OTHER_TAG = "b".repeat(64);
export const secret = (n: number) => n.toString(16).padStart(32, "0");
export const privately = (n: number, tag = TAG) => ({ secret: secret(n), room: { kind: "private", tag } });
export const openly = (n: number) => ({ secret: secret(n), room: { kind: "open" } });

/** Only a server that hangs takes so long. */
const HANG_MS = 60_000;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export async function startServer(options: SignalingOptions = {}) {
  const lines: string[] = [];
  const log: Log = (event, facts) => void lines.push(JSON.stringify({ event, ...facts }));
  const server = createSignalingServer({ host: "127.0.0.1", log, ...options });
  closers.push(() => server.close());
  const listening = await server.listen();
  if (!listening.ok) throw new Error(listening.problem);
  return { server, port: listening.value, url: `http://127.0.0.1:${listening.value}`, lines };
}

export class TestClient {
  readonly socket: Socket;
  readonly envelopes: IncomingEnvelope[] = [];
  readonly refusals: Refused[] = [];

  /** `auth`: the fields of its handshake; a client of version 1 sends none. */
  constructor(
    url: string,
    extraHeaders: Record<string, string> = {},
    transports = ["websocket"],
    auth: Record<string, unknown> = {},
  ) {
    this.socket = io(url, { transports, extraHeaders, auth, forceNew: true, reconnection: false });
    this.socket.on("envelope", (envelope) => this.envelopes.push(envelope));
    this.socket.on("refused", (refused) => this.refusals.push(refused));
    closers.push(() => this.socket.disconnect());
  }

  /** Sends an event with any arguments, and returns the acknowledgement, checked against the vocabulary. */
  async ask(event: string, ...args: unknown[]): Promise<Joined> {
    return v.parse(Joined, await this.socket.timeout(HANG_MS).emitWithAck(event, ...args));
  }

  async join(request: unknown): Promise<Extract<Joined, { ok: true }>> {
    const joined = await this.ask("join", request);
    if (!joined.ok) throw new Error(joined.reason);
    return joined;
  }

  /** Resolves when everything sent to this client before has arrived, since a socket keeps its order. */
  async settle(): Promise<void> {
    await this.ask("sample");
  }
}

export async function connect(
  url: string,
  headers?: Record<string, string>,
  transports?: string[],
  auth?: Record<string, unknown>,
) {
  const client = new TestClient(url, headers, transports, auth);
  await new Promise<void>((resolve, reject) => {
    client.socket.once("connect", resolve);
    client.socket.once("connect_error", reject);
  });
  return client;
}

/** A room of `size` members, all connected to one server. */
export async function startRoom(size: number, options?: SignalingOptions) {
  const started = await startServer(options);
  const clients = await Promise.all(Array.from({ length: size }, () => connect(started.url)));
  const addresses: string[] = [];
  for (const [n, client] of clients.entries()) addresses.push((await client.join(privately(n))).address);
  return { ...started, clients, addresses };
}

export function expectNobodyHeard(...clients: TestClient[]): void {
  for (const client of clients) expect(client.envelopes).toEqual([]);
}
