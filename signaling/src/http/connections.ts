/**
 * The TCP connections of the server. Each must come to something in time, and one address has a limited number that did
 * not become WebSockets; those are bounded at the door of the sockets.
 */
import type { Server, ServerOptions } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import type { Counters } from "../base/counters.ts";
import type { Limits } from "../base/limits.ts";
import { blockOf, isWithin, parseAddress, type Cidr } from "../base/network.ts";

/** For createServer, which alone takes the interval. */
export const patience = (limits: Limits): ServerOptions => ({
  headersTimeout: limits.headersMs,
  requestTimeout: limits.requestMs,
  connectionsCheckingInterval: limits.lateCheckMs,
});

export interface ConnectionsOptions {
  readonly limits: Limits;
  readonly trustedProxies: readonly Cidr[];
  readonly counters: Counters;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Set<Socket>();
  /** The connections that speak plain http, or nothing yet. */
  readonly #blockByPlain = new Map<string, string>();
  readonly #plainByBlock = new Map<string, number>();

  constructor(http: Server, options: ConnectionsOptions) {
    this.#options = options;
    this.watch(http);
    // Those of https are handed on to here.
    http.on("upgrade", (_request, connection: Socket) => this.#forget(endsOf(connection)));
  }

  watch(server: Server | SecureServer): void {
    const { limits } = this.#options;
    // A browser opens a few besides its socket, to load the page. More than twice as many serve nobody.
    server.maxConnections = 2 * limits.maxConnections;
    server.timeout = limits.silenceMs;
    server.on("connection", (connection: Socket) => this.#enter(connection));
  }

  destroyAll(): void {
    for (const connection of this.#open) connection.destroy();
  }

  #enter(connection: Socket): void {
    const { limits, trustedProxies, counters } = this.#options;
    const address = parseAddress(connection.remoteAddress ?? "");
    if (!address) return void connection.destroy();
    const block = blockOf(address);
    const plain = this.#plainByBlock.get(block) ?? 0;
    // A proxy brings the connections of everybody.
    if (plain >= limits.maxPlainConnectionsPerAddress && !isWithin(address, trustedProxies)) {
      counters.refused["too-many-connections"]++;
      return void connection.destroy();
    }
    this.#open.add(connection);
    const ends = endsOf(connection);
    this.#blockByPlain.set(ends, block);
    this.#plainByBlock.set(block, plain + 1);
    connection.once("close", () => {
      this.#open.delete(connection);
      this.#forget(ends);
    });
  }

  #forget(ends: string): void {
    const block = this.#blockByPlain.get(ends);
    if (block === undefined) return;
    this.#blockByPlain.delete(ends);
    const plain = this.#plainByBlock.get(block)! - 1;
    if (plain === 0) this.#plainByBlock.delete(block);
    else this.#plainByBlock.set(block, plain);
  }
}

/** Names a connection, also where TLS wraps its socket in another. */
const endsOf = ({ remoteAddress, remotePort, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localPort}`;
