/**
 * The passive view: peers that may be called when a neighbour is lost (HyParView; Leitão, Pereira, Rodrigues 2007).
 * PROTOCOL.md, rules O4 and O6.
 *
 * Contacts are known by their address, because the server tells no more. Neighbours can invent any number of contacts:
 * so hearsay takes no more than half of the view, and is not passed on before the contact was linked.
 */
import type { Address } from "@swapmeet/shared";
import { Bounded } from "../base/bounded.ts";
import type { Contact } from "../wire/frame.ts";
import type { Time } from "../base/time.ts";
import type { PeerId } from "../names/peer-id.ts";

/** The paper's k (log10(n) + c), with k = 6 and c = 1, for rooms of ten thousand. */
const MAX_CONTACTS = 30;
const MAX_HEARD = MAX_CONTACTS / 2;
/** A contact that failed so often in a row makes room for others. Guess. */
const MAX_FAILURES = 6;
const LAST_REST_MS = 600_000;
/** Addresses whose failures are remembered, in the view or not. Guess. */
const MAX_REMEMBERED = 256;

/** How we know a contact: it was linked, the server named it, or a neighbour did. */
export type Origin = "met" | "server" | "heard";

interface KnownContact {
  readonly address: Address;
  peer: PeerId | null;
  readonly origin: Origin;
  /** A neighbour of our choice whose link broke: it is called even when there are enough neighbours. [O6] */
  readonly missing: boolean;
}

/** Addresses that are being called. */
type Called = Pick<ReadonlySet<Address>, "has">;

export class PassiveView {
  readonly #random: () => number;
  readonly #contactByAddress = new Map<Address, KnownContact>();
  readonly #restByAddress = new Bounded<Address, { readonly failures: number; until: Time }>(MAX_REMEMBERED);

  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#contactByAddress.size;
  }

  contacts(): Iterable<Readonly<KnownContact>> {
    return this.#contactByAddress.values();
  }

  isMissing(address: Address): boolean {
    return this.#contactByAddress.get(address)?.missing ?? false;
  }

  add(address: Address, peer: PeerId | null, origin: Origin, now: Time, missing = false): void {
    const known = this.#contactByAddress.get(address);
    if (known && (origin === "heard" || known.origin === "met") && !missing) return;
    const rest = this.#restByAddress.get(address);
    if (!missing && rest && rest.failures >= MAX_FAILURES && now < rest.until) return;
    this.#contactByAddress.delete(address);
    if (this.size >= MAX_CONTACTS) this.#evictFor(origin);
    this.#contactByAddress.set(address, { address, peer: peer ?? known?.peer ?? null, origin, missing });
  }

  remove(address: Address): void {
    this.#contactByAddress.delete(address);
  }

  /** A random contact that does not rest and is not being called. `missing`: only contacts whose link broke. */
  pick(now: Time, missing: boolean, called: Called): Address | null {
    const due: Address[] = [];
    for (const contact of this.#contactByAddress.values())
      if (this.#mayBePicked(contact, missing, called) && this.#restsUntil(contact.address) <= now)
        due.push(contact.address);
    return due[Math.floor(this.#random() * due.length)] ?? null;
  }

  /** When the next contact that could be picked has rested; null when none rests. */
  nextDue(now: Time, missing: boolean, called: Called): Time | null {
    let next = Infinity;
    for (const contact of this.#contactByAddress.values()) {
      const until = this.#restsUntil(contact.address);
      if (until > now && this.#mayBePicked(contact, missing, called)) next = Math.min(next, until);
    }
    return next === Infinity ? null : next;
  }

  #mayBePicked({ address, missing }: KnownContact, onlyMissing: boolean, called: Called): boolean {
    return (missing || !onlyMissing) && !called.has(address);
  }

  /** Lets a contact rest for a while, without counting a failure. */
  rest(address: Address, ms: number, now: Time): void {
    const failures = this.#restByAddress.get(address)?.failures ?? 0;
    this.#remember(address, failures, now + this.#jittered(ms));
  }

  /** A call to it failed. Each failure in a row doubles its rest; the last one costs it its place. */
  failed(address: Address, firstRestMs: number, now: Time): void {
    const failures = (this.#restByAddress.get(address)?.failures ?? 0) + 1;
    const ms = Math.min(LAST_REST_MS, firstRestMs * 2 ** (failures - 1));
    this.#remember(address, failures, now + this.#jittered(ms));
    if (failures >= MAX_FAILURES) this.#contactByAddress.delete(address);
  }

  /** Ends the rest of contacts whose link broke, so that they are called at once. */
  wakeMissing(now: Time): void {
    for (const { address, missing } of this.#contactByAddress.values())
      if (missing) this.#remember(address, 0, now);
  }

  /** Tells that `ms` milliseconds passed that `now` does not count: contacts have rested in them. */
  passed(ms: number): void {
    for (const rest of this.#restByAddress.values()) rest.until -= ms;
  }

  /** It is a neighbour now: it leaves the passive view, and its failures are forgotten. */
  joined(address: Address): void {
    this.#contactByAddress.delete(address);
    this.#restByAddress.delete(address);
  }

  /** Up to `count` contacts that may be passed on, at random: they were linked and have not failed since. */
  sample(count: number): Contact[] {
    const met: Contact[] = [];
    for (const { address, peer, origin } of this.#contactByAddress.values()) {
      const failures = this.#restByAddress.get(address)?.failures ?? 0;
      if (origin === "met" && peer && failures === 0) met.push({ peer, address });
    }
    return drawn(met, count, this.#random);
  }

  #restsUntil(address: Address): Time {
    return this.#restByAddress.get(address)?.until ?? -Infinity;
  }

  #remember(address: Address, failures: number, until: Time): void {
    this.#restByAddress.set(address, { failures, until });
  }

  /** Makes room: in a full view hearsay and the rest have half of the places each. Contacts that failed go first. */
  #evictFor(origin: Origin): void {
    const contacts = [...this.#contactByAddress.values()];
    const heard = contacts.filter((contact) => contact.origin === "heard");
    const fromHeard = origin === "heard" ? heard.length >= MAX_HEARD : heard.length > MAX_HEARD;
    const crowd = fromHeard ? heard : contacts.filter((contact) => contact.origin !== "heard");
    const stained = crowd.filter(({ address }) => (this.#restByAddress.get(address)?.failures ?? 0) > 0);
    const victims = stained.length > 0 ? stained : crowd;
    this.#contactByAddress.delete(victims[Math.floor(this.#random() * victims.length)]!.address);
  }

  /** Between 1 and 2 times: two peers that lost each other do not call in step for ever. */
  #jittered(ms: number): number {
    return ms * (1 + this.#random());
  }
}

/** `count` of them at random, or all when there are fewer; the list is used up. */
export const drawn = <Item>(items: Item[], count: number, random: () => number): Item[] => {
  const picked: Item[] = [];
  while (picked.length < count && items.length > 0) {
    const at = Math.floor(random() * items.length);
    picked.push(items[at]!);
    items[at] = items.at(-1)!;
    items.pop();
  }
  return picked;
};
