/**
 * The names of this computer: its own, and those that the DNS of its network gives its addresses. Whoever has a foreign
 * page can make its name lead here, but can't have this network call the computer by that name. [J10f]
 */
import { Resolver } from "node:dns/promises";

/** One that is asked again and again has a stranger's name to try, so the network is asked at most this often. Guess. */
const ASK_AGAIN_MS = 60_000;
/** An address of each family on a few networks. Guess. */
const MAX_ADDRESSES = 16;
/** Guess. */
const ANSWER_WITHIN_MS = 2_000;

export interface OwnNamesOptions {
  readonly hostname: string;
  /** The addresses of this computer now, those of loopback left out. */
  readonly addresses: () => readonly string[];
  readonly now: () => number;
  /** Asks for the names of an address. Not the system's own look-up: that one would block the threads that read files. */
  readonly reverse?: (address: string) => Promise<string[]>;
}

export class OwnNames {
  readonly #options: OwnNamesOptions;
  readonly #hostname: string;
  #names: ReadonlySet<string> = new Set();
  #askedAtMs = -Infinity;

  constructor(options: OwnNamesOptions) {
    this.#options = options;
    this.#hostname = withoutDot(options.hostname);
  }

  /** `name`: in lower case. A name that is not known yet may be a little later: the computer may have moved. */
  has(name: string): boolean {
    if (name === this.#hostname || this.#names.has(name)) return true;
    if (this.#options.now() - this.#askedAtMs >= ASK_AGAIN_MS) void this.ask();
    return false;
  }

  /** Never rejects; an address without a name, or a network without DNS, is no problem. */
  async ask(): Promise<void> {
    const { addresses, now, reverse = namesOf } = this.#options;
    this.#askedAtMs = now();
    const found = await Promise.allSettled(addresses().slice(0, MAX_ADDRESSES).map(reverse));
    this.#names = new Set(
      found.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : [])).map(withoutDot),
    );
  }
}

const resolver = new Resolver({ timeout: ANSWER_WITHIN_MS, tries: 1 });
const namesOf = (address: string): Promise<string[]> => resolver.reverse(address);

const withoutDot = (name: string): string => name.toLowerCase().replace(/\.$/, "");
