/**
 * A whole peer without a browser: the production engine, host, links, signaling and holdings, over a WebRTC from npm
 * and the file system.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { createHash, randomBytes } from "node:crypto";
import { ADDRESS_BYTES, JOIN_SECRET_BYTES, type Address, type JoinSecret } from "@swapmeet/shared";
import type { Engine } from "@swapmeet/engine";
import type { Input, Notice, Output } from "@swapmeet/engine/io/io";
import type { SearchQuery } from "@swapmeet/engine/io/view";
import { peerIdOf, type PeerId } from "@swapmeet/engine/names/peer-id";
import { personNameOf } from "@swapmeet/engine/names/person-name";
import { deriveRoom, openRoom } from "@swapmeet/engine/names/room-secret";
import { Host, type HostOptions } from "../src/platform/run/host.ts";
import type { RoomCode } from "../src/platform/room/room-code.ts";
import { openSocket } from "../src/platform/run/signaling-client.ts";
import { verify } from "../src/platform/run/signature.ts";
import { stretch } from "../src/platform/room/stretched-code.ts";
import { DiskFiles } from "./disk-files.ts";
import { reportError } from "./report-error.ts";
import { webRtc } from "./web-rtc.ts";

export type ServerState = Parameters<HostOptions["server"]>[0];

export interface PeerOptions {
  /** Where the server's page is, such as "http://localhost:3000" or "https://example.org/swap/". */
  readonly serverUrl: string;
  /** The room code; null: the open room. */
  readonly code: RoomCode | null;
  /** "": a name that follows from its key. */
  readonly name: string;
  /** A folder for the downloads of this peer. It is made with the first download. */
  readonly folder: string;
  /** It offers each finished download to the room. */
  readonly sharesDownloads: boolean;
  server?(state: ServerState): void;
  notice?(notice: Notice): void;
  /** The server has put this peer into another room [J13]; it has left. */
  moved?(): void;
  /** Makes a hostile peer: the outputs that it returns are performed instead of the engine's. See Host. */
  tap?(outputs: readonly Output[], peer: Peer): readonly Output[];
}

/** To stretch a code takes longer than to join, so the peers of one process do it once. */
const secretByCode = new Map<RoomCode, Promise<Uint8Array>>();
const secretOf = (code: RoomCode): Promise<Uint8Array> => {
  const secret = secretByCode.get(code) ?? stretch(code);
  secretByCode.set(code, secret);
  return secret;
};

/** A search that finds all that is offered. */
export const EVERYTHING: SearchQuery = {
  text: "",
  kind: null,
  minBytes: 0,
  maxBytes: Infinity,
  of: null,
  limit: Infinity,
};

export class Peer {
  readonly id: PeerId;
  readonly files: DiskFiles;
  readonly #host: Host;
  readonly #waiting = new Set<() => void>();

  static async join(options: PeerOptions): Promise<Peer> {
    return new Peer(options, options.code === null ? null : await secretOf(options.code));
  }

  private constructor(options: PeerOptions, roomSecret: Uint8Array | null) {
    const room = roomSecret && deriveRoom(roomSecret);
    const joinSecret = randomBytes(JOIN_SECRET_BYTES);
    const secretKey = ed25519.utils.randomSecretKey();
    this.id = peerIdOf(ed25519.getPublicKey(secretKey));
    let files: DiskFiles | undefined;
    this.#host = new Host({
      identity: { peer: this.id, secretKey, epoch: 0, release: () => {} },
      socket: openSocket(options.serverUrl),
      join: {
        secret: joinSecret.toString("hex") as JoinSecret,
        room: room ? { kind: "private", tag: room.tag } : { kind: "open" },
      },
      iceServers: [],
      relayOnly: false,
      webRtc,
      engine: {
        name: options.name || personNameOf(this.id),
        address: addressOf(joinSecret),
        envelopeKey: (tag) => (room ?? openRoom(tag)).envelopeKey,
      },
      files: (feed) => (files = new DiskFiles(options.folder, options.sharesDownloads, feed)).holdings,
      server: (state) => {
        options.server?.(state);
        this.#look();
      },
      entered: () => {},
      moved: () => {
        this.close();
        options.moved?.();
      },
      verify: ({ by, bytes, signature }, then) => then(verify(by, bytes, signature)),
      notice: (notice) => options.notice?.(notice),
      keep: () => {},
      changed: () => this.#look(),
      report: reportError,
      tap: (outputs) => options.tap?.(outputs, this) ?? outputs,
    });
    this.files = files!;
  }

  get engine(): Engine {
    return this.#host.engine;
  }

  feed(input: Input): void {
    this.#host.feed(input);
  }

  /**
   * Calls `look` whenever something may have changed, until it gives a value. Rejects when `look` throws, or when
   * `signal` is aborted, with its reason.
   */
  when<Value>(look: () => Value | undefined, signal?: AbortSignal): Promise<Value> {
    return new Promise((resolve, reject) => {
      const again = (): void => {
        try {
          signal?.throwIfAborted();
          const value = look();
          if (value === undefined) return;
          resolve(value);
        } catch (error) {
          reject(error as Error);
        }
        this.#waiting.delete(again);
        signal?.removeEventListener("abort", again);
      };
      this.#waiting.add(again);
      signal?.addEventListener("abort", again);
      again();
    });
  }

  /** Says good-bye and leaves the room. A second call is harmless. */
  close(): void {
    this.#host.close();
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}

/** The address as the server computes it, see PROTOCOL.md J2. */
const addressOf = (joinSecret: Uint8Array): Address =>
  createHash("sha256")
    .update(joinSecret)
    .digest("hex")
    .slice(0, 2 * ADDRESS_BYTES) as Address;
