/**
 * Links with latency and bandwidth. A node has one uplink that all its links share: control frames first, then bulk,
 * a frame of each link in turn. What is under way arrives in order, or not at all when the link goes down.
 */
import type { NodeId, SimNode, World } from "./world.ts";

/** Makes the next bulk frame just before it goes out; null: nothing more. */
export interface Bulk {
  next(): { readonly bytes: Uint8Array; readonly sent: () => void } | null;
}

interface Outgoing<Id extends NodeId> {
  readonly to: Id;
  readonly bytes: Uint8Array;
  readonly sent?: () => void;
}

interface End<Id extends NodeId> {
  readonly node: SimNode<Id>;
  readonly bytesPerMs: number;
  readonly control: Outgoing<Id>[];
  readonly bulkByPeer: Map<Id, Bulk[]>;
  sending: boolean;
  sentBytes: number;
}

interface Link {
  readonly latencyMs: number;
}

export class Links<Id extends NodeId> {
  readonly #world: World;
  readonly #ends = new Map<Id, End<Id>>();
  readonly #links = new Map<string, Link>();

  constructor(world: World) {
    this.#world = world;
  }

  add(node: SimNode<Id>, bytesPerSecond: number): void {
    this.#ends.set(node.id, {
      node,
      bytesPerMs: bytesPerSecond / 1000,
      control: [],
      bulkByPeer: new Map(),
      sending: false,
      sentBytes: 0,
    });
  }

  up(a: Id, b: Id, latencyMs: number): void {
    const link = { latencyMs };
    this.#links.set(nameOf(a, b), link);
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const { node } = this.#end(one);
      node.linkUp(other, this.#world.now);
      this.#world.watch(node);
    }
  }

  down(a: Id, b: Id): void {
    if (!this.#links.delete(nameOf(a, b))) return;
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const { node, bulkByPeer } = this.#end(one);
      bulkByPeer.delete(other);
      node.linkDown(other, this.#world.now);
      this.#world.watch(node);
    }
  }

  peersOf(id: Id): Id[] {
    return [...this.#ends.keys()].filter((other) => this.isUp(id, other));
  }

  isUp(a: Id, b: Id): boolean {
    return this.#links.has(nameOf(a, b));
  }

  /** Bytes that left this node, of all kinds. */
  sentBytes(id: Id): number {
    return this.#end(id).sentBytes;
  }

  send(from: Id, to: Id, bytes: Uint8Array): void {
    const end = this.#end(from);
    end.control.push({ to, bytes });
    this.#pump(end);
  }

  sendBulk(from: Id, to: Id, bulk: Bulk): void {
    const end = this.#end(from);
    const queue = end.bulkByPeer.get(to) ?? [];
    queue.push(bulk);
    end.bulkByPeer.set(to, queue);
    this.#pump(end);
  }

  #pump(end: End<Id>): void {
    if (end.sending) return;
    const frame = end.control.shift() ?? this.#nextBulk(end);
    if (!frame) return;
    const link = this.#links.get(nameOf(end.node.id, frame.to));
    end.sending = true;
    end.sentBytes += frame.bytes.length;
    this.#world.after(frame.bytes.length / end.bytesPerMs, () => {
      end.sending = false;
      if (link)
        this.#world.after(link.latencyMs, () => this.#arrive(end.node.id, frame.to, frame.bytes, link));
      frame.sent?.();
      this.#world.watch(end.node);
      this.#pump(end);
    });
  }

  #nextBulk(end: End<Id>): Outgoing<Id> | null {
    for (const [to, queue] of end.bulkByPeer) {
      while (queue[0]) {
        const frame = queue[0].next();
        if (!frame) {
          queue.shift();
          continue;
        }
        end.bulkByPeer.delete(to);
        end.bulkByPeer.set(to, queue);
        return { to, ...frame };
      }
      end.bulkByPeer.delete(to);
    }
    return null;
  }

  #arrive(from: Id, to: Id, bytes: Uint8Array, link: Link): void {
    if (this.#links.get(nameOf(from, to)) !== link) return;
    const { node } = this.#end(to);
    node.deliver(from, bytes, this.#world.now);
    this.#world.watch(node);
  }

  #end(id: Id): End<Id> {
    const end = this.#ends.get(id);
    if (!end) throw new Error(`no node ${id}`);
    return end;
  }
}

const nameOf = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
