/**
 * One WebRTC connection: simple-peer's handshake, and a send queue of our own in front of its data channel.
 * Control frames go ahead of all bulk; bulk is sent only while the browser's buffer is short, so that a control frame
 * never waits behind more than HIGH_WATER_BYTES and a slow receiver holds back the sender. PROTOCOL.md, W6 to W8.
 *
 * Knows nothing of rooms, peers or files: bytes in, bytes out.
 */
import SimplePeer from "simple-peer";
import type { IceServers } from "@swapmeet/shared";
import { MAX_FRAME_BYTES } from "@swapmeet/engine/wire/frame";
import { writeBlock } from "@swapmeet/engine/wire/frame-codec";
import type { LinkEnd, Route, Signal } from "@swapmeet/engine/io/io";
import type { BlockSender } from "../bytes/host-files.ts";
import { BlockQueue } from "./block-queue.ts";
import { routeIn, type Carried, type Stat } from "./route.ts";
import { byRelayAlone, fingerprintOf, namesPlace, parseSignal, type OwnSignal } from "./signal.ts";

/** Measured: with 1 MiB the first seconds stall and the median falls by a fifth. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Refill early enough that the channel never runs dry while this page is busy. Measured beside 64 KiB. */
const LOW_WATER_BYTES = 128 * 1024;

/** Control frames that nobody reads. Beyond 16 MiB Chrome throws; other browsers would go on until memory is full. */
const MAX_WAITING_BYTES = 15 * 1024 * 1024;

/** The constructors of a WebRTC that is no browser's: the `wrtc` of simple-peer. */
export interface WebRtc {
  readonly RTCPeerConnection: unknown;
  readonly RTCSessionDescription: unknown;
  readonly RTCIceCandidate: unknown;
}

export interface LinkOptions {
  readonly initiator: boolean;
  readonly iceServers: IceServers;
  /** The connection goes by a relay server, or does not come about; the other side learns no address of this device. */
  readonly relayOnly: boolean;
  /** The link adds its bytes. */
  readonly carried: Carried;
  /** undefined: the browser's. */
  readonly webRtc: WebRtc | undefined;
}

/** The part of WebRTC's RTCDataChannel that is used here. https://www.w3.org/TR/webrtc/#rtcdatachannel */
interface DataChannel {
  readonly readyState: "connecting" | "open" | "closing" | "closed";
  readonly bufferedAmount: number;
  bufferedAmountLowThreshold: number;
  onmessage: ((event: { readonly data: ArrayBuffer | string }) => void) | null;
  addEventListener(type: "bufferedamountlow", listener: () => void): void;
  send(bytes: Uint8Array): void;
}

/** The part of WebRTC's RTCPeerConnection that simple-peer does not give. */
interface Connection {
  getStats(): Promise<{ values(): Iterable<Stat> }>;
  /** Chromium and Safari tell a change of the pair of candidates. */
  readonly sctp?: { readonly transport: { readonly iceTransport?: Partial<IceTransport> } } | null;
}
interface IceTransport {
  addEventListener(type: "selectedcandidatepairchange", listener: () => void): void;
}

export interface LinkEvents {
  signal(signal: Signal): void;
  open(localFingerprint: string, remoteFingerprint: string): void;
  /** The other side has named an ICE candidate; called at least once if it has any. */
  reachable(): void;
  /** The connection takes this way from now on. It begins by a relay server with `relayOnly`, else directly. */
  routed(route: Route): void;
  bytes(bytes: Uint8Array): void;
  closed(reason: LinkEnd): void;
}

/** Of all links that this page or process ever made, for whatever room. [I8a] */
let connections = 0;
export const connectionsMade = (): number => connections;

export class Link implements BlockSender {
  readonly #peer: SimplePeer.Instance;
  readonly #events: LinkEvents;
  readonly #blocks = new BlockQueue();
  /** Every block is put together here: the channel copies what it is given, and a fresh buffer each time costs more. */
  readonly #blockFrame = new Uint8Array(MAX_FRAME_BYTES);
  readonly #carried: Carried;
  #channel: DataChannel | null = null;
  #route: Route;
  #localFingerprint = "";
  #remoteFingerprint = "";
  /** This side has named an ICE candidate. */
  #hasCandidate = false;
  #hasAllCandidates = false;
  #closed = false;

  constructor({ initiator, iceServers, relayOnly, carried, webRtc }: LinkOptions, events: LinkEvents) {
    this.#events = events;
    connections++;
    this.#carried = carried;
    this.#route = relayOnly ? "turn" : "direct";
    const wrtc = webRtc as SimplePeer.Options["wrtc"];
    const config: SimplePeer.Options["config"] = {
      iceServers,
      iceTransportPolicy: relayOnly ? "relay" : "all",
    };
    // With trickle the end of this time means nothing, but its timer keeps a process alive.
    const iceCompleteTimeout = 1;
    this.#peer = new SimplePeer({ initiator, trickle: true, iceCompleteTimeout, config, wrtc });
    this.#peer.on("signal", (signal) => {
      const own = relayOnly ? byRelayAlone(signal as OwnSignal) : (signal as OwnSignal);
      if (!own) return;
      if (own.sdp) this.#localFingerprint = fingerprintOf(own.sdp);
      this.#hasCandidate ||= namesPlace(own);
      events.signal(JSON.stringify(own));
      this.#lookForCandidates();
    });
    this.#peer.on("iceStateChange", (_connection: string, gathering: string) => {
      this.#hasAllCandidates = gathering === "complete";
      this.#lookForCandidates();
      this.#lookAtRoute();
    });
    this.#peer.on("connect", () => this.#opened());
    this.#peer.on("error", (error) => this.#ended(endOf(error)));
    this.#peer.on("close", () => this.#ended("closed"));
  }

  /** A signal from the other side, opened from its envelope. Anything else is ignored: the attempt times out. */
  signal(text: Signal): void {
    const signal = parseSignal(text);
    if (!signal || this.#closed) return;
    if ("sdp" in signal) {
      // Each connection takes one description: another one would change the certificate under the proof.
      if (this.#remoteFingerprint) return;
      this.#remoteFingerprint = fingerprintOf(signal.sdp);
    }
    this.#peer.signal(signal as SimplePeer.SignalData);
    if (namesPlace(signal)) this.#events.reachable();
    this.#lookAtRoute(); // a candidate in use may turn out to be a relay's
  }

  /** A side that gathered no candidate never will: the call ends as soon as its description is sent. */
  #lookForCandidates(): void {
    if (this.#hasAllCandidates && !this.#hasCandidate && this.#localFingerprint) this.#ended("no-candidates");
  }

  /** Once the channel is open, and whenever the way may have changed since. */
  #lookAtRoute(): void {
    if (!this.#channel || this.#closed) return;
    this.#connection.getStats().then(
      (stats) => {
        const route = routeIn(stats.values());
        if (this.#closed || route === null || route === this.#route) return;
        this.#route = route;
        this.#events.routed(route);
      },
      () => {}, // it was closed meanwhile
    );
  }

  /** simple-peer has no public name for it; it is there until the link is closed. */
  get #connection(): Connection {
    return (this.#peer as unknown as { _pc: Connection })._pc;
  }

  /** Sends now, ahead of all bulk that waits in the queue. */
  send(frame: Uint8Array): void {
    this.#write(frame);
  }

  async sendBlocks(
    id: number,
    read: Promise<Uint8Array | null>,
    sent: (bytes: number) => void,
  ): Promise<void> {
    try {
      await this.#blocks.add(id, read, sent);
    } finally {
      this.#pump();
    }
  }

  stopBlocks(id: number): void {
    this.#blocks.stop(id);
  }

  /** A second call is harmless. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#blocks.clear();
    this.#peer.destroy();
  }

  #opened(): void {
    // simple-peer has no public name for its channel, and its own `write` waits for a buffer of 64 KiB at most.
    const channel = (this.#peer as unknown as { _channel: DataChannel })._channel;
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES;
    channel.addEventListener("bufferedamountlow", () => this.#pump());
    this.#channel = channel;
    this.#connection.sctp?.transport.iceTransport?.addEventListener?.("selectedcandidatepairchange", () =>
      this.#lookAtRoute(),
    );
    this.#lookAtRoute();
    this.#events.open(this.#localFingerprint, this.#remoteFingerprint);
    // Until now simple-peer's stream kept the bytes that came, since a proof may come before our own "connect". They
    // flow in a microtask, before the channel's next message. From then on messages come without the detour.
    const take = (data: ArrayBuffer, begin = 0, length = data.byteLength) => {
      if (this.#closed) return;
      this.#carried[this.#route].inBytes += length;
      this.#events.bytes(new Uint8Array(data, begin, length));
    };
    this.#peer.on("data", (data: Uint8Array<ArrayBuffer>) =>
      take(data.buffer, data.byteOffset, data.byteLength),
    );
    // A text of digits would be taken for a length, and allocate that much memory. A text is refused as an empty frame.
    channel.onmessage = ({ data }) => take(typeof data === "string" ? new ArrayBuffer() : data);
  }

  #pump(): void {
    const channel = this.#channel;
    while (!this.#closed && channel?.readyState === "open" && channel.bufferedAmount < HIGH_WATER_BYTES)
      if (!this.#blocks.send(this.#writeBlock)) return;
  }

  readonly #writeBlock = (id: number, block: Uint8Array): boolean =>
    this.#write(writeBlock(this.#blockFrame, id, block));

  /** False: the channel takes no more, because nobody reads at the other end or it is closing. The link has ended. */
  #write(frame: Uint8Array): boolean {
    if (this.#channel?.readyState !== "open") return false;
    try {
      if (this.#channel.bufferedAmount > MAX_WAITING_BYTES) throw new RangeError("nobody reads");
      this.#channel.send(frame);
      this.#carried[this.#route].outBytes += frame.length;
      return true;
    } catch {
      this.#ended("closed");
      return false;
    }
  }

  #ended(reason: LinkEnd): void {
    if (this.#closed) return;
    this.close();
    this.#events.closed(reason);
  }
}

export const isWebRtcSupported = (): boolean => SimplePeer.WEBRTC_SUPPORT;

const endOf = (error: Error & { code?: string }): LinkEnd => {
  switch (error.code) {
    case "ERR_ICE_CONNECTION_FAILURE":
    case "ERR_CONNECTION_FAILURE":
      return "no-route";
    case "ERR_WEBRTC_SUPPORT":
    case "ERR_PC_CONSTRUCTOR":
      return "unsupported";
    default:
      return "closed";
  }
};
