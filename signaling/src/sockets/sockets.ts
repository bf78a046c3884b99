/**
 * The server's end of every socket: charge the buckets, parse once, ask the directory, answer. PROTOCOL.md, "The socket".
 * Envelopes are passed on as they came; nothing here looks into one.
 */
import type { IncomingMessage, Server as HttpServer } from "node:http";
import {
  Join,
  MAX_SOCKET_MESSAGE_BYTES,
  OutgoingEnvelope,
  type IncomingEnvelope,
  type Joined,
  type Refused,
} from "@swapmeet/shared";
import { Server, type Socket } from "socket.io";
import * as v from "valibot";
import { Bucket, Buckets } from "../base/bucket.ts";
import type { Counters, Refusal } from "../base/counters.ts";
import { CONNECT_TIMEOUT_MS, PING_INTERVAL_MS, PING_TIMEOUT_MS, type Limits } from "../base/limits.ts";
import { whereFrom, type Log } from "../base/log.ts";
import type { Caller } from "../base/caller.ts";
import { blockOf, openRoomTag, type IpAddress } from "../base/network.ts";
import type { SharedLimits } from "../base/shared-limits.ts";
import { Unavailable } from "../base/unavailable.ts";
import { addressOf, type Client, type Directory, type Present } from "../rooms/directory.ts";
import { Advice } from "./advice.ts";
import type { Door } from "./door.ts";
import { Turns } from "./turns.ts";

/** The events that the server sends. Those that it receives are unknown until they are parsed. */
interface Said {
  envelope: (envelope: IncomingEnvelope) => void;
  refused: (refused: Refused) => void;
}
type ClientSocket = Socket<Record<string, never>, Said>;
type Answer = (joined: Joined) => void;
type Connections = Readonly<Record<string, ClientSocket["conn"]>>;

/** The sender of a message, with everything that the server keeps for its socket. */
interface Sender {
  readonly socket: ClientSocket;
  readonly caller: Caller;
  readonly client: Client;
  readonly turns: Turns;
}

/** What a client is told of its open room, where that is not what it takes it for. [J8c] [J8d] */
const NEARBY = { known: undefined, hidden: "alone", shared: "everyone" } as const;

const JoinArguments = v.strictTuple([Join]);
const EnvelopeArguments = v.strictTuple([OutgoingEnvelope]);

export type Transport = "polling" | "websocket";

export interface SocketsContext {
  readonly directory: Directory;
  readonly door: Door;
  readonly counters: Counters;
  readonly limits: Limits;
  /** Where other processes serve the same rooms. */
  readonly shared: SharedLimits | undefined;
  readonly transports: readonly Transport[];
  readonly log: Log;
  /** Hears how long the directory took for each join that succeeded. */
  measureJoin(durationMs: number): void;
  /** The name of the network that this address is in. [J8] */
  networkOf(address: IpAddress): string;
  /** The ICE servers that a page at this host is told to use, and how long they are good. [J14] */
  iceServersAt(host: string | undefined): Pick<Extract<Joined, { ok: true }>, "iceServers" | "iceSeconds">;
}

/** All sockets of one http server. */
export interface Sockets {
  /** Connections that are open, by WebSocket or polling. */
  readonly open: number;
  /** Closes that many connections without a good-bye, so that their clients come back by themselves. [J11] */
  drop(count: number): void;
  /** Drops all of them, and takes no more. Resolves when the directory has answered each leave that is under way. */
  close(): Promise<void>;
}

/** Serves sockets on this http server, which `close` closes too. */
export function serveSockets(http: HttpServer, context: SocketsContext): Sockets {
  const { directory, door, counters, limits, shared, log, networkOf, iceServersAt } = context;
  const advice = new Advice(log);
  const addressBuckets = new Buckets(limits.addressMessages);
  const leaves = new Set<Promise<void>>();

  const io = new Server<Record<string, never>, Said>(http, {
    serveClient: false,
    transports: [...context.transports],
    maxHttpBufferSize: MAX_SOCKET_MESSAGE_BYTES,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    destroyUpgrade: false,
    allowRequest: (request, decide) =>
      void door.admit(request, performance.now()).then((admitted) => {
        if (!admitted.ok) turnAway(request, admitted.problem);
        decide(admitted.ok ? null : admitted.problem, admitted.ok);
      }),
  });

  // The library would only say that it has ended, and wait for the client to end too.
  http.on("upgrade", ({ url = "" }, connection) => {
    if (!url.startsWith(`${io.path()}/`)) connection.destroy();
  });

  // A browser reads without an Origin from what it takes for the page's own server, and never writes without one. [J10e]
  io.engine.use((request: IncomingMessage, _response: unknown, next: (error?: Error) => void) => {
    const isWrite = request.method === "POST" || request.headers.upgrade !== undefined;
    const refusal = isWrite ? door.refusalOf(request) : undefined;
    if (refusal) turnAway(request, refusal);
    next(refusal && new Error(refusal));
  });

  io.engine.on("connection", (connection: ClientSocket["conn"]) => {
    const caller = door.callerOf(connection.request);
    if (!caller) return connection.close(true);
    const leave = door.enter(connection.request);
    if (caller.origin === "hidden") counters.proxies.silent++;
    if (caller.origin === "shared") counters.proxies.undeclared++;
    advice.onCaller(caller);
    const frames = new Bucket(limits.socketFrames, performance.now());
    connection.on("packet", () => {
      if (frames.take(performance.now())) return;
      counters.refused.flood++;
      connection.close(true);
    });
    connection.once("close", (_reason: string, cause: unknown) => {
      leave();
      if (isOversize(cause)) counters.refused.oversize++;
    });
  });

  io.on("connection", (socket) => {
    const caller = door.callerOf(socket.request);
    if (!caller) return void socket.disconnect(true);
    const client: Client = { id: socket.id, receive: (envelope) => pass(socket, envelope) };
    const turns = new Turns((error) => {
      if (!(error instanceof Unavailable)) log("failed", { handling: "socket", where: whereFrom(error) });
    });
    const from: Sender = { socket, caller, client, turns };
    const bucket = new Bucket(limits.socketMessages, performance.now());
    // No next(): a client's events never reach the socket's own emitter, under any name.
    socket.use((message) => receive(from, bucket, message));
    // After the joins that are under way: one that was answered later would seat a client that is gone.
    socket.on("disconnect", () => {
      const leave = turns.add(() => directory.leave(client));
      leaves.add(leave);
      void leave.then(() => leaves.delete(leave));
    });
  });

  function turnAway(request: IncomingMessage, refusal: Refusal): void {
    counters.refused[refusal]++;
    advice.onRefusal(request, refusal);
  }

  function receive(from: Sender, bucket: Bucket, message: unknown[]): void {
    const { socket, caller, turns } = from;
    if (!isListening(socket)) return;
    const [event, ...args] = message;
    const answer = typeof args.at(-1) === "function" ? (args.pop() as Answer) : undefined;
    const now = performance.now();
    // Messages that wait for the directory are as many as may come at once; the buckets alone would let them grow.
    const inTime =
      bucket.take(now) &&
      addressBuckets.take(blockOf(caller.address), now) &&
      shared?.spend(blockOf(caller.address), now) !== false &&
      turns.waiting < limits.socketMessages.burst;
    if (inTime) void turns.add(() => handle(from, event, args, answer));
    else refuse(socket, event, "too-fast", answer);
  }

  /** The edge: no message that comes in here makes it throw. [J6] */
  async function handle(from: Sender, event: unknown, args: unknown[], answer?: Answer): Promise<void> {
    const { socket } = from;
    if (!isListening(socket)) return;
    try {
      const refusal = await perform(from, event, args, answer);
      if (refusal) refuse(socket, event, refusal, answer);
    } catch (error) {
      if (error instanceof Unavailable) return refuse(socket, event, "unavailable", answer);
      log("failed", { handling: eventName(event), where: whereFrom(error) });
      refuse(socket, event, "internal");
    }
  }

  async function perform(
    from: Sender,
    event: unknown,
    args: unknown[],
    answer: Answer | undefined,
  ): Promise<RefusedMessage | undefined> {
    switch (event) {
      case "join":
        return join(from, args, answer);
      case "sample":
        return sample(from, args, answer);
      case "envelope":
        return deliver(from, args);
      default:
        return "bad-request";
    }
  }

  async function join(
    { socket, caller, client }: Sender,
    args: unknown[],
    answer: Answer | undefined,
  ): Promise<RefusedMessage | undefined> {
    const parsed = v.safeParse(JoinArguments, args, { abortEarly: true });
    if (!parsed.success || !answer) return "bad-request";
    const [{ secret, room }] = parsed.output;
    const address = addressOf(secret);
    // A client whose network nobody knows is in an open room of its own. [J8c]
    const network = caller.origin === "hidden" ? `alone|${address}` : networkOf(caller.address);
    const tag = room.kind === "open" ? openRoomTag(network) : room.tag;
    const askedAtMs = performance.now();
    const joined = await directory.join(client, { kind: room.kind, tag, address });
    if (!joined.ok) return joined.problem;
    context.measureJoin(performance.now() - askedAtMs);
    answer(welcome(socket, caller, joined.value));
    return undefined;
  }

  async function sample(
    { socket, caller, client }: Sender,
    args: unknown[],
    answer: Answer | undefined,
  ): Promise<RefusedMessage | undefined> {
    if (!answer || args.length > 0) return "bad-request";
    const sampled = await directory.sample(client);
    if (!sampled.ok) return "bad-request";
    answer(welcome(socket, caller, sampled.value));
    return undefined;
  }

  /** A client of an older version would ignore an answer with a key that it does not know. [J14a] */
  function welcome({ handshake, request }: ClientSocket, caller: Caller, { seat, others }: Present): Joined {
    const said: unknown = handshake.auth["version"];
    const version = typeof said === "number" ? said : 1;
    const { iceServers, iceSeconds } = iceServersAt(door.hostOf(request));
    const nearby = seat.kind === "open" ? NEARBY[caller.origin] : undefined;
    return {
      ok: true,
      tag: seat.tag,
      address: seat.address,
      members: others,
      ...(version >= 2 && { iceServers }),
      ...(version >= 3 && iceSeconds !== undefined && { iceSeconds }),
      ...(version >= 3 && nearby && { nearby }),
    };
  }

  async function deliver({ client }: Sender, args: unknown[]): Promise<RefusedMessage | undefined> {
    const parsed = v.safeParse(EnvelopeArguments, args, { abortEarly: true });
    if (!parsed.success) return "bad-request";
    const delivered = await directory.deliver(client, parsed.output[0]);
    return delivered.ok ? undefined : "bad-request";
  }

  /** To its sender, a recipient that left or is too slow to read looks like one that does not answer. [J5] */
  function pass(recipient: ClientSocket, envelope: IncomingEnvelope): void {
    if (!recipient.connected) return;
    if (isUnread(recipient)) return void counters.refused["slow-reader"]++;
    recipient.emit("envelope", envelope);
    counters.relayed.messages++;
    counters.relayed.bytes += envelope.bytes.length;
  }

  /** False once the connection closes. A client that does not read its answers is disconnected: more would wait. [J10] */
  function isListening(socket: ClientSocket): boolean {
    if (socket.conn.readyState !== "open") return false;
    if (!isUnread(socket)) return true;
    counters.refused["slow-reader"]++;
    socket.conn.close(true);
    return false;
  }

  function isUnread({ conn }: ClientSocket): boolean {
    return conn["writeBuffer"].length >= limits.maxWaitingFrames;
  }

  function refuse(
    socket: ClientSocket,
    event: unknown,
    reason: "internal" | RefusedMessage,
    answer?: Answer,
  ) {
    counters.refused[reason]++;
    if (answer && reason !== "internal") answer({ ok: false, reason });
    else socket.emit("refused", { event: eventName(event), reason });
  }

  return {
    get open() {
      return io.engine.clientsCount;
    },
    drop(count) {
      for (const connection of Object.values(io.engine["clients"] as Connections).slice(0, count))
        connection.close(true);
    },
    async close() {
      await io.close();
      await Promise.all(leaves);
    },
  };
}

type RefusedMessage = Extract<Refusal, Extract<Joined, { ok: false }>["reason"]>;

/** Never the client's own text: it would come back at any length. */
function eventName(event: unknown): string {
  return event === "join" || event === "sample" || event === "envelope" ? event : "unknown";
}

/** The WebSocket library closes a connection for a frame over the limit, unread, and tells it only by this message. */
function isOversize(cause: unknown): boolean {
  return cause instanceof Error && cause.message.includes("Max payload size exceeded");
}
