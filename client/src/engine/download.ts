/**
 * One file being fetched: its piece layer first, then its pieces from everyone who holds some, every one checked by
 * the host against the layer. PROTOCOL.md, rules S1 to S12.
 *
 * It knows which bytes are asked of whom. It does not know who holds what (holders.ts), who is believed
 * (trust.ts, blames.ts), nor windows, nor when to ask (source.ts, swarm.ts), nor which piece is best (picker.ts), nor disks.
 */
import { Assembly, type Leaves, type Request } from "./assembly.ts";
import { Bitfield } from "./bitfield.ts";
import { Blames, type BlamesContext } from "./blames.ts";
import {
  LEAF_BYTES,
  geometryOf,
  lengthOf,
  pieceBytes,
  rootOf,
  type FileId,
  type Geometry,
} from "./file-id.ts";
import type { RejectReason } from "./frame.ts";
import { Holders, type HoldersContext } from "./holders.ts";
import type { StoreProblem, SwarmOutput, Time } from "./io.ts";
import { LayerFetch, type LayerFetchContext } from "./layer-fetch.ts";
import { hashAt } from "./merkle.ts";
import type { PeerId } from "./peer-id.ts";
import { Picker } from "./picker.ts";
import { Rate } from "./rate.ts";
import type { Source } from "./source.ts";
import { TrueLeaves, type TrueLeavesContext } from "./true-leaves.ts";
import { Trust, type TrustContext } from "./trust.ts";
import { STANDSTILL_BYTES_PER_SECOND } from "./view.ts";
import type { DownloadView, TransferFailure, TransferState } from "./view.ts";

/** Bytes asked for or not yet verified, over all downloads: what assembling may take of a phone's memory. Guess. */
export const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** Another source must be this much sooner before a request moves to it: estimates are rough. Guess. */
const WORTH_MOVING = 1.5;
/** How far back the shown speed looks. */
const SHOWN_RATE_MEMORY_MS = 3000;
/** What is said to take longer is said of nothing that a person waits for. Guess. */
const MAX_SECONDS_LEFT = 10 * 24 * 60 * 60;

export interface DownloadContext
  extends HoldersContext, LayerFetchContext, TrueLeavesContext, TrustContext, BlamesContext {
  emit(output: SwarmOutput): void;
  nextRequestId(): number;
  /** Somebody else fetches the file, too. */
  isWanted(file: FileId): boolean;
  /** What a limit lets be asked for at a time; Infinity without one. */
  biteBytes(source: Source): number;
  spend(source: Source, bytes: number): void;
  giveBack(source: Source, bytes: number): void;
  /** Memory for `bytes` more under assembly, or false. */
  reserve(bytes: number): boolean;
  free(bytes: number): void;
  /** The pieces held now: all that a store had, or one more. */
  gained(file: FileId, piece: number | "all"): void;
}

type Phase =
  /** Not begun, or nobody to fetch from, or others first. */
  | { readonly type: "waiting" }
  | { readonly type: "layer"; readonly fetch: LayerFetch }
  | { readonly type: "opening" }
  | { readonly type: "fetching"; readonly picker: Picker }
  /** A tab of this browser handed over the file itself, and the host hashes it. */
  | { readonly type: "checking"; readonly from: PeerId; hashedBytes: number }
  | { readonly type: "saving" }
  | { readonly type: "complete"; readonly saved: boolean }
  | { readonly type: "paused"; readonly because: "person" | StoreProblem }
  | { readonly type: "failed"; readonly reason: TransferFailure };

interface Store {
  readonly verified: Bitfield;
  /** Per piece, as in DownloadView.pieces, without what is arriving. */
  readonly origins: Uint16Array;
}

const ARRIVING = 1;
const HELD_BEFORE = 2;
const FIRST_SENDER = 3;

export class Download {
  readonly file: FileId;
  readonly name: string;
  readonly geometry: Geometry;
  readonly #context: DownloadContext;
  #phase: Phase = { type: "waiting" };
  /** Piece hashes, joined; of one piece: the root. Empty while unknown. */
  #layer: Uint8Array;
  #store: Store | "closed" | "opening" = "closed";
  readonly #holders: Holders;
  readonly #leaves: TrueLeaves;
  readonly #trust: Trust;
  readonly #blames: Blames;
  readonly #assemblies = new Map<number, Assembly>();
  readonly #senders: PeerId[] = [];
  #handedBy: PeerId | null = null;
  readonly #rate = new Rate(SHOWN_RATE_MEMORY_MS);

  constructor(context: DownloadContext, file: FileId, name: string) {
    this.#context = context;
    this.file = file;
    this.name = name;
    this.geometry = geometryOf(lengthOf(file));
    this.#layer = this.isSmall ? rootOf(file) : new Uint8Array(0);
    const picker = (): Picker | null => (this.#phase.type === "fetching" ? this.#phase.picker : null);
    const drop = (assembly: Assembly): void => this.#drop(assembly);
    this.#holders = new Holders(file, this.geometry, context, picker);
    this.#leaves = new TrueLeaves(file, this.geometry, context);
    this.#trust = new Trust(context, this.#holders, this.#leaves);
    this.#blames = new Blames(context, this.#holders, this.#leaves, this.#trust, drop);
  }

  /** At most one piece: its hash is the root, and who offers it holds all of it. */
  get isSmall(): boolean {
    return this.geometry.pieceCount <= 1;
  }

  get state(): Phase["type"] {
    return this.#phase.type;
  }

  /** It has its turn. */
  get isActive(): boolean {
    const { type } = this.#phase;
    return type === "layer" || type === "opening" || type === "fetching";
  }

  /** It goes on as soon as it has its turn and a source. */
  get isWaiting(): boolean {
    const phase = this.#phase;
    return phase.type === "waiting" || (phase.type === "failed" && phase.reason.type === "source-unreadable");
  }

  /** There is something to pause. */
  get isUnfinished(): boolean {
    return this.isActive || this.isWaiting || this.#phase.type === "checking";
  }

  /** The piece hashes as they are served; empty while unknown or of one piece. */
  get layer(): Uint8Array {
    return this.isSmall ? new Uint8Array(0) : this.#layer;
  }

  get verified(): Bitfield | null {
    return typeof this.#store === "string" ? null : this.#store.verified;
  }

  /** Somebody linked holds a piece of it, or offers it and has not been heard yet. What needs nothing more needs nobody. */
  hasSource(): boolean {
    return this.geometry.pieceCount === 0 || this.verified?.isFull || this.#holders.isAnyInSight();
  }

  // -- beginning and ending ------------------------------------------------------------------------------------------

  start(now: Time): void {
    this.#phase = { type: "waiting" };
    if (this.geometry.pieceCount > 0 && !this.verified?.isFull)
      this.#context.emit({ type: "ask-tabs", file: this.file });
    for (const source of this.isSmall ? this.#context.sourcesOf(this.file) : this.#context.sources())
      this.#holders.meet(source);
    if (this.#store === "opening") this.#phase = { type: "opening" };
    else if (this.#lacksLayer) this.#fetchLayer(now);
    else if (this.#store === "closed") this.#open();
    else this.#fetch(this.#store);
  }

  /** Opens the store ahead of the turn: an earlier life left something in it. */
  recall(): void {
    if (this.#store === "closed") this.#openStore();
  }

  /** Back in the line: what is verified stays, and nothing is asked for. */
  stop(): void {
    this.#leaveSwarm();
    this.#phase = { type: "waiting" };
  }

  pause(because: "person" | StoreProblem): void {
    this.#leaveSwarm();
    this.#phase = { type: "paused", because };
  }

  /** The person wants it to go on: it waits for its turn again. */
  resume(): void {
    const phase = this.#phase;
    if (phase.type === "failed" && phase.reason.type === "save") return this.#save();
    if (phase.type !== "paused" && phase.type !== "failed") return;
    this.#holders.forgive();
    this.#phase = { type: "waiting" };
    if (phase.type === "paused" && phase.because !== "person") this.recall();
  }

  /** After this the object is not used any more. */
  end(): void {
    this.#leaveSwarm();
    for (const assembly of [...this.#assemblies.values()]) this.#forget(assembly);
    if (this.#store !== "closed") this.#context.emit({ type: "close-store", file: this.file, forget: true });
  }

  // -- the host ------------------------------------------------------------------------------------------------------

  storeOpened(have: Uint8Array, layer: Uint8Array, now: Time): void {
    const { pieceCount } = this.geometry;
    if (this.#lacksLayer) this.#layer = layer;
    if (this.#lacksLayer) {
      this.#store = "closed"; // what it holds counts once the layer has come
      if (this.#phase.type === "opening") this.#fetchLayer(now);
      return;
    }
    const verified = Bitfield.parse(have, pieceCount) ?? new Bitfield(pieceCount);
    const origins = new Uint16Array(pieceCount);
    for (const piece of verified) origins[piece] = HELD_BEFORE;
    this.#store = { verified, origins };
    if (verified.count > 0) this.#context.gained(this.file, "all");
    if (this.#phase.type === "opening" || (this.#phase.type === "waiting" && verified.isFull))
      this.#fetch(this.#store);
  }

  storeFailed(problem: StoreProblem): void {
    if (this.#isFinished) return;
    if (this.#phase.type !== "checking") this.pause(problem);
    for (const assembly of [...this.#assemblies.values()]) this.#drop(assembly);
    if (problem.kind === "full" && typeof this.#store !== "string") return; // what is stored stays as it is
    this.#context.emit({ type: "close-store", file: this.file, forget: false });
    this.#store = "closed";
  }

  pieceStored(piece: number): void {
    if (typeof this.#store === "string" || !this.#store.verified.set(piece)) return;
    const assembly = this.#assemblies.get(piece);
    const [sender] = assembly?.senders() ?? [];
    this.#store.origins[piece] = sender ? FIRST_SENDER + this.#senderIndex(sender) : HELD_BEFORE;
    for (const source of assembly?.sources() ?? [])
      this.#trust.credit(source, assembly!.bytesOfSource(source));
    if (assembly) this.#forget(assembly);
    if (this.#phase.type === "fetching") this.#phase.picker.close(piece);
    this.#context.gained(this.file, piece);
    if (this.#store.verified.isFull && this.#phase.type === "fetching") this.#save();
  }

  pieceCorrupt(piece: number, leaves: Uint8Array, now: Time): void {
    const assembly = this.#assemblies.get(piece);
    if (assembly?.complete) this.#blames.begin(assembly, leaves, now);
  }

  saved(): void {
    if (this.#isFinished) this.#phase = { type: "complete", saved: true };
  }

  kept(): void {
    if (this.#phase.type === "saving") this.#phase = { type: "complete", saved: false };
  }

  saveFailed(problem: StoreProblem): void {
    if (this.#isFinished) this.#phase = { type: "failed", reason: { type: "save", problem } };
  }

  // -- the other tabs of this browser --------------------------------------------------------------------------------

  /** The file itself is at hand: nobody is asked for anything while the host checks it. */
  handed(from: PeerId): void {
    if (!this.isActive) return this.#context.emit({ type: "drop-file", file: this.file });
    this.#leaveSwarm();
    this.#phase = { type: "checking", from, hashedBytes: 0 };
    this.#context.emit({ type: "check-file", file: this.file });
  }

  hashed(bytes: number): void {
    if (this.#phase.type === "checking") this.#phase.hashedBytes = bytes;
  }

  /** Null: it is not the file, and it is fetched from others. */
  checked(layer: Uint8Array | null): void {
    const phase = this.#phase;
    if (phase.type !== "checking") return;
    this.#phase = { type: "waiting" };
    if (!layer) return;
    const { pieceCount } = this.geometry;
    if (!this.isSmall) this.#layer = layer;
    for (const assembly of [...this.#assemblies.values()]) this.#forget(assembly);
    this.#handedBy = phase.from;
    const origins = new Uint16Array(pieceCount).fill(FIRST_SENDER + this.#senderIndex(phase.from));
    this.#store = { verified: Bitfield.full(pieceCount), origins };
    this.#context.gained(this.file, "all");
    this.#save();
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  /** A peer is linked, or offers the file now. */
  sourceUp(source: Source, now: Time): void {
    this.#holders.meet(source);
    if (this.#phase.type === "layer") this.#phase.fetch.sourceUp(now);
  }

  /** Its requests were released before. */
  sourceDown(source: Source, now: Time): void {
    this.#holders.drop(source.peer);
    this.#trust.drop(source.peer);
    this.#leaves.drop(source.peer);
    if (this.#phase.type === "layer") this.#phase.fetch.sourceDown(source, now);
    this.#blames.sourceDown(source, now);
  }

  /** The answer to interest, and to a question for hashes that the peer can't answer. */
  bitfield(source: Source, bits: Uint8Array, now: Time): void {
    const wasAsked = this.#holders.wasAsked(source.peer) || this.#leaves.wasAsked(source.peer);
    const held = wasAsked ? this.#holders.bitfield(source, bits) : null;
    if (!held) return;
    for (const piece of this.#leaves.owedBy(source.peer)) {
      if (held.has(piece)) continue;
      this.#blames.untold(source, piece, now);
      this.#trust.untold(source, piece);
    }
    if (this.#phase.type === "layer") this.#phase.fetch.bitfield(source, held.count, now);
  }

  have(source: Source, gained: readonly number[], now: Time): void {
    const isHeard = this.#holders.have(source, gained);
    if (isHeard && this.#phase.type === "layer") this.#phase.fetch.have(source, now);
  }

  layerFrame(source: Source, first: number, hashes: Uint8Array, now: Time): void {
    const phase = this.#phase;
    if (phase.type !== "layer") return this.#context.refuse(source.peer, "unrequested-layer");
    const layer = phase.fetch.frame(source, first, hashes, now);
    if (!layer) return;
    this.#layer = layer;
    this.#open();
  }

  leavesFrame(source: Source, piece: number, leaves: Uint8Array, now: Time): void {
    const refusal = this.#leaves.answered(source.peer, piece, leaves, this.#hashOf(piece));
    if (refusal) {
      this.#context.refuse(source.peer, refusal);
      if (refusal !== "unrequested-layer") this.#blames.untold(source, piece, now);
      return;
    }
    this.#trust.heard(source, piece, leaves);
    this.#blames.heard(source, piece, leaves);
  }

  // -- requests ------------------------------------------------------------------------------------------------------

  /** Asks a source for one thing more: the rest of a begun piece, or a new piece. False: it has nothing for us. */
  ask(source: Source, now: Time): boolean {
    const held = this.#holders.piecesOf(source.peer);
    if (this.#phase.type !== "fetching" || !held || held.count === 0) return false;
    if (this.#trust.isOnTrial(source)) return false;
    const elsewhere = this.#holders.elsewhereOf(source.peer);
    const hasCredit = this.#trust.hasCredit(source, this.#assemblies);
    let othersGap: Assembly | null = null;
    for (const assembly of this.#assemblies.values()) {
      if (!assembly.hasGap || !held.has(assembly.piece) || elsewhere?.has(assembly.piece)) continue;
      if (!hasCredit && assembly.bytesOfSource(source) === 0) continue;
      if (!assembly.opener || assembly.opener === source) return this.#askFor(source, assembly, now);
      othersGap ??= assembly;
    }
    const piece = hasCredit ? this.#phase.picker.pick(held, this.#lastPieceOf(source), elsewhere) : null;
    if (piece === null) return othersGap !== null && this.#askFor(source, othersGap, now);
    if (!this.#context.reserve(pieceBytes(this.geometry, piece))) return false;
    const assembly = new Assembly(this.geometry, piece);
    this.#assemblies.set(piece, assembly);
    this.#phase.picker.close(piece);
    return this.#askFor(source, assembly, now);
  }

  /** A run goes on while we fetch alone; who fetches with us is better off with other pieces than ours. */
  #lastPieceOf({ lastAsked }: Source): number | null {
    return lastAsked?.download === this && !this.#context.isWanted(this.file)
      ? lastAsked.assembly.piece
      : null;
  }

  /**
   * Lets an idle source take over from the one that will be last: what has not begun to arrive moves to it whole; and
   * in the endgame, when every piece is asked for, it takes a share of what is arriving.
   */
  help(source: Source, now: Time): boolean {
    const held = this.#holders.piecesOf(source.peer);
    if (this.#phase.type !== "fetching" || !held || held.count === 0 || !source.mayHelp) return false;
    if (this.#trust.isOnTrial(source) || !this.#trust.hasCredit(source, this.#assemblies)) return false;
    const last = this.#lastRequest(source, held, this.#phase.picker.openCount === 0, now);
    if (!last) return false;
    const { assembly } = last;
    if (last.received > 0 && !this.#trust.isBelieved(source)) return false;
    if (last.received > 0) return this.#request(source, assembly, this.#shareOf(last, source, now), now);
    if (!this.#isSooner(source, last.length, last, now)) return false;
    this.cancel(last);
    return this.#askFor(source, assembly, now);
  }

  block(request: Request, bytes: Uint8Array, now: Time): void {
    const { assembly } = request;
    this.#rate.add(bytes.length, now);
    const counted = assembly.receive(request, bytes, (begin, run) =>
      this.#context.emit({ type: "put-block", file: this.file, begin, bytes: run }),
    );
    if (request.received === request.length) this.release(request);
    this.#trust.block(request, bytes);
    if (assembly.isWhole) this.#check(assembly);
    else if (!counted) this.cancel(request);
  }

  rejected(request: Request, reason: RejectReason, now: Time): void {
    const { source, assembly } = request;
    this.release(request);
    switch (reason) {
      case "not-here":
        return this.#holders.notHere(source.peer, assembly.piece);
      case "elsewhere":
        this.#holders.elsewhere(source.peer, assembly.piece, now);
        if (assembly.isEmpty) this.#drop(assembly); // it is picked anew
        return;
      case "busy":
      case "cancelled":
        return source.rest(now);
      case "changed":
      case "vanished":
        this.#holders.unreadable(source.peer);
        if (!this.hasSource()) this.#fail({ type: "source-unreadable", reason, by: source.peer });
    }
  }

  /** The request will bring nothing more. */
  release(request: Request): void {
    request.assembly.released(request);
    if (request.received < request.length) {
      this.#trust.end(request);
      this.#context.giveBack(request.source, request.length - request.received);
    }
    if (request.assembly.hasGap) this.#context.stir();
  }

  /** We want nothing more of it. The peer still owes an answer. */
  cancel(request: Request): void {
    if (request.cancelled) return;
    if (request.received < request.length) {
      request.cancelled = true;
      request.source.gaveUp(request);
      this.#context.send(request.source.peer, { type: "cancel", id: request.id });
    }
    this.release(request);
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    if (this.#phase.type === "layer") this.#phase.fetch.tick(now);
    this.#blames.tick(now);
    this.#holders.tick(now);
    this.#trust.tick(now);
  }

  // -- what the page reads -------------------------------------------------------------------------------------------

  view(now: Time): DownloadView {
    const { pieceCount, length } = this.geometry;
    const store = typeof this.#store === "string" ? null : this.#store;
    const pieces = store ? store.origins.slice() : new Uint16Array(pieceCount);
    for (const { piece } of this.#assemblies.values()) pieces[piece] = ARRIVING;
    if (this.#phase.type === "checking") pieces.fill(ARRIVING);
    const verifiedBytes = this.#verifiedBytes();
    const bytesPerSecond = this.#phase.type === "fetching" ? this.#rate.perSecond(now) : 0;
    const sources = this.#holders.inSight();
    return {
      file: this.file,
      name: this.name,
      length,
      state: this.#transferState(sources.length),
      verifiedBytes,
      bytesPerSecond,
      secondsLeft: secondsFor(length - verifiedBytes, bytesPerSecond),
      sources,
      pieces,
      senders: [...this.#senders],
      handedBy: this.#phase.type === "checking" ? this.#phase.from : this.#handedBy,
    };
  }

  #transferState(sources: number): TransferState {
    const phase = this.#phase;
    switch (phase.type) {
      case "waiting":
        return { type: "queued", position: null, sources };
      case "layer":
      case "opening":
        return sources > 0 ? { type: "downloading" } : { type: "queued", position: null, sources };
      case "fetching":
        return this.#fetchingState(phase.picker, sources);
      case "checking":
      case "saving":
        return { type: "verifying" };
      case "complete":
        return { type: "complete", saved: phase.saved };
      case "paused":
        return { type: "paused", because: phase.because };
      case "failed":
        return { type: "failed", reason: phase.reason };
    }
  }

  #fetchingState(picker: Picker, sources: number): TransferState {
    const assemblies = [...this.#assemblies.values()];
    const requests = assemblies.flatMap((assembly) => [...assembly.requests]);
    if (requests.length > 0 && requests.every(({ source }) => source.place > 0))
      return { type: "queued", position: Math.min(...requests.map(({ source }) => source.place)), sources };
    if (picker.openCount === 0 && assemblies.every(({ complete }) => complete)) return { type: "verifying" };
    return sources > 0 ? { type: "downloading" } : { type: "queued", position: null, sources };
  }

  #verifiedBytes(): number {
    if (this.#phase.type === "checking") return this.#phase.hashedBytes;
    return this.verified ? this.#bytesOf(this.verified) : 0;
  }

  #bytesOf({ count, length }: Bitfield): number {
    if (count === 0) return 0;
    const last = this.verified!.has(length - 1)
      ? pieceBytes(this.geometry, length - 1)
      : this.geometry.pieceLength;
    return (count - 1) * this.geometry.pieceLength + last;
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #fetchLayer(now: Time): void {
    const fetch = new LayerFetch(this.file, this.geometry, this.#context, this.#holders);
    this.#phase = { type: "layer", fetch };
    fetch.ask(now);
  }

  get #lacksLayer(): boolean {
    return this.#layer.length === 0 && this.geometry.pieceCount > 1;
  }

  get #isFinished(): boolean {
    return this.#phase.type === "saving" || this.#phase.type === "complete";
  }

  #open(): void {
    this.#phase = { type: "opening" };
    this.#openStore();
  }

  #openStore(): void {
    this.#store = "opening";
    this.#context.emit({ type: "open-store", file: this.file, layer: this.layer });
  }

  #fetch({ verified }: Store): void {
    if (verified.isFull) return this.#save();
    const picker = new Picker(this.geometry, () => this.#context.random());
    this.#holders.count(picker);
    for (let piece = 0; piece < this.geometry.pieceCount; piece++)
      if (!verified.has(piece) && !this.#assemblies.has(piece)) picker.open(piece);
    this.#phase = { type: "fetching", picker };
    this.#context.stir();
  }

  #save(): void {
    this.#leaveSwarm();
    this.#phase = { type: "saving" };
    this.#context.emit({ type: "save-file", file: this.file, name: this.name });
  }

  #fail(reason: TransferFailure): void {
    this.#leaveSwarm();
    this.#phase = { type: "failed", reason };
  }

  /** Nothing is wanted of anybody. A piece that the host is checking stays; what came of others is dropped. */
  #leaveSwarm(): void {
    this.#holders.leave();
    if (this.#phase.type === "checking") this.#context.emit({ type: "drop-file", file: this.file });
    this.#phase = { type: "waiting" };
    this.#context.stir();
    this.#trust.leave();
    for (const assembly of [...this.#assemblies.values()])
      if (!assembly.complete || this.#blames.has(assembly.piece)) this.#drop(assembly);
  }

  /** All that the piece still lacks; of a stranger one leaf. [S9] */
  #askFor(source: Source, assembly: Assembly, now: Time): boolean {
    const gap = assembly.gap();
    if (!gap || this.#trust.isBelieved(source)) return this.#request(source, assembly, gap, now);
    const request = this.#begin(source, assembly, { begin: gap.begin, end: gap.begin + 1 }, now);
    this.#trust.begin(request, now);
    this.#send(request);
    return true;
  }

  #request(source: Source, assembly: Assembly, leaves: Leaves | null, now: Time): boolean {
    if (!leaves) return false;
    this.#send(this.#begin(source, assembly, leaves, now));
    return true;
  }

  /** No more of the leaves than a limit lets through. [S18] */
  #begin(source: Source, assembly: Assembly, leaves: Leaves, now: Time): Request {
    const id = this.#context.nextRequestId();
    const most = Math.max(1, Math.floor(this.#context.biteBytes(source) / LEAF_BYTES));
    const { begin, length } = assembly.bytesOf({
      begin: leaves.begin,
      end: Math.min(leaves.end, leaves.begin + most),
    });
    this.#context.spend(source, length);
    const request: Request = {
      id,
      source,
      download: this,
      assembly,
      begin,
      length,
      sentAt: now,
      received: 0,
      cancelled: false,
    };
    assembly.asked(request);
    source.asked(request, now);
    return request;
  }

  #send({ id, source, begin, length }: Request): void {
    this.#context.send(source.peer, { type: "request", id, file: this.file, begin, length });
  }

  /** Of the requests to others for pieces that this source holds, the one that will be answered last. */
  #lastRequest(source: Source, held: Bitfield, endgame: boolean, now: Time): Request | null {
    const elsewhere = this.#holders.elsewhereOf(source.peer);
    let last: Request | null = null;
    let lastMs = 0;
    for (const assembly of this.#assemblies.values()) {
      if (!held.has(assembly.piece) || elsewhere?.has(assembly.piece)) continue;
      for (const request of assembly.requests) {
        if (request.source === source) break;
        if (request.received > 0 && !(endgame && assembly.requests.size === 1)) continue;
        const readyMs = request.source.readyInMs(0, now);
        if (readyMs < lastMs) continue;
        last = request;
        lastMs = readyMs;
      }
    }
    return last;
  }

  #isSooner(source: Source, bytes: number, than: Request, now: Time): boolean {
    if (than.source.place > source.place) return true;
    return source.readyInMs(bytes, now) * WORTH_MOVING < than.source.readyInMs(0, now);
  }

  /** The end of what a request has still to bring: all of it when its sender is quiet, else as the speeds are. */
  #shareOf(request: Request, source: Source, now: Time): Leaves | null {
    const rest = request.assembly.onlyFrom(request);
    if (!rest) return null;
    const [mine, theirs] = [source.bytesPerSecond(), request.source.bytesPerSecond()];
    const share = request.source.isQuiet(now) ? 1 : mine / (mine + theirs);
    const leaves = { begin: rest.end - Math.round((rest.end - rest.begin) * share), end: rest.end };
    if (leaves.begin === leaves.end) return null;
    return this.#isSooner(source, request.assembly.bytesOf(leaves).length, request, now) ? leaves : null;
  }

  #check(assembly: Assembly): void {
    for (const request of [...assembly.requests]) this.cancel(request);
    assembly.complete = true;
    const { piece } = assembly;
    this.#context.emit({ type: "check-piece", file: this.file, piece, hash: this.#hashOf(piece) });
  }

  #hashOf(piece: number): Uint8Array {
    return hashAt(this.#layer, piece);
  }

  /** The piece is to be fetched anew. */
  #drop(assembly: Assembly): void {
    for (const request of [...assembly.requests]) this.cancel(request);
    this.#context.emit({ type: "drop-piece", file: this.file, piece: assembly.piece });
    this.#forget(assembly);
    if (this.#phase.type === "fetching") this.#phase.picker.open(assembly.piece);
    this.#context.stir();
  }

  #forget(assembly: Assembly): void {
    for (const request of [...assembly.requests]) this.cancel(request);
    this.#assemblies.delete(assembly.piece);
    this.#blames.forget(assembly.piece);
    this.#context.free(assembly.length);
  }

  #senderIndex(peer: PeerId): number {
    const known = this.#senders.indexOf(peer);
    return known >= 0 ? known : this.#senders.push(peer) - 1;
  }
}

const secondsFor = (bytes: number, bytesPerSecond: number): number | null => {
  if (bytesPerSecond < STANDSTILL_BYTES_PER_SECOND) return null;
  const seconds = bytes / bytesPerSecond;
  return seconds <= MAX_SECONDS_LEFT ? seconds : null;
};
