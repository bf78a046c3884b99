/**
 * Runs one engine, in a page or in Node: feeds it inputs, performs its outputs, keeps its single timer. Bytes of files
 * are left to the holdings. Nothing here decides anything.
 */
import type { Socket } from "socket.io-client";
import type { IceServers, Join, Nearby, RoomTag } from "@swapmeet/shared";
import { Engine, publicKeyOf, type EngineOptions } from "@swapmeet/engine";
import type { Input, LinkId, Notice, Output } from "@swapmeet/engine/io/io";
import { openMessage } from "@swapmeet/engine/people/message-box";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { BlockSender, HostFiles } from "../bytes/host-files.ts";
import { Link, type WebRtc } from "./webrtc-link.ts";
import { nothingCarried } from "./route.ts";
import { RelayedLink } from "./relayed-link.ts";
import { SignalingClient, type ServerRefusal } from "./signaling-client.ts";
import { sign } from "./signature.ts";
import { unperformed } from "./unperformed.ts";
import type { Verifier } from "./verifier.ts";

/** The key that the engine's feeds are signed with. */
export interface SigningKey {
  readonly peer: PeerId;
  readonly secretKey: Uint8Array;
  /** The number of this visit under that key. */
  readonly epoch: number;
  /** The key may be used elsewhere from now on. */
  release(): void;
}

export interface HostOptions {
  readonly engine: Omit<EngineOptions, "me" | "epoch" | "random">;
  readonly identity: SigningKey;
  readonly socket: Socket;
  readonly join: Join;
  /** The ICE servers until the server names others. [J14] */
  readonly iceServers: IceServers;
  /** Whether connections begin by going through relay servers alone. */
  readonly relayOnly: boolean;
  /** Absent in a browser, which has its own. */
  readonly webRtc?: WebRtc;
  files(feed: (input: Input) => void): HostFiles;
  verify: Verifier["verify"];
  /** `online`: whom an open room holds, where that isn't its network. */
  server(
    state: { readonly online: Nearby | undefined } | { readonly refused: ServerRefusal } | "offline",
  ): void;
  /** The server has said which room this is; a peer learns an open room in no other way. Called once. */
  entered(tag: RoomTag): void;
  /** The server has named another room: this visit is over, and its last frames are sent. [J13] */
  moved(): void;
  notice(notice: Notice): void;
  /** Part of the board, to be kept on the device under this key; null: no longer. */
  keep(key: string, frame: Uint8Array | null): void;
  /** Something that the page shows may have changed; at most five times a second, and less where drawing it is slow. */
  changed(): void;
  /** Is told of an exception that nobody has foreseen. */
  report(error: unknown): void;
  /**
   * All outputs pass through it, those of each input together. The outputs that it returns are performed: the same, or
   * with some changed, dropped or added, as a hostile peer does.
   */
  tap?(outputs: readonly Output[], engine: Engine): readonly Output[];
}

export interface Traffic {
  readonly directInBytes: number;
  readonly directOutBytes: number;
  readonly turnBytes: number;
  readonly serverBytes: number;
}

/** The page is repainted at most this often, however many blocks arrive; a person's own actions show at once. */
const CHANGED_EVERY_MS = 200;
/** The page draws for at most a twentieth of the time, so that a million arriving files come first. Guess. */
const DRAWING_SHARE = 20;
const CHANGED_AT_LEAST_EVERY_MS = 1_000;

export class Host {
  readonly engine: Engine;
  readonly #options: HostOptions;
  readonly #signaling: SignalingClient;
  readonly #files: HostFiles;
  readonly #linkById = new Map<LinkId, Link>();
  readonly #relayedLinkById = new Map<LinkId, RelayedLink>();
  readonly #inputs: Input[] = [];
  #handling = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerDue = Number.POSITIVE_INFINITY;
  #changeTimer: ReturnType<typeof setTimeout> | null = null;
  /** The next repaint comes no earlier than this. */
  #changeAt = -Infinity;
  /** The ICE servers that the server named, for links that are made from now on; null before. */
  #iceServers: IceServers | null = null;
  #relayOnly: boolean;
  #closed = false;
  readonly #carried = nothingCarried();

  constructor(options: HostOptions) {
    this.#options = options;
    this.#relayOnly = options.relayOnly;
    this.engine = new Engine({
      ...options.engine,
      me: options.identity.peer,
      epoch: options.identity.epoch,
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    });
    this.#files = options.files((input) => this.feed(input));
    this.#signaling = new SignalingClient(options.socket, options.join, {
      joined: (tag, address, members, iceServers, nearby) => {
        options.server({ online: nearby });
        this.#iceServers = iceServers ?? options.iceServers;
        this.feed({ type: "server-joined", tag, address, members });
      },
      refused: (reason) => options.server({ refused: reason }),
      envelope: (from, bytes) => this.feed({ type: "envelope", from, bytes }),
      lost: () => {
        options.server("offline");
        this.feed({ type: "server-lost" });
      },
    });
    this.feed({ type: "tick" });
  }

  /**
   * Bytes of frames straight to and from peers and by relay servers, and of envelopes through the server. Those that a
   * friend carries count on the way to that friend.
   */
  get traffic(): Traffic {
    const { direct, turn } = this.#carried;
    return {
      directInBytes: direct.inBytes,
      directOutBytes: direct.outBytes,
      turnBytes: turn.inBytes + turn.outBytes,
      serverBytes: this.#signaling.envelopeBytes,
    };
  }

  /** Connections go by relay servers alone. [J17] */
  get relayOnly(): boolean {
    return this.#relayOnly;
  }

  /** Ends all connections, so that none is left that was made in the other way. They are made again. */
  set relayOnly(on: boolean) {
    if (on === this.#relayOnly) return;
    this.#relayOnly = on;
    for (const [id, link] of [...this.#linkById]) {
      link.close();
      this.#linkById.delete(id);
      this.feed({ type: "link-closed", link: id, reason: "closed" });
    }
  }

  /** Whether the server names a relay server; null: it has not answered yet. */
  get hasRelayServer(): boolean | null {
    return this.#iceServers && this.#iceServers.some((server) => "credential" in server);
  }

  /** Inputs that arise while outputs are performed wait for their turn. */
  feed(input: Input): void {
    if (this.#closed) return;
    this.#inputs.push(input);
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift())
        for (const output of this.#outputsOf(next)) this.#answered(output);
    } finally {
      this.#handling = false;
    }
    this.#setTimer();
    this.#changeTimer ??= setTimeout(() => this.#changed(), Math.max(0, this.#changeAt - performance.now()));
  }

  #outputsOf(input: Input): readonly Output[] {
    const outputs = this.engine.handle(input, performance.now());
    return this.#options.tap?.(outputs, this.engine) ?? outputs;
  }

  #changed(): void {
    this.#changeTimer = null;
    const began = performance.now();
    this.#changeAt = began + CHANGED_EVERY_MS;
    this.#options.changed();
    // The page draws in a microtask of its own, which was asked for before this one.
    queueMicrotask(() => {
      const wait = DRAWING_SHARE * (performance.now() - began);
      this.#changeAt = began + Math.min(Math.max(CHANGED_EVERY_MS, wait), CHANGED_AT_LEAST_EVERY_MS);
    });
  }

  /** Leaves the room. A second call is harmless. */
  close(): void {
    if (this.#closed) return;
    this.feed({ type: "leave" });
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#changeTimer) clearTimeout(this.#changeTimer);
    for (const link of this.#linkById.values()) link.close();
    this.#linkById.clear();
    for (const link of this.#relayedLinkById.values()) link.close();
    this.#relayedLinkById.clear();
    this.#signaling.close();
    this.#files.close();
    this.#options.identity.release();
  }

  /** An output that fails is answered, and does not stop the others. */
  #answered(output: Output): void {
    try {
      this.#perform(output);
    } catch (error) {
      this.#options.report(error);
      const answer = unperformed(output, error);
      if (answer) this.feed(answer);
    }
  }

  #perform(output: Output): void {
    switch (output.type) {
      case "send-envelope":
        return this.#signaling.send(output.to, output.bytes);
      case "sample-members":
        return this.#signaling.sample();
      case "entered":
        return this.#options.entered(output.tag);
      case "another-room":
        return queueMicrotask(() => this.#options.moved()); // when everything here has been performed
      case "dial":
        return this.#connect(output.link, true);
      case "accept":
        return this.#connect(output.link, false);
      case "signal":
        return this.#linkById.get(output.link)?.signal(output.signal);
      case "close-link":
        this.#linkById.get(output.link)?.close();
        this.#linkById.delete(output.link);
        this.#relayedLinkById.get(output.link)?.close();
        this.#relayedLinkById.delete(output.link);
        return;
      case "open-relay":
        return this.#connectThroughFriend(output.link);
      case "relay-took":
        return this.#relayedLinkById.get(output.link)?.took();
      case "send":
        return this.#linkById.get(output.link)?.send(output.bytes);
      case "sign":
        return this.feed({
          type: "signed",
          job: output.job,
          signature: sign(this.#options.identity.secretKey, output.bytes),
        });
      case "verify":
        return this.#options.verify(
          { by: publicKeyOf(output.by), bytes: output.bytes, signature: output.signature },
          (valid) => this.feed({ type: "verified", job: output.job, valid }),
        );
      case "open-message": {
        const { peer, secretKey } = this.#options.identity;
        const text = openMessage({ from: output.from, to: peer, id: output.id }, output.box, secretKey);
        return this.feed({ type: "message-opened", job: output.job, text });
      }
      case "keep-batch":
        return this.#options.keep(output.key, output.frame);
      case "unkeep-batch":
        return this.#options.keep(output.key, null);
      case "notice":
        return this.#options.notice(output.notice);
      default:
        return this.#files.perform(output, (peer) => this.#linkOf(peer));
    }
  }

  #linkOf(peer: PeerId): BlockSender | null {
    const id = this.engine.linkOf(peer);
    return id === null ? null : (this.#linkById.get(id) ?? this.#relayedLinkById.get(id) ?? null);
  }

  #connectThroughFriend(id: LinkId): void {
    const link = new RelayedLink({
      block: (bytes) => this.feed({ type: "relayed-frame", link: id, bytes }),
    });
    this.#relayedLinkById.set(id, link);
  }

  #connect(id: LinkId, initiator: boolean): void {
    const link = new Link(
      {
        initiator,
        iceServers: this.#iceServers ?? this.#options.iceServers,
        relayOnly: this.#relayOnly,
        carried: this.#carried,
        webRtc: this.#options.webRtc,
      },
      {
        signal: (signal) => this.feed({ type: "link-signal", link: id, signal }),
        open: (localFingerprint, remoteFingerprint) =>
          this.feed({ type: "link-open", link: id, localFingerprint, remoteFingerprint }),
        reachable: () => this.feed({ type: "link-reachable", link: id }),
        routed: (route) => this.feed({ type: "link-route", link: id, route }),
        bytes: (bytes) => this.feed({ type: "link-bytes", link: id, bytes }),
        closed: (reason) => {
          this.#linkById.delete(id);
          this.feed({ type: "link-closed", link: id, reason });
        },
      },
    );
    this.#linkById.set(id, link);
    if (this.#relayOnly) this.feed({ type: "link-route", link: id, route: "turn" });
  }

  #setTimer(): void {
    const due = this.engine.nextDeadline() ?? Number.POSITIVE_INFINITY;
    // A timer that fires too early only asks again; to move it on each block would cost more.
    if (due >= this.#timerDue) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = setTimeout(
      () => {
        this.#timerDue = Number.POSITIVE_INFINITY;
        this.feed({ type: "tick" });
      },
      Math.max(0, due - performance.now()),
    );
  }
}
