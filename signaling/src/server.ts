/** The signaling server: one port for the page, the sockets and STUN. Opens everything it closes. */
import { randomInt } from "node:crypto";
import type { Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { fail, MAX_ROOM_MEMBERS, ok, StunUrl, type IceServers, type Result } from "@swapmeet/shared";
import * as v from "valibot";
import { outsideAddresses, outsideUrls, trustUrls, type Secured } from "./announcement.ts";
import { createCounters, type Counters } from "./base/counters.ts";
import { BACKLOG, CLOSE_GRACE_MS, LEAVE_GRACE_MS, LIMITS, type Limits } from "./base/limits.ts";
import { logToStdout, type Log } from "./base/log.ts";
import { within } from "./base/within.ts";
import { LAN, networkOf, type Cidr } from "./base/network.ts";
import { Connections, patience } from "./http/connections.ts";
import { Origins } from "./base/origins.ts";
import { OwnLinks, type Interfaces } from "./base/own-links.ts";
import { OwnNames } from "./base/own-names.ts";
import { enterBasePath } from "./http/base-path.ts";
import { servePage } from "./http/page.ts";
import { behindToken, type ReportsByPath } from "./http/report.ts";
import { serveTrust } from "./http/trust.ts";
import type { Certificates } from "./https/certificates.ts";
import { secureServer } from "./https/secure.ts";
import { toldServers, type TurnServers } from "./ice-servers.ts";
import { openMetricsPort, type MetricsPort } from "./operator/metrics-port.ts";
import { createMetrics } from "./operator/metrics.ts";
import { Vitals, type Health } from "./operator/vitals.ts";
import { RedisLimits } from "./redis/redis-limits.ts";
import { RedisProcess, type RedisOptions } from "./redis/redis-process.ts";
import type { Directory } from "./rooms/directory.ts";
import { MemoryDirectory } from "./rooms/memory-directory.ts";
import { RedisDirectory } from "./rooms/redis-directory.ts";
import { Door } from "./sockets/door.ts";
import { drain } from "./sockets/drain.ts";
import { serveSockets, type Transport } from "./sockets/sockets.ts";
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
  /** STUN servers that pages are told to use; by default this server's own, at the host that a page is at. */
  readonly iceServers?: IceServers | undefined;
  /** Where /metrics is; by default nowhere. */
  readonly metrics?: MetricsOptions;
  /** Relay servers that pages are told to use beside them. */
  readonly turn?: TurnServers | undefined;
  /** https beside http, on a port of its own. `trustDir`: the folder with the page about trust. */
  readonly https?: SecureOptions | undefined;
  readonly limits?: Partial<Limits>;
  /** The networks of this computer; by default what the system says. */
  readonly interfaces?: () => Interfaces;
  /** The directory that keeps the rooms; by default one in the memory of this process. */
  readonly directory?: Directory;
  /** The Redis through which several processes share their rooms and the limits of an address. */
  readonly redis?: RedisOptions | undefined;
  /** By default both. Without polling, a client may reach another process with each request. */
  readonly transports?: readonly Transport[] | undefined;
  readonly log?: Log;
}

export interface MetricsOptions {
  /** A port of its own; 0 takes any free one. Without it, the port of the page, behind the token. */
  readonly port?: number | undefined;
  /** The address of that port; by default this computer alone. */
  readonly host?: string | undefined;
  /** Must come with each request for metrics. */
  readonly token?: string | undefined;
}

export interface SecureOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly certificates: Certificates;
  readonly trustDir: string;
}

export interface SignalingServer {
  /** The port it listens on, or a sentence that names cause and remedy. */
  listen(): Promise<Result<number, string>>;
  /** The page's address on this computer, once listening. */
  readonly url: string;
  /** What others are told of https, once listening; undefined without it. */
  readonly secured: Secured | undefined;
  readonly counters: Counters;
  health(): Promise<Health>;
  /** Admits no more sockets, closes those that are open in groups over this time, then closes. [J11a] */
  drain(overMs: number): Promise<void>;
  /** Ends within three seconds, even while requests are under way. A second call waits for the same end. */
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";

export function createSignalingServer(options: SignalingOptions = {}): SignalingServer {
  const { port = 0, host, clientDir, trustedProxies = [], stun = false, log = logToStdout } = options;
  const { basePath = "/", publicOrigin, interfaces = networkInterfaces } = options;
  const limits = { ...LIMITS, ...options.limits };
  const counters = createCounters();
  const redis = options.redis && new RedisProcess(options.redis, log);
  const shared = redis && new RedisLimits(redis, limits);
  const rooms = { maxMembers: MAX_ROOM_MEMBERS, random: (n: number) => randomInt(n) };
  const directory =
    options.directory ?? (redis ? new RedisDirectory(redis, rooms) : new MemoryDirectory(rooms));
  const vitals = new Vitals({ directory, counters, isDraining: () => draining !== undefined });
  const { port: metricsPort, host: metricsHost = LOOPBACK, token } = options.metrics ?? {};
  const metrics =
    metricsPort === undefined && token === undefined
      ? undefined
      : createMetrics({ counters, size: () => vitals.size(), sockets: () => sockets.open });
  const metricsReports: ReportsByPath = new Map(
    metrics && [["/metrics", token === undefined ? metrics.report : behindToken(token, metrics.report)]],
  );
  const ownNames = new OwnNames({
    hostname: hostname(),
    addresses: () => outsideAddresses(interfaces()),
    now: () => performance.now(),
  });
  const ownLinks = new OwnLinks({ interfaces, now: () => performance.now() });
  const origins = new Origins({ publicOrigin, trustedProxies, ownNames });
  const http: Server = createServer(
    // A proxy may leave the host out; `origins` decides what that means.
    { ...patience(limits), requireHostHeader: false },
    servePage({
      clientDir,
      basePath,
      publicOrigin,
      isKnown: (request) => origins.refusalOf(request) === undefined,
      reports: new Map([
        ["/healthz", vitals.healthReport],
        ["/readyz", vitals.readinessReport],
        ...(metricsPort === undefined ? metricsReports : []),
      ]),
      log,
      outsideUrls: urlsForOthers,
      trust:
        options.https &&
        serveTrust({
          folder: options.https.trustDir,
          authority: options.https.certificates.authority,
          fingerprint: options.https.certificates.fingerprint,
          basePath,
          ports: () => ({ http: portOf(http), https: secure ? portOf(secure) : 0 }),
        }),
    }),
  );
  const connections = new Connections(http, { limits, trustedProxies, counters });
  const secure: SecureServer | undefined =
    options.https && secureServer(http, options.https.certificates, patience(limits), log);
  if (secure) connections.watch(secure);
  const door = new Door(limits, trustedProxies, origins, shared);
  const sockets = serveSockets(http, {
    directory,
    door,
    counters,
    limits,
    shared,
    transports: options.transports ?? ["polling", "websocket"],
    log,
    measureJoin: (durationMs) => metrics?.measureJoin(durationMs),
    networkOf: (address) => (ownLinks.has(address) ? LAN : networkOf(address)),
    iceServersAt: (host) => toldServers(options.iceServers ?? ownStunAt(host), options.turn, Date.now()),
  });
  // Before the sockets and the page look at a request.
  for (const event of ["request", "upgrade"] as const)
    http.prependListener(event, (request: IncomingMessage) => enterBasePath(request, basePath));
  let responder: UdpSocket | undefined;
  let ownMetricsPort: MetricsPort | undefined;
  let draining: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  /** UDP goes past a proxy: straight to the port that is listened on. [J14] */
  function ownStunAt(host: string | undefined): IceServers {
    const url = `stun:${host}:${portOf(http)}`;
    return responder && host !== undefined && v.is(StunUrl, url) ? [{ urls: [url] }] : [];
  }

  function secured(): Secured | undefined {
    if (!options.https || !secure?.listening) return undefined;
    const { names, fingerprint } = options.https.certificates;
    return { port: portOf(secure), names, fingerprint };
  }

  /** An invitation from this computer leads newcomers to the page about trust, which leads them on. */
  function urlsForOthers(): string[] {
    const https = publicOrigin === undefined ? secured() : undefined;
    const trust = https ? trustUrls(portOf(http), host, interfaces(), https) : [];
    return trust.length > 0
      ? trust
      : outsideUrls(portOf(http), host, interfaces(), { basePath, publicOrigin });
  }

  async function listen(): Promise<Result<number, string>> {
    const opened = await open(http, "PORT", port);
    if (!opened.ok) return opened;
    if (secure && options.https) {
      const alsoOpened = await open(secure, "HTTPS_PORT", options.https.port);
      if (!alsoOpened.ok) return alsoOpened;
    }
    if (metricsPort !== undefined) {
      const opened = await openMetricsPort({
        host: metricsHost,
        port: metricsPort,
        reports: metricsReports,
        log,
      });
      if (!opened.ok) return opened;
      ownMetricsPort = opened.value;
    }
    const bound = http.address() as AddressInfo;
    if (stun) responder = await listenForStun(bound);
    void ownNames.ask();
    await redis?.start();
    log("start", {
      port: bound.port,
      ...(secure && { httpsPort: portOf(secure) }),
      stun: responder !== undefined,
      metricsPort: ownMetricsPort?.port,
    });
    return ok(bound.port);
  }

  async function open(
    door: Server | SecureServer,
    setting: string,
    port: number,
  ): Promise<Result<void, string>> {
    try {
      door.listen({ port, backlog: BACKLOG, ...(host !== undefined && { host }) });
      await once(door, "listening");
    } catch (error) {
      return fail(cannotListen(error as NodeJS.ErrnoException, setting, port, host));
    }
    door.on("error", (error) => log("http-error", { name: error.name }));
    return ok(undefined);
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

  async function drainAndClose(overMs: number): Promise<void> {
    door.shut();
    log("drain", { sockets: sockets.open });
    await drain(sockets, overMs);
    await close();
  }

  async function shutDown(): Promise<void> {
    const wasListening = http.listening;
    responder?.close();
    ownMetricsPort?.close();
    const secureClosed = secure?.listening ? once(secure, "close") : undefined;
    secure?.close();
    // Closing the transports instead of saying good-bye lets clients reconnect by themselves when we return.
    const closed = Promise.all([sockets.close(), secureClosed]);
    // All of them: http itself closes none that became a WebSocket, and a client out of range answers no good-bye.
    const impatience = setTimeout(() => connections.destroyAll(), CLOSE_GRACE_MS);
    await within(CLOSE_GRACE_MS + LEAVE_GRACE_MS, closed);
    clearTimeout(impatience);
    await within(LEAVE_GRACE_MS, directory.close());
    if (wasListening)
      log("stop", { relayed: counters.relayed, refused: counters.refused, stun: counters.stun });
  }

  const close = () => (closing ??= shutDown());

  return {
    listen,
    get url() {
      const bound = (http.address() as AddressInfo | null)?.port ?? port;
      return `http://localhost:${bound}${basePath.slice(0, -1)}`;
    },
    get secured() {
      return secured();
    },
    counters,
    health: () => vitals.health(),
    drain: (overMs) => (draining ??= drainAndClose(overMs)),
    close,
  };
}

const portOf = (door: Server | SecureServer): number => (door.address() as AddressInfo).port;

function cannotListen(
  error: NodeJS.ErrnoException,
  setting: string,
  port: number,
  host: string | undefined,
): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `Port ${port} is already in use, perhaps by another Swapmeet. Stop that program, or choose another port: ${startAt(setting, port + 1)}`;
    case "EACCES":
      return `This system does not let you use port ${port}. Choose one above 1023: ${startAt(setting, setting === "PORT" ? 3000 : 3443)}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `HOST=${host} is not an address of this computer. Leave HOST out to listen on all of them.`;
    default:
      return `The server cannot listen on port ${port}: ${error.message}`;
  }
}

/** A person types this in PowerShell on Windows, and in a shell elsewhere. */
function startAt(setting: string, port: number): string {
  const command = setting === "PORT" ? "npm start" : "npm start -- --https";
  return process.platform === "win32"
    ? `$env:${setting}=${port}; ${command}`
    : `${setting}=${port} ${command}`;
}
