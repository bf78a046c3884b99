/**
 * Corrupt pieces, and who is to blame. The only sender of one is; among several the true leaf hashes tell, and exactly
 * those whose leaves differ are refused, and only those leaves are fetched again. PROTOCOL.md, rule S9.
 *
 * It does not know how a false piece was found out, nor how it is fetched again.
 */
import type { Assembly } from "./assembly.ts";
import type { Holders } from "./holders.ts";
import type { Time } from "../../base/time.ts";
import { HASHES_TIMEOUT_MS } from "./layer-fetch.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Refusal } from "../../names/refusal.ts";
import type { Source } from "./source.ts";
import type { TrueLeaves } from "./true-leaves.ts";
import type { Trust } from "./trust.ts";

export interface BlamesContext {
  refuse(peer: PeerId, refusal: Refusal): void;
  random(): number;
  /** All linked peers in good standing. */
  sources(): Iterable<Source>;
  /** Something can be asked for that could not be asked for before. */
  stir(): void;
}

/** A corrupt piece whose true leaves are asked for. */
interface Blame {
  readonly assembly: Assembly;
  /** Of the bytes that came. */
  readonly leaves: Uint8Array;
  readonly asked: Set<PeerId>;
  from: Source | null;
  dueAt: Time;
}

export class Blames {
  readonly #context: BlamesContext;
  readonly #holders: Holders;
  readonly #leaves: TrueLeaves;
  readonly #trust: Trust;
  readonly #drop: (assembly: Assembly) => void;
  readonly #blameByPiece = new Map<number, Blame>();

  /** `drop`: the whole piece is to be fetched anew. */
  constructor(
    context: BlamesContext,
    holders: Holders,
    leaves: TrueLeaves,
    trust: Trust,
    drop: (assembly: Assembly) => void,
  ) {
    this.#context = context;
    this.#holders = holders;
    this.#leaves = leaves;
    this.#trust = trust;
    this.#drop = drop;
  }

  has(piece: number): boolean {
    return this.#blameByPiece.has(piece);
  }

  /** `leaves`: the hashes of the bytes that came. */
  begin(assembly: Assembly, leaves: Uint8Array, now: Time): void {
    const [sender, ...others] = assembly.senders();
    if (sender && others.length === 0) this.#context.refuse(sender, "wrong-block");
    const blame: Blame = { assembly, leaves, asked: new Set(), from: null, dueAt: 0 };
    this.#blameByPiece.set(assembly.piece, blame);
    this.#ask(blame, now);
  }

  heard(source: Source, piece: number, trueLeaves: Uint8Array): void {
    const blame = this.#blameByPiece.get(piece);
    if (blame?.from === source) this.#settle(blame, trueLeaves);
  }

  /** It does not tell the leaves of a piece, or not truly. */
  untold(source: Source, piece: number, now: Time): void {
    const blame = this.#blameByPiece.get(piece);
    if (blame?.from === source) this.#ask(blame, now);
  }

  sourceDown(source: Source, now: Time): void {
    for (const blame of this.#blameByPiece.values()) if (blame.from === source) this.#ask(blame, now);
  }

  /** The piece is not under assembly any more. */
  forget(piece: number): void {
    this.#blameByPiece.delete(piece);
  }

  tick(now: Time): void {
    for (const blame of this.#blameByPiece.values()) if (now >= blame.dueAt) this.#ask(blame, now);
  }

  // -- details -------------------------------------------------------------------------------------------------------

  /** One holder at a time; when none is left that would tell, the whole piece is fetched anew and nobody is blamed. */
  #ask(blame: Blame, now: Time): void {
    const { piece } = blame.assembly;
    const holders = [...this.#context.sources()].filter(
      ({ peer }) => !blame.asked.has(peer) && this.#holders.piecesOf(peer)?.has(piece),
    );
    const from = holders[Math.floor(this.#context.random() * holders.length)];
    if (!from) return this.#drop(blame.assembly);
    blame.from = from;
    blame.asked.add(from.peer);
    blame.dueAt = now + HASHES_TIMEOUT_MS;
    this.#leaves.ask(from.peer, piece);
  }

  #settle({ assembly, leaves }: Blame, trueLeaves: Uint8Array): void {
    const senders = assembly.senders();
    const liars = assembly.dropFalse(leaves, trueLeaves);
    this.#blameByPiece.delete(assembly.piece);
    assembly.complete = false;
    if (liars.length === 0) return this.#drop(assembly);
    for (const source of assembly.sources()) this.#trust.believe(source);
    if (senders.length > 1) for (const liar of liars) this.#context.refuse(liar, "wrong-block");
    this.#context.stir();
  }
}
