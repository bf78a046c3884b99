/**
 * Links with latency and bandwidth. A node has one uplink that all its links share: control frames first, then bulk,
 * a frame of each link in turn; and one downlink, in the order things come. What is under way arrives in order, or not
 * at all when the link goes down.
 */
import type { NodeId, SimNode, World } from "./world.ts";

/** Makes the next bulk frame just before it goes out; null: nothing more. */
export interface Bulk {
  next(): { readonly bytes: Uint8Array; readonly sent: () => void } | null;
}

export interface Bandwidth {
  readonly upBytesPerSecond: number;
  readonly downBytesPerSecond: number;
}

interface Outgoing<Id extends NodeId> {
  readonly link: Link<Id>;
  readonly bytes: Uint8Array;
  readonly sent?: () => void;
}

/** One direction of a link. */
interface Link<Id extends NodeId> {
  readonly to: End<Id>;
  readonly latencyMs: number;
  readonly bulk: Bulk[];
  isUp: boolean;
}

interface End<Id extends NodeId> {
  readonly node: SimNode<Id>;
  readonly upBytesPerMs: number;
  readonly downBytesPerMs: number;
  readonly linksByPeer: Map<Id, Link<Id>>;
  readonly control: Outgoing<Id>[];
  /** Links with bulk, in the order they have their turn. */
  readonly busy: Set<Link<Id>>;
  sending: boolean;
  sentBytes: number;
  /** When the downlink has taken in all that is under way to it. */
  downFreeAt: number;
}

export class Links<Id extends NodeId> {
  readonly #world: World;
  readonly #ends = new Map<Id, End<Id>>();

  constructor(world: World) {
    this.#world = world;
  }

  add(node: SimNode<Id>, { upBytesPerSecond, downBytesPerSecond }: Bandwidth): void {
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

  send(from: Id, to: Id, bytes: Uint8Array): void {
    const end = this.#end(from);
    const link = end.linksByPeer.get(to);
    if (!link) return;
    end.control.push({ link, bytes });
    this.#pump(end);
  }

  sendBulk(from: Id, to: Id, bulk: Bulk): void {
    const end = this.#end(from);
    const link = end.linksByPeer.get(to);
    if (!link) return;
    link.bulk.push(bulk);
    end.busy.add(link);
    this.#pump(end);
  }

  #pump(end: End<Id>): void {
    if (end.sending) return;
    const frame = end.control.shift() ?? this.#nextBulk(end);
    if (!frame) return;
    const { link, bytes } = frame;
    end.sending = true;
    end.sentBytes += bytes.length;
    this.#world.after(bytes.length / end.upBytesPerMs, () => {
      end.sending = false;
      if (link.isUp) this.#carry(end.node.id, link, bytes);
      frame.sent?.();
      this.#world.watch(end.node);
      this.#pump(end);
    });
  }

  #nextBulk(end: End<Id>): Outgoing<Id> | null {
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

  #carry(from: Id, link: Link<Id>, bytes: Uint8Array): void {
    const { to, latencyMs } = link;
    const beginsAt = Math.max(this.#world.now + latencyMs, to.downFreeAt);
    to.downFreeAt = beginsAt + bytes.length / to.downBytesPerMs;
    this.#world.after(to.downFreeAt - this.#world.now, () => {
      if (!link.isUp) return;
      to.node.deliver(from, bytes, this.#world.now);
      this.#world.watch(to.node);
    });
  }

  #cut(end: End<Id>, peer: Id): void {
    const link = end.linksByPeer.get(peer);
    if (!link) return;
    link.isUp = false;
    end.linksByPeer.delete(peer);
    end.busy.delete(link);
    end.node.linkDown(peer, this.#world.now);
    this.#world.watch(end.node);
  }

  #end(id: Id): End<Id> {
    const end = this.#ends.get(id);
    if (!end) throw new Error(`no node ${id}`);
    return end;
  }
}
