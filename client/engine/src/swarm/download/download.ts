/**
 * One file being fetched: first its piece layer, then its pieces from all peers that hold some. The host checks every
 * piece against the layer; then the file is saved. PROTOCOL.md, rules S1, S10 and S12.
 *
 * It decides what happens next. It does not know how pieces come (piece-fetch.ts), when to ask (swarm.ts), nor disks.
 */
import type { Bitfield } from "../../base/bitfield.ts";
import type { DownloadView, TransferFailure } from "../../io/view.ts";
import type { RejectReason } from "../../wire/frame.ts";
import type { FileEntry } from "../../names/library-entry.ts";
import { geometryOf, lengthOf, rootOf, type FileId, type Geometry } from "../../names/file-id.ts";
import { hashAt } from "../../names/merkle.ts";
import { LayerFetch } from "./layer-fetch.ts";
import type { PeerId } from "../../names/peer-id.ts";
import { PieceFetch } from "../pieces/piece-fetch.ts";
import type { PieceOrder, StoreProblem, SwarmOutput } from "../../io/io.ts";
import { Progress } from "./progress.ts";
import type { Request } from "../sources/request.ts";
import type { Source } from "../sources/source.ts";
import { ARRIVING, Stored } from "./stored.ts";
import type { Supplies } from "../sources/supplies.ts";
import type { Time } from "../../base/time.ts";
import { transferState, type Phase } from "./phase.ts";
import { WantedNames } from "./wanted-names.ts";

export class Download {
  readonly file: FileId;
  readonly geometry: Geometry;
  readonly #supplies: Supplies;
  /** The names under which the file is wanted. */
  readonly names: WantedNames;
  /** How its pieces come. */
  readonly pieces: PieceFetch;
  readonly #stored: Stored;
  readonly #progress = new Progress();
  #phase: Phase = { type: "waiting" };
  /** Piece hashes, joined; for one piece: the root. Empty while unknown. */
  #layer: Uint8Array;
  #order: PieceOrder = "rarest-first";
  #handedBy: PeerId | null = null;

  constructor(supplies: Supplies, file: FileId, entry: FileEntry) {
    this.#supplies = supplies;
    this.file = file;
    this.geometry = geometryOf(lengthOf(file));
    this.names = new WantedNames(entry);
    this.#layer = this.isSmall ? rootOf(file) : new Uint8Array(0);
    this.pieces = new PieceFetch(file, this.geometry, supplies);
    this.#stored = new Stored(this.geometry);
  }

  /** A file of at most one piece: its hash is the root, and each peer that offers it holds all of it. */
  get isSmall(): boolean {
    return this.geometry.pieceCount <= 1;
  }

  get state(): Phase["type"] {
    return this.#phase.type;
  }

  /** Whether it has its turn. */
  get isActive(): boolean {
    const { type } = this.#phase;
    return type === "layer" || type === "opening" || type === "fetching";
  }

  /** Whether it goes on as soon as it has its turn and a source. */
  get isWaiting(): boolean {
    const phase = this.#phase;
    return phase.type === "waiting" || (phase.type === "failed" && phase.reason.type !== "save");
  }

  /** Whether it is not finished, so that it can be paused. */
  get isUnfinished(): boolean {
    return this.isActive || this.isWaiting || this.#phase.type === "checking";
  }

  /** The piece hashes as they are served; empty while unknown or for one piece. */
  get layer(): Uint8Array {
    return this.isSmall ? new Uint8Array(0) : this.#layer;
  }

  /** Whether every piece is here. */
  get isWhole(): boolean {
    return this.#stored.isWhole;
  }

  get verified(): Bitfield | null {
    return this.#stored.verified;
  }

  /** Whether a linked peer holds a piece, or offers the file and has not told yet; or nothing more is needed. */
  hasSource(): boolean {
    return this.geometry.pieceCount === 0 || this.isWhole || this.pieces.holders.isAnyInSight();
  }

  // -- beginning and ending ------------------------------------------------------------------------------------------

  start(now: Time): void {
    const { sources } = this.#supplies;
    this.#phase = { type: "waiting" };
    if (this.geometry.pieceCount > 0 && !this.isWhole) this.#emit({ type: "ask-tabs", file: this.file });
    for (const source of this.isSmall ? sources.of(this.file) : sources.inGoodStanding())
      this.pieces.holders.meet(source);
    const { verified } = this.#stored;
    if (this.#stored.state === "opening") this.#phase = { type: "opening" };
    else if (this.#lacksLayer) this.#fetchLayer(now);
    else if (verified) this.#fetch(verified);
    else this.#open();
  }

  /** Opens the store before its turn, because an earlier visit stored something in it. */
  recall(): void {
    if (this.#stored.state === "closed") this.#openStore();
  }

  /** Puts it back into the line: verified pieces stay, and nothing is asked for. */
  stop(): void {
    this.#leaveSwarm();
    this.#phase = { type: "waiting" };
  }

  pause(because: "person" | StoreProblem): void {
    this.#leaveSwarm();
    this.#phase = { type: "paused", because };
    this.pieces.tellEnd("paused");
  }

  /** The person wants it to go on: it waits for its turn again. */
  resume(): void {
    const phase = this.#phase;
    if (phase.type === "failed" && phase.reason.type === "save") return this.#save();
    if (phase.type !== "paused" && phase.type !== "failed") return;
    this.pieces.holders.forgive();
    this.#phase = { type: "waiting" };
    if (phase.type === "paused" && phase.because !== "person") this.recall();
  }

  /** Pieces are asked for in this order from now on. */
  order(order: PieceOrder): void {
    this.#order = order;
    this.pieces.order(order);
  }

  /** The person wants the file under another name too: it is saved once for each. */
  alsoAs(entry: FileEntry): void {
    if (this.names.add(entry) && this.#phase.type === "complete") this.#save();
  }

  /** The whole file is in the library of this device. */
  isHere(layer: Uint8Array): void {
    this.#complete(layer, null);
  }

  /** After this the object is not used any more. */
  end(): void {
    this.#leaveSwarm();
    this.pieces.tellEnd("cancelled");
    this.pieces.forget();
    if (this.#stored.state !== "closed") this.#emit({ type: "close-store", file: this.file, forget: true });
  }

  // -- the host ------------------------------------------------------------------------------------------------------

  storeOpened(have: Uint8Array, layer: Uint8Array, now: Time): void {
    if (this.#lacksLayer) this.#layer = layer;
    if (this.#lacksLayer) {
      this.#stored.close(); // its pieces count once the layer has come
      if (this.#phase.type === "opening") this.#fetchLayer(now);
      return;
    }
    const verified = this.#stored.open(have);
    if (verified.count > 0) this.#gained("all");
    if (this.#phase.type === "opening" || (this.#phase.type === "waiting" && verified.isFull))
      this.#fetch(verified);
  }

  storeFailed(problem: StoreProblem): void {
    if (this.#isFinished) return;
    if (this.#phase.type !== "checking") this.pause(problem);
    this.pieces.drop();
    if (problem.kind === "full" && this.#stored.state === "open") return; // stored pieces stay as they are
    this.#emit({ type: "close-store", file: this.file, forget: false });
    this.#stored.close();
  }

  pieceStored(piece: number): void {
    if (!this.#stored.add(piece, this.pieces.senderOf(piece))) return;
    this.pieces.stored(piece);
    this.#gained(piece);
    if (this.isWhole && this.#phase.type === "fetching") this.#save();
  }

  /** The file was saved under these names, or under all that were asked for. */
  saved(entries?: readonly FileEntry[]): void {
    if (this.#isFinished) this.#given("saved", entries);
  }

  kept(): void {
    if (this.#phase.type === "saving") this.#given("kept");
  }

  saveFailed(problem: StoreProblem, entries?: readonly FileEntry[]): void {
    if (!this.#isFinished) return;
    this.names.failed(entries);
    this.#phase = { type: "failed", reason: { type: "save", problem } };
  }

  // -- the other tabs of this browser --------------------------------------------------------------------------------

  /** Another tab handed over the file itself: nothing is asked for while the host checks it. */
  handed(from: PeerId): void {
    if (!this.isActive) return this.#emit({ type: "drop-file", file: this.file });
    this.#leaveSwarm();
    this.#phase = { type: "checking", from, hashedBytes: 0 };
    this.#emit({ type: "check-file", file: this.file });
  }

  hashed(bytes: number): void {
    if (this.#phase.type === "checking") this.#phase.hashedBytes = bytes;
  }

  /** The check has ended. Null: this was not the file, so it is fetched from peers. */
  checked(layer: Uint8Array | null): void {
    const phase = this.#phase;
    if (phase.type !== "checking") return;
    this.#phase = { type: "waiting" };
    if (!layer) return;
    this.pieces.forget();
    this.#handedBy = phase.from;
    this.#complete(layer, phase.from);
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  /** A peer is linked, or offers the file now. */
  sourceUp(source: Source, now: Time): void {
    this.pieces.holders.meet(source);
    if (this.#phase.type === "layer") this.#phase.fetch.sourceUp(now);
  }

  /** The peer is gone. Its requests were released before. */
  peerDown(peer: PeerId, now: Time): void {
    this.pieces.peerDown(peer, now);
    if (this.#phase.type === "layer") this.#phase.fetch.peerDown(peer, now);
  }

  bitfield(source: Source, bits: Uint8Array, now: Time): void {
    const held = this.pieces.bitfield(source, bits, now);
    if (held && this.#phase.type === "layer") this.#phase.fetch.bitfield(source.peer, held.count, now);
  }

  have(source: Source, gained: readonly number[], now: Time): void {
    const isHeard = this.pieces.holders.have(source, gained);
    if (isHeard && this.#phase.type === "layer") this.#phase.fetch.have(source.peer, now);
  }

  /** A person stopped the sending of the file to us, or allows it again. [S20] */
  withheld({ peer }: Source, withheld: boolean, now: Time): void {
    if (!withheld) return this.pieces.holders.allow(peer);
    if (!this.isActive) return;
    this.pieces.holders.unreadable(peer);
    if (this.#phase.type === "layer") this.#phase.fetch.bitfield(peer, 0, now);
    if (!this.hasSource()) this.#fail({ type: "stopped", by: peer });
  }

  layerFrame({ peer }: Source, first: number, hashes: Uint8Array, now: Time): void {
    const phase = this.#phase;
    if (phase.type !== "layer") return this.#supplies.sources.refuse(peer, "unrequested-layer");
    const layer = phase.fetch.frame(peer, first, hashes, now);
    if (!layer) return;
    this.#layer = layer;
    this.#open();
  }

  leavesFrame({ peer }: Source, piece: number, leaves: Uint8Array, now: Time): void {
    this.pieces.leaves(peer, piece, leaves, this.#hashOf(piece), now);
  }

  // -- requests ------------------------------------------------------------------------------------------------------

  block(request: Request, bytes: Uint8Array, now: Time): void {
    this.#progress.block(bytes.length, now);
    const piece = this.pieces.block(request, bytes);
    if (piece !== null)
      this.#emit({ type: "check-piece", file: this.file, piece, hash: this.#hashOf(piece) });
  }

  rejected(source: Source, request: Request, reason: RejectReason, now: Time): void {
    const problem = this.pieces.rejected(source, request, reason, now);
    if (problem && !this.hasSource())
      this.#fail({ type: "source-unreadable", reason: problem, by: source.peer });
  }

  tick(now: Time): void {
    if (this.#phase.type === "layer") this.#phase.fetch.tick(now);
    this.pieces.tick(now);
  }

  // -- what the page reads -------------------------------------------------------------------------------------------

  /** One view for each name. */
  views(now: Time): DownloadView[] {
    const phase = this.#phase;
    const sources = this.pieces.holders.inSight();
    const asked = this.pieces.asked();
    const places = asked.map(({ place }) => place);
    const awaited = this.#awaited(asked, sources, now);
    const state = transferState(phase, sources.length, places, this.pieces.isChecking, awaited);
    const pieces = this.#stored.map();
    for (const piece of this.pieces.arriving()) pieces[piece] = ARRIVING;
    if (phase.type === "checking") pieces.fill(ARRIVING);
    const { length } = this.geometry;
    const verifiedBytes = phase.type === "checking" ? phase.hashedBytes : this.#stored.bytes;
    const isComing = phase.type === "fetching" && state.type !== "waiting";
    return [...this.names].map((name) => ({
      file: this.file,
      name: name.name,
      folder: name.folder,
      length,
      // A saved name stays complete, also while the file is being saved under another name, or could not be.
      state:
        this.isWhole && (name.state === "kept" || name.state === "saved")
          ? { type: "complete", saved: name.state === "saved" }
          : state,
      verifiedBytes,
      ...this.#progress.speed(isComing, length - verifiedBytes, now),
      sources,
      pieces,
      senders: [...this.#stored.senders],
      handedBy: phase.type === "checking" ? phase.from : this.#handedBy,
    }));
  }

  /** The peers for which the download waits, while no bytes come from any. [S4a] */
  #awaited(asked: readonly Source[], inSight: readonly PeerId[], now: Time): PeerId[] {
    if (this.#phase.type === "layer") return this.#phase.fetch.awaited(now);
    if (this.#phase.type !== "fetching" || !this.#progress.isSilent(now)) return [];
    const silent = this.#supplies.sources.inGoodStanding().filter((source) => source.isSilent(now));
    if (asked.length === 0) return inSight.filter((peer) => silent.some((source) => source.peer === peer));
    return asked.every((source) => silent.includes(source)) ? asked.map(({ peer }) => peer) : [];
  }

  // -- details -------------------------------------------------------------------------------------------------------

  #emit(output: SwarmOutput): void {
    this.#supplies.events.push({ type: "output", output });
  }

  #gained(piece: number | "all"): void {
    this.#supplies.events.push({ type: "gained", file: this.file, piece });
  }

  get #lacksLayer(): boolean {
    return this.#layer.length === 0 && this.geometry.pieceCount > 1;
  }

  get #isFinished(): boolean {
    return this.#phase.type === "saving" || this.#phase.type === "complete";
  }

  #fetchLayer(now: Time): void {
    const fetch = new LayerFetch(this.file, this.geometry, this.#supplies, this.pieces.holders);
    this.#phase = { type: "layer", fetch };
    fetch.ask(now);
  }

  #open(): void {
    this.#phase = { type: "opening" };
    this.#openStore();
  }

  #openStore(): void {
    this.#stored.opening();
    this.#emit({ type: "open-store", file: this.file, layer: this.layer });
  }

  #fetch(verified: Bitfield): void {
    if (verified.isFull) return this.#save();
    this.pieces.begin(verified, this.#order);
    this.#phase = { type: "fetching" };
  }

  #save(): void {
    this.#leaveSwarm();
    const entries = this.names.save();
    this.#phase = { type: "saving" };
    this.pieces.tellEnd("delivered");
    this.#emit({ type: "save-file", file: this.file, entries });
  }

  /** The file was given to the person under these names. Names that were added meanwhile come next. */
  #given(state: "kept" | "saved", entries?: readonly FileEntry[]): void {
    this.names.given(state, entries);
    if (this.names.has("wanted")) this.#save();
    else if (!this.names.has("saving")) this.#phase = { type: "complete" };
  }

  /** The whole file lies on this device, outside a store. `from`: the peer that handed it over, or null. */
  #complete(layer: Uint8Array, from: PeerId | null): void {
    if (!this.isSmall) this.#layer = layer;
    this.#stored.fill(from);
    this.#gained("all");
    this.#save();
  }

  #fail(reason: TransferFailure): void {
    this.#leaveSwarm();
    this.#phase = { type: "failed", reason };
  }

  #leaveSwarm(): void {
    if (this.#phase.type === "checking") this.#emit({ type: "drop-file", file: this.file });
    this.#phase = { type: "waiting" };
    this.pieces.leave();
  }

  #hashOf(piece: number): Uint8Array {
    return hashAt(this.#layer, piece);
  }
}
