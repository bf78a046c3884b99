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
import type { LinkEnd, Signal } from "@swapmeet/engine/io/io";
import type { BlockSender } from "../bytes/host-files.ts";
import { BlockQueue } from "./block-queue.ts";
import { fingerprintOf, namesPlace, parseSignal } from "./signal.ts";

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

export interface LinkEvents {
  signal(signal: Signal): void;
  open(localFingerprint: string, remoteFingerprint: string): void;
  /** The other side has named an ICE candidate; called at least once if it has any. */
  reachable(): void;
  bytes(bytes: Uint8Array): void;
  closed(reason: LinkEnd): void;
}

export class Link implements BlockSender {
  readonly #peer: SimplePeer.Instance;
  readonly #events: LinkEvents;
  readonly #blocks = new BlockQueue();
  /** Every block is put together here: the channel copies what it is given, and a fresh buffer each time costs more. */
  readonly #blockFrame = new Uint8Array(MAX_FRAME_BYTES);
  #channel: DataChannel | null = null;
  #localFingerprint = "";
  #remoteFingerprint = "";
  /** This side has named an ICE candidate. */
  #hasCandidate = false;
  #hasAllCandidates = false;
  #closed = false;

  constructor({ initiator, iceServers, webRtc }: LinkOptions, events: LinkEvents) {
    this.#events = events;
    const wrtc = webRtc as SimplePeer.Options["wrtc"];
    // With trickle the end of this time means nothing, but its timer keeps a process alive.
    const iceCompleteTimeout = 1;
    this.#peer = new SimplePeer({
      ...{ initiator, trickle: true, iceCompleteTimeout },
      ...{ config: { iceServers }, wrtc },
    });
    this.#peer.on("signal", (signal) => {
      if ("sdp" in signal && signal.sdp) this.#localFingerprint = fingerprintOf(signal.sdp);
      this.#hasCandidate ||= namesPlace(signal as Parameters<typeof namesPlace>[0]);
      events.signal(JSON.stringify(signal));
      this.#lookForCandidates();
    });
    this.#peer.on("iceStateChange", (_connection: string, gathering: string) => {
      this.#hasAllCandidates = gathering === "complete";
      this.#lookForCandidates();
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
  }

  /** A side that gathered no candidate never will: the call ends as soon as its description is sent. */
  #lookForCandidates(): void {
    if (this.#hasAllCandidates && !this.#hasCandidate && this.#localFingerprint) this.#ended("no-candidates");
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
    this.#events.open(this.#localFingerprint, this.#remoteFingerprint);
    // Until now simple-peer's stream kept the bytes that came, since a proof may come before our own "connect". They
    // flow in a microtask, before the channel's next message. From then on messages come without the detour.
    const take = (data: ArrayBuffer, begin = 0, length = data.byteLength) => {
      if (!this.#closed) this.#events.bytes(new Uint8Array(data, begin, length));
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
