/**
 * Links with latency and bandwidth. A node has one uplink that all its links share: control frames first, then bulk,
 * a frame of each link in turn; and one downlink, in the order of arrival. Parcels under way arrive in order, or not at
 * all when the link goes down.
 */
import type { Sleeper, Time, World } from "./world.ts";

export type NodeId = string;

/** The thing that is carried; its length decides how long that takes. */
export interface Parcel {
  /** In bytes. */
  readonly length: number;
}

/** Makes the next bulk frame just before it goes out; null: nothing more. */
export interface Bulk<Carried extends Parcel> {
  next(): { readonly parcel: Carried; readonly sent: () => void } | null;
}

/** A peer as the links know it. */
export interface SimNode<Id extends NodeId, Carried extends Parcel> extends Sleeper {
  readonly id: Id;
  linkUp(peer: Id, now: Time): void;
  linkDown(peer: Id, now: Time): void;
  deliver(from: Id, parcel: Carried, now: Time): void;
}

export interface Bandwidth {
  readonly upBytesPerSecond: number;
  readonly downBytesPerSecond: number;
}

interface Outgoing<Id extends NodeId, Carried extends Parcel> {
  readonly link: Link<Id, Carried>;
  readonly parcel: Carried;
  readonly sent?: () => void;
}

/** One direction of a link. */
interface Link<Id extends NodeId, Carried extends Parcel> {
  readonly to: End<Id, Carried>;
  readonly latencyMs: number;
  readonly bulk: Bulk<Carried>[];
  isUp: boolean;
}

interface End<Id extends NodeId, Carried extends Parcel> {
  readonly node: SimNode<Id, Carried>;
  readonly upBytesPerMs: number;
  readonly downBytesPerMs: number;
  readonly linksByPeer: Map<Id, Link<Id, Carried>>;
  readonly control: Outgoing<Id, Carried>[];
  /** Links with bulk, in the order of their turns. */
  readonly busy: Set<Link<Id, Carried>>;
  sending: boolean;
  sentBytes: number;
  /** When the downlink has taken in all parcels that are under way to it. */
  downFreeAt: number;
}

export class Links<Id extends NodeId, Carried extends Parcel> {
  readonly #world: World;
  readonly #ends = new Map<Id, End<Id, Carried>>();

  constructor(world: World) {
    this.#world = world;
  }

  add(node: SimNode<Id, Carried>, { upBytesPerSecond, downBytesPerSecond }: Bandwidth): void {
    this.#ends.set(node.id, {
      node,
      upBytesPerMs: upBytesPerSecond / 1000,
      downBytesPerMs: downBytesPerSecond / 1000,
      linksByPeer: new Map(),
      control: [],
      busy: new Set(),
      sending: false,
      sentBytes: 0,
      downFreeAt: 0,
    });
  }

  up(a: Id, b: Id, latencyMs: number): void {
    const [endA, endB] = [this.#end(a), this.#end(b)];
    endA.linksByPeer.set(b, { to: endB, latencyMs, bulk: [], isUp: true });
    endB.linksByPeer.set(a, { to: endA, latencyMs, bulk: [], isUp: true });
    endA.node.linkUp(b, this.#world.now);
    endB.node.linkUp(a, this.#world.now);
    this.#world.watch(endA.node);
    this.#world.watch(endB.node);
  }

  down(a: Id, b: Id): void {
    if (!this.isUp(a, b)) return;
    this.#cut(this.#end(a), b);
    this.#cut(this.#end(b), a);
  }

  peersOf(id: Id): Id[] {
    return [...this.#end(id).linksByPeer.keys()];
  }

  isUp(a: Id, b: Id): boolean {
    return this.#end(a).linksByPeer.has(b);
  }

  /** Bytes that left this node, of all kinds. */
  sentBytes(id: Id): number {
    return this.#end(id).sentBytes;
  }

  send(from: Id, to: Id, parcel: Carried): void {
    const end = this.#end(from);
    const link = end.linksByPeer.get(to);
    if (!link) return;
    end.control.push({ link, parcel });
    this.#pump(end);
  }

  sendBulk(from: Id, to: Id, bulk: Bulk<Carried>): void {
    const end = this.#end(from);
    const link = end.linksByPeer.get(to);
    if (!link) return;
    link.bulk.push(bulk);
    end.busy.add(link);
    this.#pump(end);
  }

  #pump(end: End<Id, Carried>): void {
    if (end.sending) return;
    const frame = end.control.shift() ?? this.#nextBulk(end);
    if (!frame) return;
    const { link, parcel } = frame;
    end.sending = true;
    end.sentBytes += parcel.length;
    this.#world.after(parcel.length / end.upBytesPerMs, () => {
      end.sending = false;
      if (link.isUp) this.#carry(end.node.id, link, parcel);
      frame.sent?.();
      this.#world.watch(end.node);
      this.#pump(end);
    });
  }

  #nextBulk(end: End<Id, Carried>): Outgoing<Id, Carried> | null {
    for (const link of end.busy) {
      end.busy.delete(link);
      while (link.isUp && link.bulk[0]) {
        const frame = link.bulk[0].next();
        if (!frame) {
          link.bulk.shift();
          continue;
        }
        end.busy.add(link);
        return { link, ...frame };
      }
    }
    return null;
  }

  #carry(from: Id, link: Link<Id, Carried>, parcel: Carried): void {
    const { to, latencyMs } = link;
    const beginsAt = Math.max(this.#world.now + latencyMs, to.downFreeAt);
    to.downFreeAt = beginsAt + parcel.length / to.downBytesPerMs;
    this.#world.after(to.downFreeAt - this.#world.now, () => {
      if (!link.isUp) return;
      to.node.deliver(from, parcel, this.#world.now);
      this.#world.watch(to.node);
    });
  }

  #cut(end: End<Id, Carried>, peer: Id): void {
    const link = end.linksByPeer.get(peer);
    if (!link) return;
    link.isUp = false;
    end.linksByPeer.delete(peer);
    end.busy.delete(link);
    end.node.linkDown(peer, this.#world.now);
    this.#world.watch(end.node);
  }

  #end(id: Id): End<Id, Carried> {
    const end = this.#ends.get(id);
    if (!end) throw new Error(`no node ${id}`);
    return end;
  }
}
