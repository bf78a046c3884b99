/**
 * The server's end of every socket: parse once, charge the buckets, ask the rooms, answer. PROTOCOL.md, "The socket".
 * Envelopes are passed on as they came; nothing here looks into one.
 */
import type { Server as HttpServer } from "node:http";
import {
  Join,
  MAX_SOCKET_MESSAGE_BYTES,
  OutgoingEnvelope,
  SOCKET_VERSION,
  type Address,
  type IceServers,
  type IncomingEnvelope,
  type Joined,
  type Refused,
} from "@swapmeet/shared";
import { Server, type Socket } from "socket.io";
import * as v from "valibot";
import { Bucket, Buckets } from "../base/bucket.ts";
import type { Counters, Refusal } from "../base/counters.ts";
import type { Door } from "./door.ts";
import { CONNECT_TIMEOUT_MS, PING_INTERVAL_MS, PING_TIMEOUT_MS, type Limits } from "../base/limits.ts";
import { whereFrom, type Log } from "../base/log.ts";
import { blockOf, openRoomTag, type IpAddress } from "../base/network.ts";
import { addressOf, type Rooms, type Seat } from "../rooms/rooms.ts";

/** What the server says. What it hears is unknown until parsed. */
interface Said {
  envelope: (envelope: IncomingEnvelope) => void;
  refused: (refused: Refused) => void;
}
type ClientSocket = Socket<Record<string, never>, Said>;
type Answer = (joined: Joined) => void;

const JoinArguments = v.strictTuple([Join]);
const EnvelopeArguments = v.strictTuple([OutgoingEnvelope]);

export interface SocketsContext {
  readonly rooms: Rooms;
  readonly door: Door;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly log: Log;
  /** What a page at this host is told to ask for its address. */
  iceServersAt(host: string | undefined): IceServers;
}

/** Serves sockets on this http server until the returned socket.io server is closed. */
export function serveSockets(http: HttpServer, context: SocketsContext): Server {
  const { rooms, door, counters, limits, log, iceServersAt } = context;
  const addressBuckets = new Buckets(limits.addressMessages);

  const io = new Server<Record<string, never>, Said>(http, {
    serveClient: false,
    transports: ["polling", "websocket"],
    maxHttpBufferSize: MAX_SOCKET_MESSAGE_BYTES,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    allowRequest: (request, decide) => {
      const admitted = door.admit(request, performance.now());
      if (!admitted.ok) counters.refused[admitted.problem]++;
      decide(admitted.ok ? null : admitted.problem, admitted.ok);
    },
  });

  io.engine.on("connection", (connection: ClientSocket["conn"]) => {
    const address = door.addressOf(connection.request);
    if (!address) return connection.close(true);
    const leave = door.enter(address);
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
    const address = door.addressOf(socket.request);
    if (!address) return void socket.disconnect(true);
    const bucket = new Bucket(limits.socketMessages, performance.now());
    // No next(): what a client sends never reaches the socket's own emitter, whatever name it gives its event.
    socket.use((message) => receive(socket, address, bucket, message));
    socket.on("disconnect", () => rooms.leave(socket.id));
  });

  /** The edge: whatever comes in here, nothing is thrown out of it. [J6] */
  function receive(socket: ClientSocket, address: IpAddress, bucket: Bucket, message: unknown[]): void {
    if (socket.conn.readyState !== "open") return; // what came along with the message that closed it
    if (isUnread(socket)) {
      // Every message has an answer, which would wait as well. It comes back once it can read again. [J10]
      counters.refused["slow-reader"]++;
      return void socket.conn.close(true);
    }
    const [event, ...args] = message;
    const answer = typeof args.at(-1) === "function" ? (args.pop() as Answer) : undefined;
    try {
      const now = performance.now();
      const inTime = bucket.take(now) && addressBuckets.take(blockOf(address), now);
      const refusal = inTime ? perform(socket, address, event, args, answer) : "too-fast";
      if (refusal) refuse(socket, event, refusal, answer);
    } catch (error) {
      log("failed", { handling: eventName(event), where: whereFrom(error) });
      refuse(socket, event, "internal");
    }
  }

  function perform(
    socket: ClientSocket,
    address: IpAddress,
    event: unknown,
    args: unknown[],
    answer: Answer | undefined,
  ): RefusedMessage | undefined {
    switch (event) {
      case "join":
        return join(socket, address, args, answer);
      case "sample":
        return sample(socket, args, answer);
      case "envelope":
        return relay(socket, args);
      default:
        return "bad-request";
    }
  }

  function join(
    socket: ClientSocket,
    address: IpAddress,
    args: unknown[],
    answer: Answer | undefined,
  ): RefusedMessage | undefined {
    const parsed = v.safeParse(JoinArguments, args, { abortEarly: true });
    if (!parsed.success || !answer) return "bad-request";
    const [{ secret, room }] = parsed.output;
    const seat: Seat = {
      kind: room.kind,
      tag: room.kind === "open" ? openRoomTag(address) : room.tag,
      address: addressOf(secret),
    };
    const joined = rooms.join(socket.id, seat);
    if (!joined.ok) return joined.problem;
    answer(welcome(socket, seat, joined.value));
    return undefined;
  }

  function sample(
    socket: ClientSocket,
    args: unknown[],
    answer: Answer | undefined,
  ): RefusedMessage | undefined {
    const seat = rooms.seatOf(socket.id);
    if (!seat || !answer || args.length > 0) return "bad-request";
    answer(welcome(socket, seat, rooms.sample(seat)));
    return undefined;
  }

  /** A client of the version before takes an answer with a key more for none. [J14] */
  function welcome({ handshake, request }: ClientSocket, seat: Seat, members: Address[]): Joined {
    const joined = { ok: true as const, tag: seat.tag, address: seat.address, members };
    const version: unknown = handshake.auth["version"];
    if (typeof version !== "number" || version < SOCKET_VERSION) return joined;
    return { ...joined, iceServers: iceServersAt(door.hostOf(request)) };
  }

  /** An unknown recipient and one who is too slow to read look like one who does not answer. [J5] */
  function relay(socket: ClientSocket, args: unknown[]): RefusedMessage | undefined {
    const parsed = v.safeParse(EnvelopeArguments, args, { abortEarly: true });
    const seat = rooms.seatOf(socket.id);
    if (!parsed.success || !seat) return "bad-request";
    const [{ to, bytes }] = parsed.output;
    const recipient = io.sockets.sockets.get(rooms.route(seat, to) ?? "");
    if (!recipient) return undefined;
    if (isUnread(recipient)) {
      counters.refused["slow-reader"]++;
      return undefined;
    }
    recipient.emit("envelope", { from: seat.address, bytes });
    counters.relayed.messages++;
    counters.relayed.bytes += bytes.length;
    return undefined;
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

  return io;
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
