/**
 * Links beside the overlay's: who must be called because this peer wants a file that they offer, or has something to
 * tell them. They are reused while anything needs them, and end by themselves (links.ts). PROTOCOL.md, rules T1 to T3.
 *
 * Knows nothing of how a call is made, nor of what a frame says.
 */
import type { Address } from "@swapmeet/shared";
import type { FileId } from "../names/file-id.ts";
import type { Frame } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** Sources of one file that are linked at a time: BitTorrent serves four at a time, and they serve each other. Guess. */
const SOURCES_AIMED_AT = 6;
/** Files whose sources are looked for at a time: as many as the swarm fetches at a time, and the next ones. Guess. */
const FILES_AIMED_AT = 64;
const CALLS_PER_LOOK = 4;
const LOOK_EVERY_MS = 1_000;
/** An errand waits for a link this long: one introduction, and one more through other peers. */
const ERRAND_MS = 45_000;
/** A person sends no more at once. Guess. */
const MAX_ERRANDS = 256;

export interface TransferLinksContext {
  isLinked(peer: PeerId): boolean;
  addressOf(peer: PeerId): Address | null;
  /** Begins an introduction. False: it is under way, failed a moment ago, or there are too many. */
  dial(address: Address, now: Time): boolean;
  send(peer: PeerId, frame: Frame): void;
  /** Files that are to be fetched and are not whole. */
  wanted(): Iterable<FileId>;
  /** Everyone else who offers the file, linked or not. */
  sourcesOf(file: FileId): readonly PeerId[];
  /** [0, 1) */
  random(): number;
}

interface Errand {
  readonly to: PeerId;
  readonly frame: Frame;
  readonly until: Time;
  readonly failed: () => void;
}

export class TransferLinks {
  readonly #context: TransferLinksContext;
  readonly #errands = new Set<Errand>();
  #lookAt: Time | null = null;

  constructor(context: TransferLinksContext) {
    this.#context = context;
  }

  /** Sends at once to a linked peer; another is called first. `failed`: nobody answered the call in time. */
  send(to: PeerId, frame: Frame, now: Time, failed: () => void = () => {}): void {
    if (this.#context.isLinked(to)) return this.#context.send(to, frame);
    if (this.#errands.size >= MAX_ERRANDS) return failed();
    this.#errands.add({ to, frame, until: now + ERRAND_MS, failed });
    this.look(now);
  }

  peerUp(peer: PeerId): void {
    for (const errand of this.#errands) {
      if (errand.to !== peer) continue;
      this.#errands.delete(errand);
      this.#context.send(peer, errand.frame);
    }
  }

  /** Something is wanted that was not: calls who has it now, and again until enough of them are linked. */
  look(now: Time): void {
    let busy = this.#errands.size > 0;
    let calls = 0;
    const call = (peer: PeerId): void => {
      const address = this.#context.addressOf(peer);
      if (address && calls < CALLS_PER_LOOK && this.#context.dial(address, now)) calls++;
    };
    for (const { to } of this.#errands) call(to);
    let files = 0;
    for (const file of this.#context.wanted()) {
      if (++files > FILES_AIMED_AT) break;
      busy = true;
      const sources = this.#context.sourcesOf(file);
      const far = sources.filter((peer) => !this.#context.isLinked(peer));
      if (far.length > 0 && sources.length - far.length < SOURCES_AIMED_AT)
        call(far[Math.floor(this.#context.random() * far.length)]!);
    }
    this.#lookAt = busy ? now + LOOK_EVERY_MS : null;
  }

  tick(now: Time): void {
    for (const errand of this.#errands) {
      if (now < errand.until) continue;
      this.#errands.delete(errand);
      errand.failed();
    }
    if (this.#lookAt !== null && now >= this.#lookAt) this.look(now);
  }

  nextDeadline(): Time | null {
    return this.#lookAt;
  }
}
