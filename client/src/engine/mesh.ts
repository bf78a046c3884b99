/**
 * A full mesh, as far as a class goes: whoever the server names is called, and while somebody may be missing it is
 * asked for others. PROTOCOL.md, rule I6.
 */
import type { Address } from "@swapmeet/shared";
import type { Time } from "./io.ts";

/** A class of thirty is fully meshed; beyond it, feeds still reach everyone through neighbours. Guess. */
const LINKS_AIMED_AT = 32;
const SAMPLE_EVERY_MS = 60_000;
const FIRST_RETRY_MS = 1_000;

export interface MeshContext {
  /** Links, and attempts at one. */
  linkCount(): number;
  dial(address: Address, now: Time): boolean;
  /** Ask the server for members. */
  sample(): void;
  /** [0, 1) */
  random(): number;
}

export class Mesh {
  readonly #context: MeshContext;
  #sampleAt: Time | null = null;
  #failures = 0;

  constructor(context: MeshContext) {
    this.#context = context;
  }

  /** The newcomer dials: those who were here before know nothing of it yet. */
  members(addresses: readonly Address[], now: Time): void {
    this.#sampleAt = now + SAMPLE_EVERY_MS;
    for (const address of addresses)
      if (this.#context.linkCount() < LINKS_AIMED_AT) this.#context.dial(address, now);
  }

  peerUp(): void {
    this.#failures = 0;
  }

  peerDown(now: Time): void {
    this.#sampleWithin(FIRST_RETRY_MS / 2, now);
  }

  dialFailed(now: Time): void {
    this.#sampleWithin(Math.min(SAMPLE_EVERY_MS, FIRST_RETRY_MS * 2 ** this.#failures++), now);
  }

  tick(now: Time): void {
    if (this.#sampleAt === null || now < this.#sampleAt) return;
    this.#sampleAt = now + SAMPLE_EVERY_MS;
    if (this.#context.linkCount() < LINKS_AIMED_AT) this.#context.sample();
  }

  nextDeadline(): Time | null {
    return this.#sampleAt;
  }

  /** Up to twice as long: two that lost each other do not call in step for ever. */
  #sampleWithin(ms: number, now: Time): void {
    if (this.#sampleAt === null) return;
    this.#sampleAt = Math.min(this.#sampleAt, now + ms * (1 + this.#context.random()));
  }
}
