/** A signaling server in memory: it knows addresses, samples them, and carries envelopes; and it can be killed. */
import { MAX_SAMPLE_MEMBERS, type Address } from "@swapmeet/shared";

export interface CarriedEnvelope {
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
}

/** The member at an address. */
export interface Member {
  envelope(from: Address, bytes: Uint8Array): void;
}

export class SimServer {
  isUp = true;
  readonly #memberByAddress = new Map<Address, Member>();
  readonly #below: (bound: number) => number;

  constructor(below: (bound: number) => number) {
    this.#below = below;
  }

  join(address: Address, member: Member): void {
    this.#memberByAddress.set(address, member);
  }

  leave(address: Address): void {
    this.#memberByAddress.delete(address);
  }

  /** A random sample of other members, every set of them equally likely. [J3] [J4] */
  sample(address: Address): Address[] {
    const others = [...this.#memberByAddress.keys()].filter((other) => other !== address);
    const size = Math.min(others.length, MAX_SAMPLE_MEMBERS);
    for (let at = 0; at < size; at++) {
      const other = at + this.#below(others.length - at);
      [others[at], others[other]] = [others[other]!, others[at]!];
    }
    return others.slice(0, size);
  }

  deliver({ from, to, bytes }: CarriedEnvelope): void {
    if (this.isUp) this.#memberByAddress.get(to)?.envelope(from, bytes);
  }
}
