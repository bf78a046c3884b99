/**
 * Links beside the overlay's: it calls peers that offer a wanted file, or for which a frame waits. Such links are
 * reused while anything needs them, and then end (links.ts). PROTOCOL.md, rules T1 to T3.
 *
 * It knows neither how a call is made nor the meaning of frames.
 */
import type { Address } from "@swapmeet/shared";
import type { SendEffect } from "../io/effect.ts";
import type { FileId } from "../names/file-id.ts";
import type { Frame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** Sources of one file that are linked at a time: BitTorrent serves four, and they serve each other. Guess. */
const SOURCES_AIMED_AT = 6;
/** Files whose sources are looked for at a time: as many as the swarm fetches at a time, and the next ones. Guess. */
const FILES_AIMED_AT = 64;
const CALLS_PER_LOOK = 4;
const LOOK_EVERY_MS = 1_000;
/** An errand waits for a link this long: one introduction, and one more through other peers. */
const ERRAND_MS = 45_000;
/** More than a person sends at once. Guess. */
const MAX_ERRANDS = 256;

export type TransferLinksEvent =
  | SendEffect
  | { readonly type: "dial"; readonly address: Address; readonly for: "transfer" }
  /** Nobody answered the call in time, or there are too many errands. */
  | { readonly type: "errand-failed"; readonly to: PeerId; readonly frame: Frame };

export interface TransferLinksView {
  isLinked(peer: PeerId): boolean;
  addressOf(peer: PeerId): Address | null;
  /** Whether a call there may begin: none is under way, none failed a moment ago, and there are not too many. */
  mayDial(address: Address, now: Time): boolean;
  /** Files that are to be fetched and are not whole. */
  wanted(): Iterable<FileId>;
  /** All other peers that offer the file, linked or not. */
  sourcesOf(file: FileId): readonly PeerId[];
}

export interface TransferLinksOptions {
  readonly queue: (event: TransferLinksEvent) => void;
  readonly view: TransferLinksView;
  /** [0, 1) */
  random(): number;
}

interface Errand {
  readonly to: PeerId;
  readonly frame: Frame;
  readonly until: Time;
}

export class TransferLinks {
  readonly #options: TransferLinksOptions;
  readonly #errands = new Set<Errand>();
  #lookAt: Time | null = null;

  constructor(options: TransferLinksOptions) {
    this.#options = options;
  }

  /** Sends at once to a linked peer; another is called first. */
  send(to: PeerId, frame: Frame, now: Time): void {
    const { queue, view } = this.#options;
    if (view.isLinked(to)) return queue({ type: "send", to, frame });
    if (this.#errands.size >= MAX_ERRANDS) return queue({ type: "errand-failed", to, frame });
    this.#errands.add({ to, frame, until: now + ERRAND_MS });
    this.look(now);
  }

  peerUp(peer: PeerId): void {
    for (const errand of this.#errands) {
      if (errand.to !== peer) continue;
      this.#errands.delete(errand);
      this.#options.queue({ type: "send", to: peer, frame: errand.frame });
    }
  }

  /** Something new is wanted: calls peers that have it, now and again until enough of them are linked. */
  look(now: Time): void {
    const { queue, view, random } = this.#options;
    let busy = this.#errands.size > 0;
    const called = new Set<Address>();
    const call = (peer: PeerId): void => {
      const address = view.addressOf(peer);
      if (!address || called.size >= CALLS_PER_LOOK || called.has(address)) return;
      if (!view.mayDial(address, now)) return;
      called.add(address);
      queue({ type: "dial", address, for: "transfer" });
    };
    for (const { to } of this.#errands) call(to);
    let files = 0;
    for (const file of view.wanted()) {
      if (++files > FILES_AIMED_AT) break;
      busy = true;
      const sources = view.sourcesOf(file);
      const far = sources.filter((peer) => !view.isLinked(peer));
      if (far.length > 0 && sources.length - far.length < SOURCES_AIMED_AT)
        call(far[Math.floor(random() * far.length)]!);
    }
    this.#lookAt = busy ? now + LOOK_EVERY_MS : null;
  }

  tick(now: Time): void {
    for (const errand of this.#errands) {
      if (now < errand.until) continue;
      this.#errands.delete(errand);
      this.#options.queue({ type: "errand-failed", to: errand.to, frame: errand.frame });
    }
    if (this.#lookAt !== null && now >= this.#lookAt) this.look(now);
  }

  nextDeadline(): Time | null {
    return this.#lookAt;
  }
}
