/** The socket to the signaling server: joins the room, again after every reconnect, and carries envelopes. */
import { io, type Socket } from "socket.io-client";
import * as v from "valibot";
import {
  IncomingEnvelope,
  Joined,
  RefusedHandshake,
  SOCKET_VERSION,
  type Address,
  type IceServers,
  type Join,
  type JoinRefusal,
  type Nearby,
  type RoomTag,
} from "@swapmeet/shared";

/** Why the server answers a join, or a handshake, with no. [J6a] [J10e] */
export type ServerRefusal = JoinRefusal | v.InferOutput<typeof RefusedHandshake>["message"];

export interface SignalingEvents {
  /** `iceServers`: undefined from a server of version 1. [J14] `nearby`: only where the room is not as usual. [J14f] */
  joined(
    tag: RoomTag,
    address: Address,
    members: readonly Address[],
    iceServers: IceServers | undefined,
    nearby: Nearby | undefined,
  ): void;
  refused(reason: ServerRefusal): void;
  envelope(from: Address, bytes: Uint8Array): void;
  /** The socket is gone; it comes back by itself. */
  lost(): void;
}

const FIRST_RETRY_MS = 500;
/** A classroom's server that was restarted is found again within this. */
const LAST_RETRY_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;
/** Credentials are renewed when this share of their time is over, so that a call has as much left as it may need. Guess. */
const RENEW_AT_SHARE = 1 / 2;

/** Connects at once, so that the way is open when the room's keys are ready. `page`: the page's URL, also under a path. */
export const openSocket = (page: string): Socket => {
  const { origin, pathname } = new URL("socket.io/", page);
  return io(origin, {
    path: pathname,
    // A browser that polls doesn't say it, and the server refuses in words what it could not let write later. [J10e]
    query: { origin },
    // The websocket first: polling first would cost two round trips. Where a proxy blocks it, polling follows.
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnectionDelay: FIRST_RETRY_MS,
    reconnectionDelayMax: LAST_RETRY_MS,
    auth: { version: SOCKET_VERSION },
  });
};

export class SignalingClient {
  readonly #socket: Socket;
  readonly #join: Join;
  readonly #events: SignalingEvents;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  /** Bytes of envelopes that went through the server, both ways. */
  envelopeBytes = 0;

  constructor(socket: Socket, join: Join, events: SignalingEvents) {
    this.#join = join;
    this.#events = events;
    this.#socket = socket;
    if (socket.connected) void this.#ask("join");
    this.#socket.on("connect", () => void this.#ask("join"));
    this.#socket.on("disconnect", () => {
      this.#stopTimers(); // it joins when it is back
      events.lost();
    });
    this.#socket.on("connect_error", (error) => {
      const reason = refusalIn(error);
      if (reason) events.refused(reason);
      else events.lost();
    });
    this.#socket.on("envelope", (message: unknown) => {
      const parsed = v.safeParse(IncomingEnvelope, withBytes(message));
      if (!parsed.success) return;
      this.envelopeBytes += parsed.output.bytes.length;
      events.envelope(parsed.output.from, parsed.output.bytes);
    });
  }

  send(to: Address, bytes: Uint8Array): void {
    if (!this.#socket.connected) return;
    this.envelopeBytes += bytes.length;
    this.#socket.emit("envelope", { to, bytes });
  }

  /** Asks for another sample of members; comes back as `joined`. */
  sample(): void {
    if (this.#socket.connected) void this.#ask("sample");
  }

  close(): void {
    this.#stopTimers();
    this.#socket.off();
    this.#socket.disconnect();
  }

  async #ask(event: "join" | "sample"): Promise<void> {
    const asking = this.#socket.timeout(ANSWER_WITHIN_MS);
    const answer: unknown = await (
      event === "join" ? asking.emitWithAck("join", this.#join) : asking.emitWithAck("sample")
    ).catch(() => null);
    const parsed = v.safeParse(Joined, answer);
    if (parsed.success && parsed.output.ok && this.#isAskedFor(parsed.output.tag)) {
      const { tag, address, members, iceServers, iceSeconds, nearby } = parsed.output;
      clearTimeout(this.#renewal);
      if (iceSeconds !== undefined) this.#renewAfter(1_000 * iceSeconds * RENEW_AT_SHARE);
      return this.#events.joined(tag, address, members, iceServers, nearby);
    }
    if (event === "join" && parsed.success && !parsed.output.ok) this.#events.refused(parsed.output.reason);
    this.#askAgain(event);
  }

  /** Asks for credentials anew, until an answer has them. [J14c] */
  #renewAfter(waitMs: number): void {
    this.#renewal = setTimeout(() => {
      this.#renewAfter(ANSWER_WITHIN_MS);
      this.sample();
    }, waitMs);
  }

  #stopTimers(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#renewal);
  }

  /** An answer about another room than the one asked for by its tag does not count. [J13] */
  #isAskedFor(tag: RoomTag): boolean {
    const { room } = this.#join;
    return room.kind === "open" || room.tag === tag;
  }

  #askAgain(event: "join" | "sample"): void {
    if (event === "sample") return; // the engine asks again
    // Full rooms empty, buckets fill again, and a server may have been too busy to answer in time: joining twice is
    // harmless [J7].
    if (this.#socket.connected) this.#retry = setTimeout(() => void this.#ask("join"), LAST_RETRY_MS);
  }
}

/** In browsers socket.io delivers binary as ArrayBuffer. */
const withBytes = (message: unknown): unknown => {
  if (typeof message !== "object" || message === null || !("bytes" in message)) return message;
  const { bytes } = message;
  return { ...message, bytes: bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes };
};

/** What the server said to a handshake by polling. The text is there only while the event is handled. */
const refusalIn = (error: unknown): ServerRefusal | null => {
  const { context } = error as { readonly context?: { readonly responseText?: unknown } };
  const parsed = v.safeParse(HandshakeBody, context?.responseText);
  return parsed.success ? parsed.output.message : null;
};
const HandshakeBody = v.pipe(v.string(), v.parseJson(), RefusedHandshake);
