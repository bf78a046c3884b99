/**
 * Finds the liar behind a corrupt piece. With one sender, it is the liar. With several, the true leaf hashes tell:
 * exactly the senders of false leaves are refused, and only those leaves are fetched again. PROTOCOL.md, rule S9.
 *
 * It does not know how a corrupt piece was found, nor how it is fetched again.
 */
import type { Assembly } from "./assembly.ts";
import type { Holders } from "./holders.ts";
import type { Time } from "../../base/time.ts";
import type { PeerId } from "../../names/peer-id.ts";
import { ASK_AGAIN } from "../sources/event.ts";
import type { Supplies } from "../sources/supplies.ts";
import { HASHES_TIMEOUT_MS, type TrueLeaves } from "./true-leaves.ts";
import type { Trust } from "./trust.ts";

/** Pieces that are to be fetched anew as a whole: no peer is left that would tell their true leaves. */
export type Hopeless = readonly number[];

const NONE: Hopeless = [];

/** A corrupt piece whose true leaves are asked for. */
interface Blame {
  readonly assembly: Assembly;
  /** The hashes of the bytes that came. */
  readonly leaves: Uint8Array;
  readonly asked: Set<PeerId>;
  from: PeerId | null;
  dueAt: Time;
}

export class Blames {
  readonly #supplies: Supplies;
  readonly #holders: Holders;
  readonly #leaves: TrueLeaves;
  readonly #trust: Trust;
  readonly #blameByPiece = new Map<number, Blame>();

  constructor(supplies: Supplies, holders: Holders, leaves: TrueLeaves, trust: Trust) {
    this.#supplies = supplies;
    this.#holders = holders;
    this.#leaves = leaves;
    this.#trust = trust;
  }

  has(piece: number): boolean {
    return this.#blameByPiece.has(piece);
  }

  /** `leaves`: the hashes of the bytes that came. */
  begin(assembly: Assembly, leaves: Uint8Array, now: Time): Hopeless {
    const [sender, ...others] = assembly.senders();
    if (sender && others.length === 0) this.#supplies.sources.refuse(sender, "wrong-block");
    const blame: Blame = { assembly, leaves, asked: new Set(), from: null, dueAt: 0 };
    this.#blameByPiece.set(assembly.piece, blame);
    return this.#ask(blame, now);
  }

  heard(peer: PeerId, piece: number, trueLeaves: Uint8Array): Hopeless {
    const blame = this.#blameByPiece.get(piece);
    return blame?.from === peer ? this.#settle(blame, trueLeaves) : NONE;
  }

  /** A peer does not tell the leaves of a piece, or not the true ones. */
  untold(peer: PeerId, piece: number, now: Time): Hopeless {
    const blame = this.#blameByPiece.get(piece);
    return blame?.from === peer ? this.#ask(blame, now) : NONE;
  }

  peerDown(peer: PeerId, now: Time): Hopeless {
    return this.#askAll(({ from }) => from === peer, now);
  }

  /** The piece is not under assembly any more. */
  forget(piece: number): void {
    this.#blameByPiece.delete(piece);
  }

  tick(now: Time): Hopeless {
    return this.#askAll(({ dueAt }) => now >= dueAt, now);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #askAll(isDue: (blame: Blame) => boolean, now: Time): Hopeless {
    return [...this.#blameByPiece.values()].filter(isDue).flatMap((blame) => this.#ask(blame, now));
  }

  /** Asks one holder at a time. When none is left, the whole piece is fetched anew and nobody is blamed. */
  #ask(blame: Blame, now: Time): Hopeless {
    const { piece } = blame.assembly;
    const holders = this.#supplies.sources
      .inGoodStanding()
      .filter(({ peer }) => !blame.asked.has(peer) && this.#holders.piecesOf(peer)?.has(piece));
    const from = holders[Math.floor(this.#supplies.view.random() * holders.length)];
    if (!from) return [piece];
    blame.from = from.peer;
    blame.asked.add(from.peer);
    blame.dueAt = now + HASHES_TIMEOUT_MS;
    this.#leaves.ask(from.peer, piece);
    return NONE;
  }

  #settle({ assembly, leaves }: Blame, trueLeaves: Uint8Array): Hopeless {
    const senders = assembly.senders();
    const liars = assembly.dropFalse(leaves, trueLeaves);
    this.#blameByPiece.delete(assembly.piece);
    assembly.complete = false;
    if (liars.length === 0) return [assembly.piece];
    for (const honest of assembly.senders()) this.#trust.believe(honest);
    if (senders.length > 1) for (const liar of liars) this.#supplies.sources.refuse(liar, "wrong-block");
    this.#supplies.events.push(ASK_AGAIN);
    return NONE;
  }
}
