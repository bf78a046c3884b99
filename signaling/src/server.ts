/** The signaling server: one port for the page, the sockets and STUN. Opens everything it closes. */
import { randomInt } from "node:crypto";
import type { Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { fail, MAX_ROOM_MEMBERS, ok, StunUrl, type IceServers, type Result } from "@swapmeet/shared";
import * as v from "valibot";
import { outsideAddresses, outsideUrls } from "./announcement.ts";
import { createCounters, type Counters } from "./base/counters.ts";
import { CLOSE_GRACE_MS, LIMITS, type Limits } from "./base/limits.ts";
import { logToStdout, type Log } from "./base/log.ts";
import { LAN, networkOf, type Cidr } from "./base/network.ts";
import { Origins } from "./base/origins.ts";
import { OwnLinks, type Interfaces } from "./base/own-links.ts";
import { OwnNames } from "./base/own-names.ts";
import { enterBasePath } from "./http/base-path.ts";
import { servePage } from "./http/page.ts";
import type { Directory, Size } from "./rooms/directory.ts";
import { MemoryDirectory } from "./rooms/memory-directory.ts";
import { Door } from "./sockets/door.ts";
import { serveSockets } from "./sockets/sockets.ts";
import { openResponder } from "./stun/responder.ts";

export { parseCidr } from "./base/network.ts";

export interface SignalingOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** By default every address, IPv6 and IPv4. */
  readonly host?: string | undefined;
  /** The path of the page, with a slash at both ends; by default the root. */
  readonly basePath?: string;
  /** The origin at which people open the page, where the server can't know it. */
  readonly publicOrigin?: string | undefined;
  /** The folder with the built client; without it no page is served. */
  readonly clientDir?: string | undefined;
  /** Proxies whose X-Forwarded-For and X-Forwarded-Host are believed. */
  readonly trustedProxies?: readonly Cidr[];
  /** Answer STUN binding requests on the same port, over UDP. */
  readonly stun?: boolean;
  /** ICE servers that pages are told to use; by default this server's own STUN, at the host that a page is at. */
  readonly iceServers?: IceServers | undefined;
  readonly limits?: Partial<Limits>;
  /** The networks of this computer; by default what the system says. */
  readonly interfaces?: () => Interfaces;
  /** The directory that keeps the rooms; by default one in the memory of this process. */
  readonly directory?: Directory;
  readonly log?: Log;
}

export interface Health extends Size {
  readonly status: "ok";
  readonly uptimeSeconds: number;
  readonly relayed: Counters["relayed"];
  readonly refused: Counters["refused"];
  readonly proxies: Counters["proxies"];
  readonly stun: Counters["stun"];
}

export interface SignalingServer {
  /** The port it listens on, or a sentence that names cause and remedy. */
  listen(): Promise<Result<number, string>>;
  /** The page's address on this computer, once listening. */
  readonly url: string;
  readonly counters: Counters;
  health(): Promise<Health>;
  /** Ends within two seconds, even while requests are under way. A second call waits for the same end. */
  close(): Promise<void>;
}

export function createSignalingServer(options: SignalingOptions = {}): SignalingServer {
  const { port = 0, host, clientDir, trustedProxies = [], stun = false, log = logToStdout } = options;
  const { basePath = "/", publicOrigin, interfaces = networkInterfaces } = options;
  const limits = { ...LIMITS, ...options.limits };
  const counters = createCounters();
  const directory =
    options.directory ?? new MemoryDirectory({ maxMembers: MAX_ROOM_MEMBERS, random: (n) => randomInt(n) });
  const startedAtMs = performance.now();
  const ownNames = new OwnNames({
    hostname: hostname(),
    addresses: () => outsideAddresses(interfaces()),
    now: () => performance.now(),
  });
  const ownLinks = new OwnLinks({ interfaces, now: () => performance.now() });
  const origins = new Origins({ publicOrigin, trustedProxies, ownNames });
  const http: Server = createServer(
    // A proxy may leave it out; `origins` decides what that means.
    { requireHostHeader: false },
    servePage({
      clientDir,
      basePath,
      publicOrigin,
      isKnown: (request) => origins.refusalOf(request) === undefined,
      health,
      log,
      outsideUrls: () =>
        outsideUrls((http.address() as AddressInfo).port, host, interfaces(), {
          basePath,
          publicOrigin,
        }),
    }),
  );
  // A browser opens a few besides its socket, to load the page. More than twice as many serve nobody.
  http.maxConnections = 2 * limits.maxConnections;
  const connections = new Set<TcpSocket>();
  http.on("connection", (connection: TcpSocket) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
  });
  const io = serveSockets(http, {
    directory,
    door: new Door(limits, trustedProxies, origins),
    counters,
    limits,
    log,
    networkOf: (address) => (ownLinks.has(address) ? LAN : networkOf(address)),
    iceServersAt: (host) => options.iceServers ?? ownStunAt(host),
  });
  // Before the sockets and the page look at a request.
  for (const event of ["request", "upgrade"] as const)
    http.prependListener(event, (request: IncomingMessage) => enterBasePath(request, basePath));
  let responder: UdpSocket | undefined;
  let closing: Promise<void> | undefined;

  /** UDP goes past a proxy: straight to the port that is listened on. [J14] */
  function ownStunAt(host: string | undefined): IceServers {
    const url = `stun:${host}:${(http.address() as AddressInfo).port}`;
    return responder && host !== undefined && v.is(StunUrl, url) ? [{ urls: [url] }] : [];
  }

  async function health(): Promise<Health> {
    return {
      status: "ok",
      uptimeSeconds: Math.floor((performance.now() - startedAtMs) / 1_000),
      ...(await directory.size()),
      ...counters,
    };
  }

  async function listen(): Promise<Result<number, string>> {
    try {
      http.listen({ port, ...(host !== undefined && { host }) });
      await once(http, "listening");
    } catch (error) {
      return fail(cannotListen(error as NodeJS.ErrnoException, port, host));
    }
    const bound = http.address() as AddressInfo;
    http.on("error", (error) => log("http-error", { name: error.name }));
    if (stun) responder = await listenForStun(bound);
    void ownNames.ask();
    log("start", { port: bound.port, stun: responder !== undefined });
    return ok(bound.port);
  }

  async function listenForStun(bound: AddressInfo): Promise<UdpSocket | undefined> {
    try {
      const ratePerAddress = limits.addressStun;
      return await openResponder({ host: bound.address, port: bound.port, ratePerAddress, counters });
    } catch (error) {
      log("no-stun", { cause: (error as NodeJS.ErrnoException).code });
      return undefined;
    }
  }

  async function shutDown(): Promise<void> {
    const closed = http.listening ? once(http, "close") : undefined;
    responder?.close();
    // Closing the transports instead of saying good-bye lets clients reconnect by themselves when we return.
    void io.close();
    if (!closed) return;
    // All of them: http itself closes none that became a WebSocket, and a client out of range answers no good-bye.
    const impatience = setTimeout(() => {
      for (const connection of connections) connection.destroy();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(impatience);
    log("stop", { relayed: counters.relayed, refused: counters.refused, stun: counters.stun });
  }

  return {
    listen,
    get url() {
      const bound = (http.address() as AddressInfo | null)?.port ?? port;
      return `http://localhost:${bound}${basePath.slice(0, -1)}`;
    },
    counters,
    health,
    close: () => (closing ??= shutDown()),
  };
}

function cannotListen(error: NodeJS.ErrnoException, port: number, host: string | undefined): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `Port ${port} is already in use, perhaps by another Swapmeet. Stop that program, or choose another port: ${startAt(port + 1)}`;
    case "EACCES":
      return `This system does not let you use port ${port}. Choose one above 1023: ${startAt(3000)}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `HOST=${host} is not an address of this computer. Leave HOST out to listen on all of them.`;
    default:
      return `The server cannot listen on port ${port}: ${error.message}`;
  }
}

/** A person types this in PowerShell on Windows, and in a shell elsewhere. */
function startAt(port: number): string {
  return process.platform === "win32" ? `$env:PORT=${port}; npm start` : `PORT=${port} npm start`;
}
