/**
 * A signaling server that lies: it serves the real page, speaks the real vocabulary, and changes as it likes the
 * envelopes that it relays. It knows all that the real one knows: tags, addresses, envelopes, and nothing else.
 */
import { createHash } from "node:crypto";
import { createServer, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Join, OutgoingEnvelope, type Address, type Joined, type RoomTag } from "@swapmeet/shared";
import { Server as SocketServer, type Socket } from "socket.io";
import * as v from "valibot";
import { Server } from "./server.ts";

/** An envelope on its way. */
export interface Carried {
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
}

/** Gives the envelopes that are delivered instead of an envelope. */
export type Mutation = (envelope: Carried) => readonly Carried[];

interface Member {
  readonly tag: RoomTag;
  readonly address: Address;
  readonly socket: Socket;
}

export class HostileServer {
  readonly #page: Server;
  readonly #http: HttpServer;
  readonly #io: SocketServer;
  readonly #members = new Map<Address, Member>();
  /** Members that are shown to no other, and to which no other is shown. */
  readonly #secluded = new Set<Address>();
  #secludesNext = false;
  /** Rooms, in the order they were first joined. */
  readonly tags = new Set<RoomTag>();
  /** Everything it was ever given to carry. */
  readonly recorded: Carried[] = [];
  /** How it changes the envelopes of each room; rooms that are not in the map are left alone. */
  readonly mutations = new Map<RoomTag, Mutation>();
  /** The envelopes that it delivered in rooms where it was hostile. */
  readonly lies: Carried[] = [];

  static async start(): Promise<HostileServer> {
    const server = new HostileServer(await Server.start());
    await new Promise<void>((resolve) => server.#http.listen(0, resolve));
    return server;
  }

  private constructor(page: Server) {
    this.#page = page;
    this.#http = createServer((request, response) => void this.#servePage(request.url ?? "/", response));
    this.#io = new SocketServer(this.#http, { serveClient: false });
    this.#io.on("connection", (socket) => this.#welcome(socket));
  }

  urlAt(host = "localhost"): string {
    return `http://${host}:${(this.#http.address() as AddressInfo).port}`;
  }

  /** The next member that joins neither calls nor is called. */
  secludeNext(): void {
    this.#secludesNext = true;
  }

  get secluded(): readonly Address[] {
    return [...this.#secluded];
  }

  async close(): Promise<void> {
    await this.#io.close();
    await this.#page.stop();
  }

  #welcome(socket: Socket): void {
    let me: Member | undefined;
    const answer = (tell: (joined: Joined) => void) => {
      const { tag, address } = me!;
      const others = [...this.#members.values()].filter((m) => m.tag === tag && m !== me);
      const shown = others.map((other) => other.address).filter((other) => !this.#secluded.has(other));
      tell({ ok: true, tag, address, members: this.#secluded.has(address) ? [] : shown });
    };
    socket.on("join", (message: unknown, tell: (joined: Joined) => void) => {
      const { secret, room } = v.parse(Join, message);
      if (room.kind === "open") return; // nothing to attack: the server of an open room can read its envelopes
      const digest = createHash("sha256").update(Buffer.from(secret, "hex")).digest("hex");
      me = { tag: room.tag, address: digest.slice(0, 32) as Address, socket };
      this.#members.set(me.address, me);
      this.tags.add(me.tag);
      if (this.#secludesNext) this.#secluded.add(me.address);
      this.#secludesNext = false;
      answer(tell);
    });
    socket.on("sample", (tell: (joined: Joined) => void) => me && answer(tell));
    socket.on("envelope", (message: unknown) => me && this.#carry(me, v.parse(OutgoingEnvelope, message)));
    socket.on("disconnect", () => me && this.#members.delete(me.address));
  }

  #carry({ tag, address }: Member, { to, bytes }: OutgoingEnvelope): void {
    const envelope = { from: address, to, bytes: new Uint8Array(bytes) };
    this.recorded.push(envelope);
    const mutation = this.mutations.get(tag);
    for (const told of mutation ? mutation(envelope) : [envelope]) {
      const recipient = this.#members.get(told.to);
      if (mutation && recipient) this.lies.push(told);
      recipient?.socket.emit("envelope", { from: told.from, bytes: told.bytes });
    }
  }

  /** The page, byte for byte, from the real server; without its policy, which names that server's host. */
  async #servePage(path: string, response: ServerResponse): Promise<void> {
    const page = await fetch(this.#page.urlAt() + path);
    const body = Buffer.from(await page.arrayBuffer());
    const headers = [...page.headers].filter(([name]) => /^(content-type|cache-control)$/.test(name));
    response.writeHead(page.status, Object.fromEntries(headers)).end(body);
  }
}
