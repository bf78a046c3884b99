/**
 * The active view: this peer's neighbours, with a record of how useful each is. PROTOCOL.md, rules O1, O3 and O8.
 */
import type { Address } from "@swapmeet/shared";
import type { Contact } from "../wire/frame.ts";
import { drawn } from "./passive-view.ts";
import type { PeerId } from "../names/peer-id.ts";

/** A peer that missed so many probes, and more than half, passes nothing on: chance hardly explains it. Guess. */
const MISSES_OF_A_SWALLOWER = 3;
/** At so many probes all counts are halved, so that a long good record does not excuse later misses. Guess. */
const MAX_PROBES = 32;

interface Neighbor {
  readonly address: Address;
  /** True: we chose it. False: it called us. */
  readonly chosen: boolean;
  told: number;
  missed: number;
  /** News of others that it was the first to bring. */
  brought: number;
  /** Shuffles handed to it that it may answer. */
  shuffles: number;
}

export class ActiveView {
  readonly #random: () => number;
  readonly #neighborByPeer = new Map<PeerId, Neighbor>();
  #called = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#neighborByPeer.size;
  }

  /** The number of neighbours that called us. */
  get called(): number {
    return this.#called;
  }

  /** The number of neighbours that we chose. */
  get chosen(): number {
    return this.size - this.#called;
  }

  has(peer: PeerId): boolean {
    return this.#neighborByPeer.has(peer);
  }

  peers(): IterableIterator<PeerId> {
    return this.#neighborByPeer.keys();
  }

  add(peer: PeerId, address: Address, chosen: boolean): void {
    this.#neighborByPeer.set(peer, { address, chosen, told: 0, missed: 0, brought: 0, shuffles: 0 });
    if (!chosen) this.#called++;
  }

  /** Removes a neighbour and returns its data. */
  delete(peer: PeerId): { readonly address: Address; readonly chosen: boolean } {
    const neighbor = this.#neighborByPeer.get(peer)!;
    this.#neighborByPeer.delete(peer);
    if (!neighbor.chosen) this.#called--;
    return neighbor;
  }

  clear(): void {
    this.#neighborByPeer.clear();
    this.#called = 0;
  }

  random(except: PeerId | null): PeerId | null {
    const others = [...this.#neighborByPeer.keys()].filter((peer) => peer !== except);
    return others[Math.floor(this.#random() * others.length)] ?? null;
  }

  sample(count: number): Contact[] {
    const contacts = [...this.#neighborByPeer].map(([peer, { address }]): Contact => ({ peer, address }));
    return drawn(contacts, count, this.#random);
  }

  shuffleHanded(to: PeerId): void {
    const neighbor = this.#neighborByPeer.get(to);
    if (neighbor) neighbor.shuffles++;
  }

  /** A neighbour answers a shuffle. Returns whether it had one to answer. */
  shuffleAnswered(by: PeerId): boolean {
    const neighbor = this.#neighborByPeer.get(by);
    if (!neighbor || neighbor.shuffles === 0) return false;
    neighbor.shuffles--;
    return true;
  }

  /** `told`: whether the neighbour told us of the news that was kept from it as a probe. */
  probed(peer: PeerId, told: boolean): void {
    const neighbor = this.#neighborByPeer.get(peer);
    if (!neighbor) return;
    if (told) neighbor.told++;
    else neighbor.missed++;
    if (neighbor.told + neighbor.missed <= MAX_PROBES) return;
    neighbor.told /= 2;
    neighbor.missed /= 2;
  }

  brought(peer: PeerId): void {
    const neighbor = this.#neighborByPeer.get(peer);
    if (neighbor) neighbor.brought++;
  }

  isSwallower(peer: PeerId): boolean {
    const neighbor = this.#neighborByPeer.get(peer);
    return neighbor !== undefined && isSwallower(neighbor);
  }

  /** Up to `count` neighbours that take news and never pass it on, the worst first. */
  swallowers(count: number): PeerId[] {
    const guilty = [...this.#neighborByPeer].filter(([, neighbor]) => isSwallower(neighbor));
    guilty.sort(([, a], [, b]) => b.missed - a.missed);
    return guilty.slice(0, count).map(([peer]) => peer);
  }

  /** The neighbour that has passed on least, among those that called us; of several, one at random. */
  leastUsefulCaller(): PeerId | null {
    const callers = [...this.#neighborByPeer].filter(([, { chosen }]) => !chosen);
    const useful = ([, { told, missed, brought }]: [PeerId, Neighbor]): number => told - missed + brought;
    const least = Math.min(...callers.map(useful));
    return (
      drawn(
        callers.filter((caller) => useful(caller) === least),
        1,
        this.#random,
      )[0]?.[0] ?? null
    );
  }
}

const isSwallower = ({ told, missed }: Neighbor): boolean => missed >= MISSES_OF_A_SWALLOWER && missed > told;
