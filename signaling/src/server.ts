/** The signaling server: one port for the page, the sockets and STUN. Opens everything it closes. */
import { randomInt } from "node:crypto";
import type { Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { networkInterfaces } from "node:os";
import { fail, MAX_ROOM_MEMBERS, ok, StunUrl, type IceServers, type Result } from "@swapmeet/shared";
import * as v from "valibot";
import { lanUrls } from "./announcement.ts";
import { createCounters, type Counters } from "./base/counters.ts";
import { CLOSE_GRACE_MS, LIMITS, type Limits } from "./base/limits.ts";
import { logToStdout, type Log } from "./base/log.ts";
import type { Cidr } from "./base/network.ts";
import { servePage } from "./http/page.ts";
import { RedisLimits } from "./redis/redis-limits.ts";
import { RedisProcess, type RedisOptions } from "./redis/redis-process.ts";
import type { Directory, Size } from "./rooms/directory.ts";
import { MemoryDirectory } from "./rooms/memory-directory.ts";
import { RedisDirectory } from "./rooms/redis-directory.ts";
import { Door } from "./sockets/door.ts";
import { serveSockets, type Transport } from "./sockets/sockets.ts";
import { openResponder } from "./stun/responder.ts";

export { parseCidr } from "./base/network.ts";

export interface SignalingOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** By default every address, IPv6 and IPv4. */
  readonly host?: string | undefined;
  /** The folder with the built client; without it no page is served. */
  readonly clientDir?: string | undefined;
  /** Proxies whose X-Forwarded-For and X-Forwarded-Host are believed. */
  readonly trustedProxies?: readonly Cidr[];
  /** Answer STUN binding requests on the same port, over UDP. */
  readonly stun?: boolean;
  /** ICE servers that pages are told to use; by default this server's own STUN, at the host that a page is at. */
  readonly iceServers?: IceServers | undefined;
  readonly limits?: Partial<Limits>;
  /** The directory that keeps the rooms; by default one in the memory of this process. */
  readonly directory?: Directory;
  /** The Redis through which several processes share their rooms and the limits of an address. */
  readonly redis?: RedisOptions | undefined;
  /** By default both. Without polling, a client may reach another process with each request. */
  readonly transports?: readonly Transport[] | undefined;
  readonly log?: Log;
}

export interface Health extends Size {
  readonly status: "ok";
  readonly uptimeSeconds: number;
  readonly relayed: Counters["relayed"];
  readonly refused: Counters["refused"];
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
  const limits = { ...LIMITS, ...options.limits };
  const counters = createCounters();
  const redis = options.redis && new RedisProcess(options.redis, log);
  const shared = redis && new RedisLimits(redis, limits);
  const rooms = { maxMembers: MAX_ROOM_MEMBERS, random: (n: number) => randomInt(n) };
  const directory =
    options.directory ?? (redis ? new RedisDirectory(redis, rooms) : new MemoryDirectory(rooms));
  const startedAtMs = performance.now();
  const http: Server = createServer(
    servePage({
      clientDir,
      health,
      log,
      lanUrls: () => lanUrls((http.address() as AddressInfo).port, host, networkInterfaces()),
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
    door: new Door(limits, trustedProxies, shared),
    counters,
    limits,
    shared,
    transports: options.transports ?? ["polling", "websocket"],
    log,
    iceServersAt: (host) => options.iceServers ?? ownStunAt(host),
  });
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
    await redis?.start();
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
    if (!closed) return directory.close();
    // All of them: http itself closes none that became a WebSocket, and a client out of range answers no good-bye.
    const impatience = setTimeout(() => {
      for (const connection of connections) connection.destroy();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(impatience);
    await directory.close();
    log("stop", { relayed: counters.relayed, refused: counters.refused, stun: counters.stun });
  }

  return {
    listen,
    get url() {
      return `http://localhost:${(http.address() as AddressInfo | null)?.port ?? port}`;
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
