/** Overlays on simulated links with a virtual clock: calls take time, links end, a server gives samples or is away. */
import type { Address } from "@swapmeet/shared";
import type { ConnectionsLeft } from "../../src/links/call-budget.ts";
import type { OverlayFrame } from "../../src/wire/frame.ts";
import type { Time } from "../../src/base/time.ts";
import type { OverlayEvent } from "../../src/overlay/events.ts";
import { Overlay } from "../../src/overlay/overlay.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import type { Refusal } from "../../src/names/refusal.ts";
import { SeededRandom } from "../../../testing/random.ts";
import { World } from "../../../sim/world.ts";

const SAMPLE = 32;
const IDLE_LINK_MS = 60_000;
const UNREACHABLE_MS = 20_000;
export const MINUTE = 60_000;

interface NetLink {
  readonly ends: readonly [Member, Member];
  readonly latencyMs: number;
  open: boolean;
}

/** The program behind a member's links: an overlay, or something hostile. */
export type Behind = Pick<
  Overlay,
  "members" | "linkUp" | "linkDown" | "dialFailed" | "frame" | "tick" | "nextDeadline" | "isNeighbor"
>;

export class Member {
  readonly id: PeerId;
  readonly address: Address;
  readonly links = new Map<PeerId, NetLink>();
  readonly overlay: Overlay;
  readonly behind: Behind;
  readonly refused: Refusal[] = [];
  /** The neighbours according to the events "neighbor-up" and "neighbor-down". */
  readonly told = new Set<PeerId>();
  readonly calling = new Set<Address>();
  connectionsLeft: ConnectionsLeft = "plenty";
  alive = true;
  connections = 0;
  dials = 0;
  samples = 0;
  side = 0;
  readonly #net: Net;

  constructor(net: Net, number: number, behind: (net: Net, me: Member) => Behind | null) {
    this.id = number.toString(16).padStart(64, "0") as PeerId;
    this.address = number.toString(16).padStart(32, "0") as Address;
    this.overlay = new Overlay({
      me: this.id,
      address: this.address,
      queue: (event) => this.#perform(event),
      view: {
        mayDial: (address) => net.mayDial(this, address),
        connectionsLeft: () => this.connectionsLeft,
      },
      random: () => net.random.next(),
    });
    this.#net = net;
    this.behind = behind(net, this) ?? this.overlay;
  }

  #perform(event: OverlayEvent): void {
    switch (event.type) {
      case "send":
        return this.#net.send(this, event.to, event.frame as OverlayFrame);
      case "pass-over":
        return void this.refused.push(event.refusal);
      case "dial":
        return void this.#net.dial(this, event.address);
      case "neighbor-up":
        if (this.told.has(event.peer) || !this.links.has(event.peer))
          throw new Error("up twice, or without a link");
        return void this.told.add(event.peer);
      case "neighbor-down":
        if (!this.told.delete(event.peer)) throw new Error("down without up");
        return;
      case "output": // it asks for members
        this.samples++;
        return this.#net.sample(this);
    }
  }

  neighbors(): PeerId[] {
    return [...this.overlay.neighbors()];
  }
}

export class Net {
  readonly world = new World();
  readonly random: SeededRandom;
  readonly members: Member[] = [];
  readonly byId = new Map<PeerId, Member>();
  readonly #byAddress = new Map<Address, Member>();
  serverAway = false;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  get now(): Time {
    return this.world.now;
  }

  get alive(): Member[] {
    return this.members.filter(({ alive }) => alive);
  }

  /** A member enters the room, and gets a sample of it. */
  add(behind: (net: Net, me: Member) => Behind | null = () => null): Member {
    const member = new Member(this, this.members.length + 1, behind);
    this.members.push(member);
    this.byId.set(member.id, member);
    this.#byAddress.set(member.address, member);
    this.sample(member);
    return member;
  }

  sample(to: Member): void {
    if (this.serverAway) return;
    this.world.after(50, () => {
      const others = this.alive.filter((member) => member !== to);
      const named: Address[] = [];
      while (named.length < SAMPLE && others.length > 0)
        named.push(others.splice(this.random.below(others.length), 1)[0]!.address);
      this.wake(to, () => to.behind.members(named, this.now));
    });
  }

  run(ms: number, until: () => boolean = () => false): boolean {
    return this.world.run(until, this.now + ms);
  }

  send(from: Member, to: PeerId, frame: OverlayFrame): void {
    const link = from.links.get(to);
    if (!link) return;
    const peer = this.byId.get(to)!;
    this.world.after(link.latencyMs, () => {
      if (link.open) this.wake(peer, () => peer.behind.frame(from.id, frame, this.now));
    });
  }

  mayDial(from: Member, address: Address): boolean {
    const to = this.#byAddress.get(address);
    if (from.calling.has(address) || (to && from.links.has(to.id))) return false;
    return !this.serverAway || from.links.size > 0;
  }

  dial(from: Member, address: Address): boolean {
    if (!this.mayDial(from, address)) return false;
    const to = this.#byAddress.get(address);
    from.calling.add(address);
    from.dials++;
    from.connections++;
    this.world.after(300 + this.random.below(500), () => {
      if (to && from.links.has(to.id)) from.calling.delete(address);
      else if (from.alive && to?.alive && from.side === to.side) {
        from.calling.delete(address);
        to.calling.delete(from.address);
        to.connections++;
        this.#link(from, to);
      } else
        this.world.after(UNREACHABLE_MS, () => {
          if (from.calling.delete(address)) this.wake(from, () => from.behind.dialFailed(address, this.now));
        });
    });
    return true;
  }

  kill(member: Member): void {
    member.alive = false;
    for (const link of [...member.links.values()]) this.#close(link, 1_000 + this.random.below(4_000));
  }

  /** Cuts the members into sides that can't reach each other, until they are on one side again. */
  cut(sideOf: (member: Member, at: number) => number): void {
    this.members.forEach((member, at) => (member.side = sideOf(member, at)));
    for (const member of this.members)
      for (const link of [...member.links.values()])
        if (link.ends[0].side !== link.ends[1].side) this.#close(link, 1_000 + this.random.below(4_000));
  }

  close(a: Member, b: Member): void {
    const link = a.links.get(b.id);
    if (link) this.#close(link, 0);
  }

  wake(member: Member, act: () => void): void {
    if (!member.alive) return;
    act();
    this.world.watch(member.behind);
  }

  #link(from: Member, to: Member): void {
    const link: NetLink = { ends: [from, to], latencyMs: 20 + this.random.below(60), open: true };
    for (const [me, other] of [link.ends, [to, from] as const]) {
      me.links.set(other.id, link);
      this.wake(me, () => me.behind.linkUp(other.id, other.address, this.now));
    }
    this.#closeWhenIdle(link);
  }

  #closeWhenIdle(link: NetLink): void {
    const [a, b] = link.ends;
    const isIdle = () => !a.behind.isNeighbor(b.id) && !b.behind.isNeighbor(a.id);
    this.world.after(IDLE_LINK_MS / 2, () => {
      const wasIdle = isIdle();
      this.world.after(IDLE_LINK_MS / 2, () => {
        if (!link.open) return;
        if (wasIdle && isIdle()) this.#close(link, 0);
        else this.#closeWhenIdle(link);
      });
    });
  }

  #close(link: NetLink, noticedAfterMs: number): void {
    link.open = false;
    const [a, b] = link.ends;
    for (const [me, other] of [
      [a, b],
      [b, a],
    ] as const)
      this.world.after(noticedAfterMs, () => {
        if (me.links.get(other.id) !== link) return;
        me.links.delete(other.id);
        this.wake(me, () => me.behind.linkDown(other.id, this.now));
      });
  }
}

/** How many of `members` the first one reaches, over neighbours among them. */
export const reached = (members: readonly Member[]): number => {
  const byId = new Map(members.map((member) => [member.id, member]));
  const seen = new Set<Member>(members.slice(0, 1));
  for (const member of seen)
    for (const peer of member.overlay.neighbors()) {
      const next = byId.get(peer);
      if (next) seen.add(next);
    }
  return seen.size;
};

export const isSymmetric = (members: readonly Member[]): boolean => {
  const byId = new Map(members.map((member) => [member.id, member]));
  return members.every((member) =>
    member.neighbors().every((peer) => byId.get(peer)?.overlay.isNeighbor(member.id)),
  );
};
