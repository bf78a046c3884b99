/** The signaling server: one port for the page, the sockets and STUN. Opens everything it closes. */
import { randomInt } from "node:crypto";
import type { Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { networkInterfaces } from "node:os";
import { fail, MAX_ROOM_MEMBERS, ok, StunUrl, type IceServers, type Result } from "@swapmeet/shared";
import * as v from "valibot";
import { lanUrls, trustUrls, type Secured } from "./announcement.ts";
import { createCounters, type Counters } from "./base/counters.ts";
import { CLOSE_GRACE_MS, LIMITS, type Limits } from "./base/limits.ts";
import { logToStdout, type Log } from "./base/log.ts";
import type { Cidr } from "./base/network.ts";
import { servePage } from "./http/page.ts";
import { serveTrust } from "./http/trust.ts";
import type { Certificates } from "./https/certificates.ts";
import { secureServer } from "./https/secure.ts";
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
  /** The folder with the built client; without it no page is served. */
  readonly clientDir?: string | undefined;
  /** Proxies whose X-Forwarded-For and X-Forwarded-Host are believed. */
  readonly trustedProxies?: readonly Cidr[];
  /** Answer STUN binding requests on the same port, over UDP. */
  readonly stun?: boolean;
  /** ICE servers that pages are told to use; by default this server's own STUN, at the host that a page is at. */
  readonly iceServers?: IceServers | undefined;
  /** https beside http, on a port of its own. `trustDir`: the folder with the page about trust. */
  readonly https?: SecureOptions | undefined;
  readonly limits?: Partial<Limits>;
  /** The directory that keeps the rooms; by default one in the memory of this process. */
  readonly directory?: Directory;
  readonly log?: Log;
}

export interface SecureOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly certificates: Certificates;
  readonly trustDir: string;
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
  /** What others are told of https, once listening; undefined without it. */
  readonly secured: Secured | undefined;
  readonly counters: Counters;
  health(): Promise<Health>;
  /** Ends within two seconds, even while requests are under way. A second call waits for the same end. */
  close(): Promise<void>;
}

export function createSignalingServer(options: SignalingOptions = {}): SignalingServer {
  const { port = 0, host, clientDir, trustedProxies = [], stun = false, log = logToStdout } = options;
  const limits = { ...LIMITS, ...options.limits };
  const counters = createCounters();
  const directory =
    options.directory ?? new MemoryDirectory({ maxMembers: MAX_ROOM_MEMBERS, random: (n) => randomInt(n) });
  const startedAtMs = performance.now();
  const http: Server = createServer(
    servePage({
      clientDir,
      health,
      log,
      lanUrls: urlsForOthers,
      trust:
        options.https &&
        serveTrust({
          folder: options.https.trustDir,
          authority: options.https.certificates.authority,
          fingerprint: options.https.certificates.fingerprint,
          ports: () => ({ http: portOf(http), https: secure ? portOf(secure) : 0 }),
        }),
    }),
  );
  // A browser opens a few besides its socket, to load the page. More than twice as many serve nobody.
  http.maxConnections = 2 * limits.maxConnections;
  const secure: SecureServer | undefined =
    options.https && secureServer(http, options.https.certificates, log);
  const doors = secure ? [http, secure] : [http];
  const connections = new Set<TcpSocket>();
  for (const door of doors)
    door.on("connection", (connection: TcpSocket) => {
      connections.add(connection);
      connection.once("close", () => connections.delete(connection));
    });
  const io = serveSockets(http, {
    directory,
    door: new Door(limits, trustedProxies),
    counters,
    limits,
    log,
    iceServersAt: (host) => options.iceServers ?? ownStunAt(host),
  });
  let responder: UdpSocket | undefined;
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
    const https = secured();
    const trust = https ? trustUrls(portOf(http), host, networkInterfaces(), https) : [];
    return trust.length > 0 ? trust : lanUrls(portOf(http), host, networkInterfaces());
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
    const opened = await open(http, "PORT", port);
    if (!opened.ok) return opened;
    if (secure && options.https) {
      const alsoOpened = await open(secure, "HTTPS_PORT", options.https.port);
      if (!alsoOpened.ok) return alsoOpened;
    }
    const bound = http.address() as AddressInfo;
    if (stun) responder = await listenForStun(bound);
    log("start", {
      port: bound.port,
      ...(secure && { httpsPort: portOf(secure) }),
      stun: responder !== undefined,
    });
    return ok(bound.port);
  }

  async function open(
    door: Server | SecureServer,
    setting: string,
    port: number,
  ): Promise<Result<void, string>> {
    try {
      door.listen({ port, ...(host !== undefined && { host }) });
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

  async function shutDown(): Promise<void> {
    const closed = doors.filter((door) => door.listening).map((door) => once(door, "close"));
    responder?.close();
    // Closing the transports instead of saying good-bye lets clients reconnect by themselves when we return.
    void io.close();
    secure?.close();
    if (closed.length === 0) return;
    // All of them: http itself closes none that became a WebSocket, and a client out of range answers no good-bye.
    const impatience = setTimeout(() => {
      for (const connection of connections) connection.destroy();
    }, CLOSE_GRACE_MS);
    await Promise.all(closed);
    clearTimeout(impatience);
    log("stop", { relayed: counters.relayed, refused: counters.refused, stun: counters.stun });
  }

  return {
    listen,
    get url() {
      return `http://localhost:${(http.address() as AddressInfo | null)?.port ?? port}`;
    },
    get secured() {
      return secured();
    },
    counters,
    health,
    close: () => (closing ??= shutDown()),
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
