/** The socket to the signaling server: joins the room, again after every reconnect, and carries envelopes. */
import { io, type Socket } from "socket.io-client";
import * as v from "valibot";
import {
  IncomingEnvelope,
  Joined,
  SOCKET_VERSION,
  type Address,
  type IceServers,
  type Join,
  type RoomTag,
} from "@swapmeet/shared";

export interface SignalingEvents {
  /** `iceServers`: undefined from a server of the version before. [J14] */
  joined(
    tag: RoomTag,
    address: Address,
    members: readonly Address[],
    iceServers: IceServers | undefined,
  ): void;
  refused(reason: "bad-request" | "room-full" | "too-fast"): void;
  envelope(from: Address, bytes: Uint8Array): void;
  /** The socket is gone; it comes back by itself. */
  lost(): void;
}

const FIRST_RETRY_MS = 500;
/** A classroom's server that was restarted is found again within this. */
const LAST_RETRY_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;

/**
 * Connects at once, so that the way is open when the room's keys are ready.
 * @param page where the server's page is: its socket is below that
 */
export const openSocket = (page: string): Socket => {
  const { origin, pathname } = new URL(page);
  return io(origin, {
    path: `${pathname.replace(/\/*$/, "/")}socket.io/`,
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
  /** Bytes of envelopes that went through the server, both ways. */
  envelopeBytes = 0;

  constructor(socket: Socket, join: Join, events: SignalingEvents) {
    this.#join = join;
    this.#events = events;
    this.#socket = socket;
    if (socket.connected) void this.#ask("join");
    this.#socket.on("connect", () => void this.#ask("join"));
    this.#socket.on("disconnect", () => {
      clearTimeout(this.#retry); // it joins when it is back
      events.lost();
    });
    this.#socket.on("connect_error", () => events.lost());
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
    clearTimeout(this.#retry);
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
      const { tag, address, members, iceServers } = parsed.output;
      return this.#events.joined(tag, address, members, iceServers);
    }
    if (event === "join" && parsed.success && !parsed.output.ok) this.#events.refused(parsed.output.reason);
    this.#askAgain(event);
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
