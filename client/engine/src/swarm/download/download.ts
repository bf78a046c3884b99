/**
 * One file being fetched: its piece layer first, then its pieces from everyone who holds some, every one checked by
 * the host against the layer; then it is saved. PROTOCOL.md, rules S1, S10 and S12.
 *
 * It knows what is to happen next, and what is here. It does not know who holds what (holders.ts), which bytes are
 * asked of whom (assemblies.ts), who is believed (trust.ts, blames.ts), when to ask (swarm.ts), nor disks.
 */
import { Assemblies, type AssembliesContext } from "./assemblies.ts";
import type { Assembly } from "./assembly.ts";
import { Bitfield } from "../../base/bitfield.ts";
import { Blames, type BlamesContext, type Hopeless } from "./blames.ts";
import { geometryOf, lengthOf, pieceBytes, rootOf, type FileId, type Geometry } from "../../names/file-id.ts";
import type { FetchEnd, RejectReason } from "../../wire/frame.ts";
import { Holders, type HoldersContext } from "./holders.ts";
import type { PieceOrder, StoreProblem } from "../../io/io.ts";
import type { Time } from "../../base/time.ts";
import { LayerFetch, type LayerFetchContext } from "./layer-fetch.ts";
import { hashAt } from "../../names/merkle.ts";
import { entryKey, type FileEntry } from "../../names/library-entry.ts";
import type { PeerId } from "../../names/peer-id.ts";
import { transferState, type Phase } from "./phase.ts";
import { Picker } from "./picker.ts";
import { Rate } from "../../base/rate.ts";
import type { Request } from "./request.ts";
import type { Source } from "./source.ts";
import { SILENT_MS } from "../../wire/limits.ts";
import { TrueLeaves, type TrueLeavesContext } from "./true-leaves.ts";
import { Trust, type TrustContext } from "./trust.ts";
import { STANDSTILL_BYTES_PER_SECOND } from "../../io/view.ts";
import type { DownloadView, TransferFailure } from "../../io/view.ts";

/** How far back the shown speed looks. */
const SHOWN_RATE_MEMORY_MS = 3000;
/** What is said to take longer is said of nothing that a person waits for. Guess. */
const MAX_SECONDS_LEFT = 10 * 24 * 60 * 60;

export interface DownloadContext
  extends
    HoldersContext,
    LayerFetchContext,
    TrueLeavesContext,
    TrustContext,
    BlamesContext,
    AssembliesContext {
  /** The pieces held now: all that a store had, or one more. */
  gained(file: FileId, piece: number | "all"): void;
}

interface Store {
  readonly verified: Bitfield;
  /** Per piece, as in DownloadView.pieces, without what is arriving. */
  readonly origins: Uint16Array;
}

const ARRIVING = 1;
const HELD_BEFORE = 2;
const FIRST_SENDER = 3;

/** A name that the file is fetched by, and how far it was given to the person under it. */
interface Wanted extends FileEntry {
  state: "wanted" | "saving" | "kept" | "saved";
}

export class Download {
  readonly file: FileId;
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
  readonly #assemblies: Assemblies;
  #order: PieceOrder = "rarest-first";
  readonly #senders: PeerId[] = [];
  #handedBy: PeerId | null = null;
  /** Linked peers that were asked for bytes of it: they are told how that ended. [S19] */
  readonly #askedOf = new Set<PeerId>();
  readonly #rate = new Rate(SHOWN_RATE_MEMORY_MS);
  /** One of each, at least one. */
  #wanted: readonly Wanted[];
  #lastBlockAt: Time = -Infinity;

  constructor(context: DownloadContext, file: FileId, entry: FileEntry) {
    this.#context = context;
    this.file = file;
    this.#wanted = [{ ...entry, state: "wanted" }];
    this.geometry = geometryOf(lengthOf(file));
    this.#layer = this.isSmall ? rootOf(file) : new Uint8Array(0);
    const picker = (): Picker | null => (this.#phase.type === "fetching" ? this.#phase.picker : null);
    this.#holders = new Holders(file, this.geometry, context, picker);
    this.#leaves = new TrueLeaves(file, this.geometry, context);
    this.#trust = new Trust(this.geometry, context, this.#holders, this.#leaves);
    this.#blames = new Blames(context, this.#holders, this.#leaves, this.#trust);
    this.#assemblies = new Assemblies(
      file,
      this.geometry,
      context,
      this.#holders,
      this.#trust,
      this.#blames,
      picker,
    );
  }

  get entries(): readonly FileEntry[] {
    return this.#wanted;
  }

  /** The name that it was asked for first. */
  get name(): string {
    return this.#wanted[0]?.name ?? "";
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
    return phase.type === "waiting" || (phase.type === "failed" && phase.reason.type !== "save");
  }

  /** There is something to pause. */
  get isUnfinished(): boolean {
    return this.isActive || this.isWaiting || this.#phase.type === "checking";
  }

  /** The piece hashes as they are served; empty while unknown or of one piece. */
  get layer(): Uint8Array {
    return this.isSmall ? new Uint8Array(0) : this.#layer;
  }

  /** Every piece is here. */
  get isWhole(): boolean {
    return this.verified?.isFull === true;
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
    this.#tellEnd("paused");
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

  /** Which piece is asked for next, from now on. */
  order(order: PieceOrder): void {
    this.#order = order;
    if (this.#phase.type === "fetching") this.#phase.picker.order = order;
  }

  /** The person wants it by another name, too: it is saved once for each. */
  alsoAs(entry: FileEntry): void {
    if (this.#find([entry]).length > 0) return;
    this.#wanted = [...this.#wanted, { ...entry, state: "wanted" }];
    if (this.#phase.type === "complete") this.#save();
  }

  /** The person does not want it by that name any more. False: it was the last one. */
  isLeftWithout(entry: FileEntry): boolean {
    const left = this.#wanted.filter((other) => entryKey(other) !== entryKey(entry));
    if (left.length > 0) this.#wanted = left;
    return left.length > 0;
  }

  /** All of it is on this device, in the library. */
  isHere(layer: Uint8Array): void {
    this.#complete(layer, HELD_BEFORE);
  }

  /** After this the object is not used any more. */
  end(): void {
    this.#leaveSwarm();
    this.#tellEnd("cancelled");
    for (const assembly of this.#assemblies) this.#assemblies.forget(assembly);
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
    for (const assembly of this.#assemblies) this.#assemblies.drop(assembly);
    if (problem.kind === "full" && typeof this.#store !== "string") return; // what is stored stays as it is
    this.#context.emit({ type: "close-store", file: this.file, forget: false });
    this.#store = "closed";
  }

  pieceStored(piece: number): void {
    if (typeof this.#store === "string" || !this.#store.verified.set(piece)) return;
    const assembly = this.#assemblies.of(piece);
    const senders = assembly?.senders() ?? [];
    this.#store.origins[piece] = senders[0] ? FIRST_SENDER + this.#senderIndex(senders[0]) : HELD_BEFORE;
    for (const sender of senders) this.#trust.credit(sender, assembly!.bytesFrom(sender));
    if (assembly) this.#assemblies.forget(assembly);
    if (this.#phase.type === "fetching") this.#phase.picker.close(piece);
    this.#context.gained(this.file, piece);
    if (this.#store.verified.isFull && this.#phase.type === "fetching") this.#save();
  }

  pieceCorrupt(piece: number, leaves: Uint8Array, now: Time): void {
    const assembly = this.#assemblies.of(piece);
    if (assembly?.complete) this.#fetchAnew(this.#blames.begin(assembly, leaves, now));
  }

  /** Under these names, or those that were asked for. */
  saved(entries?: readonly FileEntry[]): void {
    if (this.#isFinished) this.#given("saved", entries);
  }

  kept(): void {
    if (this.#phase.type === "saving") this.#given("kept");
  }

  saveFailed(problem: StoreProblem, entries?: readonly FileEntry[]): void {
    if (!this.#isFinished) return;
    for (const wanted of this.#find(entries)) wanted.state = "wanted";
    this.#phase = { type: "failed", reason: { type: "save", problem } };
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
    for (const assembly of this.#assemblies) this.#assemblies.forget(assembly);
    this.#handedBy = phase.from;
    this.#complete(layer, FIRST_SENDER + this.#senderIndex(phase.from));
  }

  // -- peers ---------------------------------------------------------------------------------------------------------

  /** A peer is linked, or offers the file now. */
  sourceUp(source: Source, now: Time): void {
    this.#holders.meet(source);
    if (this.#phase.type === "layer") this.#phase.fetch.sourceUp(now);
  }

  /** Its requests were released before. */
  sourceDown(source: Source, now: Time): void {
    this.#askedOf.delete(source.peer);
    this.#holders.drop(source.peer);
    this.#trust.drop(source.peer);
    this.#leaves.drop(source.peer);
    if (this.#phase.type === "layer") this.#phase.fetch.sourceDown(source, now);
    this.#fetchAnew(this.#blames.peerDown(source.peer, now));
    this.#assemblies.peerDown(source.peer);
  }

  /** The answer to interest, and to a question for hashes that the peer can't answer. [S11] */
  bitfield(source: Source, bits: Uint8Array, now: Time): void {
    const wasAsked = this.#holders.wasAsked(source.peer) || this.#leaves.wasAsked(source.peer);
    const held = wasAsked ? this.#holders.bitfield(source, bits) : null;
    if (!held) return;
    for (const piece of this.#leaves.owedBy(source.peer)) {
      if (held.has(piece)) continue;
      this.#fetchAnew(this.#blames.untold(source.peer, piece, now));
      this.#assemblies.judged(this.#trust.untold(source.peer, piece));
    }
    if (this.#phase.type === "layer") this.#phase.fetch.bitfield(source, held.count, now);
  }

  have(source: Source, gained: readonly number[], now: Time): void {
    const isHeard = this.#holders.have(source, gained);
    if (isHeard && this.#phase.type === "layer") this.#phase.fetch.have(source, now);
  }

  /** A person stopped the sending of it to us, or allows it again. [S20] */
  withheld(source: Source, withheld: boolean, now: Time): void {
    if (!withheld) return this.#holders.allow(source.peer);
    if (!this.isActive) return;
    this.#holders.unreadable(source.peer);
    if (this.#phase.type === "layer") this.#phase.fetch.bitfield(source, 0, now);
    if (!this.hasSource()) this.#fail({ type: "stopped", by: source.peer });
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
      if (refusal !== "unrequested-layer") this.#fetchAnew(this.#blames.untold(source.peer, piece, now));
      return;
    }
    this.#assemblies.judged(this.#trust.heard(source.peer, piece, leaves));
    this.#fetchAnew(this.#blames.heard(source.peer, piece, leaves));
  }

  // -- requests ------------------------------------------------------------------------------------------------------

  /** Asks a source for one thing more. False: it has nothing for us. */
  ask(source: Source, now: Time): boolean {
    return this.#asked(source, this.#assemblies.ask(source, now));
  }

  /** Lets an idle source take over from the one that will be last. */
  help(source: Source, now: Time): boolean {
    return this.#asked(source, this.#assemblies.help(source, now));
  }

  block(request: Request, bytes: Uint8Array, now: Time): void {
    this.#rate.add(bytes.length, now);
    this.#lastBlockAt = now;
    const whole = this.#assemblies.block(request, bytes);
    if (whole) this.#check(whole);
  }

  rejected(source: Source, request: Request, reason: RejectReason, now: Time): void {
    const { peer, piece } = request;
    this.release(request);
    switch (reason) {
      case "not-here":
        return this.#holders.notHere(peer, piece);
      case "elsewhere": {
        this.#holders.elsewhere(peer, piece, now);
        const assembly = this.#assemblies.of(piece);
        if (assembly?.isEmpty) this.#assemblies.drop(assembly); // it is picked anew
        return;
      }
      case "busy":
      case "cancelled":
        return source.rest(now);
      case "changed":
      case "vanished":
        this.#holders.unreadable(peer);
        if (!this.hasSource()) this.#fail({ type: "source-unreadable", reason, by: peer });
    }
  }

  /** The request will bring nothing more. */
  release(request: Request): void {
    this.#assemblies.release(request);
  }

  /** We want nothing more of it. The peer still owes an answer. */
  cancel(request: Request): void {
    this.#assemblies.cancel(request);
  }

  // -- time ----------------------------------------------------------------------------------------------------------

  tick(now: Time): void {
    if (this.#phase.type === "layer") this.#phase.fetch.tick(now);
    this.#fetchAnew(this.#blames.tick(now));
    this.#holders.tick(now);
    for (const verdict of this.#trust.tick(now)) this.#assemblies.judged(verdict);
  }

  // -- what the page reads -------------------------------------------------------------------------------------------

  /** One for each name. */
  views(now: Time): DownloadView[] {
    const { pieceCount, length } = this.geometry;
    const store = typeof this.#store === "string" ? null : this.#store;
    const pieces = store ? store.origins.slice() : new Uint16Array(pieceCount);
    for (const { piece } of this.#assemblies) pieces[piece] = ARRIVING;
    if (this.#phase.type === "checking") pieces.fill(ARRIVING);
    const verifiedBytes = this.#verifiedBytes();
    const sources = this.#holders.inSight();
    const asked = this.#askedSources();
    const state = transferState(
      this.#phase,
      sources.length,
      this.#assemblies,
      asked.map(({ place }) => place),
      this.#awaited(asked, sources, now),
    );
    const isComing = this.#phase.type === "fetching" && state.type !== "waiting";
    const bytesPerSecond = isComing ? this.#rate.perSecond(now) : 0;
    return this.#wanted.map((wanted) => ({
      file: this.file,
      name: wanted.name,
      folder: wanted.folder,
      length,
      state: this.#isGiven(wanted) ? { type: "complete", saved: wanted.state === "saved" } : state,
      verifiedBytes,
      bytesPerSecond,
      secondsLeft: secondsFor(length - verifiedBytes, bytesPerSecond),
      sources,
      pieces,
      senders: [...this.#senders],
      handedBy: this.#phase.type === "checking" ? this.#phase.from : this.#handedBy,
    }));
  }

  /** Who owes something, while nothing comes from anybody. [S4a] */
  #awaited(asked: readonly Source[], inSight: readonly PeerId[], now: Time): PeerId[] {
    if (this.#phase.type === "layer") return this.#phase.fetch.awaited(now);
    if (this.#phase.type !== "fetching" || now - this.#lastBlockAt < SILENT_MS) return [];
    const silent = [...this.#context.sources()].filter((source) => source.isSilent(now));
    if (asked.length === 0) return inSight.filter((peer) => silent.some((source) => source.peer === peer));
    return asked.every((source) => silent.includes(source)) ? asked.map(({ peer }) => peer) : [];
  }

  /** The linked peers that are asked for some of its bytes. */
  #askedSources(): Source[] {
    const peers = new Set<PeerId>();
    for (const { requests } of this.#assemblies) for (const { peer } of requests) peers.add(peer);
    return [...peers].flatMap((peer) => this.#context.sourceOf(peer) ?? []);
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
    const picker = new Picker(this.geometry, () => this.#context.random(), this.#order);
    this.#holders.count(picker);
    for (let piece = 0; piece < this.geometry.pieceCount; piece++)
      if (!verified.has(piece) && !this.#assemblies.of(piece)) picker.open(piece);
    this.#phase = { type: "fetching", picker };
    this.#context.stir();
  }

  #save(): void {
    this.#leaveSwarm();
    const entries = this.#wanted.filter(({ state }) => state === "wanted");
    for (const wanted of entries) wanted.state = "saving";
    this.#phase = { type: "saving" };
    this.#tellEnd("delivered");
    this.#context.emit({
      type: "save-file",
      file: this.file,
      entries: entries.map(({ name, folder }) => ({ name, folder })),
    });
  }

  /** What was asked for meanwhile comes next. */
  #given(state: "kept" | "saved", entries?: readonly FileEntry[]): void {
    for (const wanted of this.#find(entries)) wanted.state = state;
    const isLeft = (wanted: Wanted) => wanted.state === "wanted" || wanted.state === "saving";
    if (this.#wanted.some(({ state }) => state === "wanted")) this.#save();
    else if (!this.#wanted.some(isLeft)) this.#phase = { type: "complete" };
  }

  /** Without names: all that the host knows of. */
  #find(entries?: readonly FileEntry[]): Wanted[] {
    const keys = new Set(entries?.map(entryKey));
    return this.#wanted.filter((wanted) =>
      entries ? keys.has(entryKey(wanted)) : wanted.state === "saving" || wanted.state === "kept",
    );
  }

  /** Also while it is being saved by another name, or could not be. */
  #isGiven({ state }: Wanted): boolean {
    return this.isWhole && (state === "kept" || state === "saved");
  }

  /** From where it lies on this device, in no store. `origin`: as in DownloadView.pieces. */
  #complete(layer: Uint8Array, origin: number): void {
    const { pieceCount } = this.geometry;
    if (!this.isSmall) this.#layer = layer;
    const origins = new Uint16Array(pieceCount).fill(origin);
    this.#store = { verified: Bitfield.full(pieceCount), origins };
    this.#context.gained(this.file, "all");
    this.#save();
  }

  #asked(source: Source, wasAsked: boolean): boolean {
    if (wasAsked) this.#askedOf.add(source.peer);
    return wasAsked;
  }

  /** What is paused may still be cancelled: then they hear of it once more. */
  #tellEnd(how: FetchEnd): void {
    for (const peer of this.#askedOf) this.#context.send(peer, { type: "fetch-ended", file: this.file, how });
    if (how !== "paused") this.#askedOf.clear();
  }

  #fail(reason: TransferFailure): void {
    this.#leaveSwarm();
    this.#phase = { type: "failed", reason };
  }

  /** Nothing is wanted of anybody; only what the host is checking goes on. */
  #leaveSwarm(): void {
    this.#holders.leave();
    if (this.#phase.type === "checking") this.#context.emit({ type: "drop-file", file: this.file });
    this.#phase = { type: "waiting" };
    this.#context.stir();
    this.#trust.leave();
    this.#assemblies.leave();
  }

  #fetchAnew(pieces: Hopeless): void {
    for (const piece of pieces) {
      const assembly = this.#assemblies.of(piece);
      if (assembly) this.#assemblies.drop(assembly);
    }
  }

  #check(assembly: Assembly): void {
    this.#assemblies.complete(assembly);
    const { piece } = assembly;
    this.#context.emit({ type: "check-piece", file: this.file, piece, hash: this.#hashOf(piece) });
  }

  #hashOf(piece: number): Uint8Array {
    return hashAt(this.#layer, piece);
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
