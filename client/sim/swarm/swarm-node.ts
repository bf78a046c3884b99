/** A peer with no other part than its swarm: control frames go through the real codec; the catalog is the world's. */
import { ok } from "@swapmeet/shared";
import { MAX_BLOCK_BYTES, MAX_FRAME_BYTES, type Frame, type SwarmFrame } from "@swapmeet/engine/wire/frame";
import { decodeFrame, encodeFrame } from "@swapmeet/engine/wire/frame-codec";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { Notice, SwarmInput, SwarmOutput } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { isHostile, type Refusal } from "@swapmeet/engine/names/refusal";
import { Swarm, type SwarmEvent } from "@swapmeet/engine/swarm/swarm";
import type { DownloadView } from "@swapmeet/engine/io/view";
import type { Disk } from "./disk.ts";
import type { Links, Parcel, SimNode } from "../links.ts";
import type { SeededRandom } from "../../testing/random.ts";
import type { Time, World } from "../world.ts";

const DISK_MS = 1;
const BLOCK_HEADER_BYTES = MAX_FRAME_BYTES - MAX_BLOCK_BYTES;

/** Gives the frames that a liar sends instead of a frame; an honest peer has no such function. */
export type Tamper = (frame: SwarmFrame, to: PeerId) => readonly SwarmFrame[];

/** A frame as it comes out of the codec, or what is wrong with it. */
export interface Delivery extends Parcel {
  readonly frame: ReturnType<typeof decodeFrame>;
}

export interface Catalog {
  sourcesOf(file: FileId): ReadonlySet<PeerId>;
}

export class SwarmNode implements SimNode<PeerId, Delivery> {
  readonly id: PeerId;
  /** The swarm until the next crash. */
  swarm: Swarm;
  readonly disk: Disk;
  readonly notices: Notice[] = [];
  readonly refusals: { readonly peer: PeerId; readonly refusal: Refusal }[] = [];
  /** Hears every frame but blocks. */
  listener: ((frame: SwarmFrame, from: PeerId, now: Time) => void) | null = null;
  tamper: Tamper | null = null;
  /** While true nothing that it sends leaves it, and its links stay, as with a page that stands still. */
  isMute = false;
  readonly #world: World;
  readonly #links: Links<PeerId, Delivery>;
  readonly #catalog: Catalog;
  readonly #random: SeededRandom;
  #life = 0;
  readonly #banned = new Set<PeerId>();
  readonly #stopped = new Set<string>();
  /** Answers of an earlier opening of a store never reach the swarm. */
  readonly #openings = new Map<FileId, number>();
  #lastHave: { readonly key: string; readonly parcel: Delivery } | null = null;

  constructor(
    world: World,
    links: Links<PeerId, Delivery>,
    catalog: Catalog,
    id: PeerId,
    random: SeededRandom,
    disk: Disk,
  ) {
    this.id = id;
    this.disk = disk;
    this.#world = world;
    this.#links = links;
    this.#catalog = catalog;
    this.#random = random;
    this.swarm = this.#born();
  }

  /** All bytes not claimed on disk are lost, and every link; a new swarm begins with the claimed pieces. */
  crash(): void {
    for (const peer of this.#links.peersOf(this.id)) this.#links.down(this.id, peer);
    this.disk.crash();
    this.#stopped.clear();
    this.swarm = this.#born();
  }

  /** Makes a swarm. Events of an earlier one, and answers to it, do not reach it. */
  #born(): Swarm {
    const life = ++this.#life;
    const [links, catalog, id] = [this.#links, this.#catalog, this.id];
    const queue = (event: SwarmEvent): void => {
      if (life === this.#life) this.#event(event);
    };
    return new Swarm(queue, {
      random: () => this.#random.next(),
      sourcesOf: (file) => [...catalog.sourcesOf(file)].filter((peer) => links.isUp(id, peer)),
    });
  }

  #event(event: SwarmEvent): void {
    switch (event.type) {
      case "output":
        return this.#perform(event.output);
      case "send":
        return this.#send(event.to, event.frame);
      case "refuse":
        return this.#refuse(event.peer, event.refusal);
      case "source-unreadable":
        return void this.notices.push(event);
    }
  }

  linkUp(peer: PeerId, now: Time): void {
    this.swarm.peerUp(peer, now);
  }

  linkDown(peer: PeerId, now: Time): void {
    this.swarm.peerDown(peer, now);
  }

  deliver(from: PeerId, { frame }: Delivery, now: Time): void {
    if (!frame.ok) return this.#refuse(from, frame.problem);
    if (!isSwarmFrame(frame.value)) throw new Error(`a ${frame.value.type} frame in a swarm alone`);
    if (frame.value.type !== "block") this.listener?.(frame.value, from, now);
    this.swarm.frame(from, frame.value, now);
  }

  tick(now: Time): void {
    this.swarm.tick(now);
  }

  nextDeadline(): Time | null {
    return this.swarm.nextDeadline();
  }

  /** Acts for the person, and tells the world of a new deadline. */
  do(action: (swarm: Swarm, now: Time) => void): void {
    action(this.swarm, this.#world.now);
    this.#world.watch(this);
  }

  view(file: FileId): DownloadView {
    const view = this.swarm.downloads(this.#world.now).find((download) => download.file === file);
    if (!view) throw new Error(`no download of ${file}`);
    return view;
  }

  get refusedPeers(): ReadonlySet<PeerId> {
    return this.#banned;
  }

  #send(to: PeerId, frame: SwarmFrame): void {
    if (this.isMute) return;
    for (const told of this.tamper?.(frame, to) ?? [frame]) this.#links.send(this.id, to, this.#parcel(told));
  }

  /** Encodes and decodes a frame. A `have` that goes to many in a row goes through the codec once. */
  #parcel(frame: SwarmFrame): Delivery {
    if (frame.type !== "have") return parcelOf(frame);
    const key = `${frame.file} ${frame.pieces.join()}`;
    if (this.#lastHave?.key !== key) this.#lastHave = { key, parcel: parcelOf(frame) };
    return this.#lastHave.parcel;
  }

  #refuse(peer: PeerId, refusal: Refusal): void {
    this.refusals.push({ peer, refusal });
    if (!isHostile(refusal)) return;
    this.#banned.add(peer);
    this.#world.after(0, () => this.#links.down(this.id, peer));
  }

  #input(input: SwarmInput, life = this.#life): void {
    if (life !== this.#life) return;
    this.swarm.handle(input, this.#world.now);
    this.#world.watch(this);
  }

  /** Does something after the disk's delay, unless the store was closed meanwhile, or the node has crashed. */
  #later(file: FileId, then: () => void): void {
    const [opening, life] = [this.#openings.get(file), this.#life];
    this.#world.after(DISK_MS, () => {
      if (life === this.#life && this.#openings.get(file) === opening) then();
    });
  }

  #answer(file: FileId, answer: () => SwarmInput): void {
    this.#later(file, () => this.#input(answer()));
  }

  #perform(output: SwarmOutput): void {
    switch (output.type) {
      case "open-store":
        this.#openings.set(output.file, (this.#openings.get(output.file) ?? 0) + 1);
        return this.#answer(output.file, () => {
          const have = this.disk.open(output.file);
          return { type: "store-opened", file: output.file, have };
        });
      case "put-block":
        return this.disk.put(output.file, output.begin, output.bytes);
      case "check-piece":
        return this.#check(output.file, output.piece, output.hash);
      case "drop-piece":
        return this.disk.drop(output.file, output.piece);
      case "send-blocks":
        return this.#sendBlocks(output);
      case "stop-blocks":
        this.#stopped.add(`${output.peer} ${output.id}`);
        return;
      case "hash-leaves": {
        const leaves = this.disk.leaves(output.file, output.piece);
        this.#world.after(DISK_MS, () =>
          this.#input(
            typeof leaves === "string"
              ? { type: "read-failed", file: output.file, reason: leaves }
              : { type: "leaves-hashed", file: output.file, piece: output.piece, leaves },
          ),
        );
        return;
      }
      case "save-file":
        return this.#answer(output.file, () => {
          this.disk.save(output.file);
          return { type: "file-saved", file: output.file };
        });
      case "close-store":
        this.#openings.set(output.file, (this.#openings.get(output.file) ?? 0) + 1);
        return this.disk.close(output.file, output.forget);
      case "ask-tabs": // every peer of a simulation has a browser of its own
      case "check-file":
      case "drop-file":
        return;
    }
  }

  /** Writes bytes, flushes, claims: a crash may come between any two of these steps. */
  #check(file: FileId, piece: number, hash: Uint8Array): void {
    const checked = this.disk.check(file, piece, hash);
    if (checked instanceof Uint8Array)
      return this.#answer(file, () => ({ type: "piece-corrupt", file, piece, leaves: checked }));
    if (checked !== "stored")
      return this.#answer(file, () => ({ type: "store-failed", file, reason: checked }));
    this.#later(file, () => {
      this.disk.flush(file, piece);
      this.#later(file, () => {
        this.disk.claim(file, piece);
        this.#answer(file, () => ({ type: "piece-stored", file, piece }));
      });
    });
  }

  #sendBlocks({ peer, id, file, begin, length }: SwarmOutput & { type: "send-blocks" }): void {
    let at = 0;
    const next = (): { parcel: Delivery; sent: () => void } | null => {
      if (this.isMute || at === length || this.#stopped.has(`${peer} ${id}`)) return null;
      const bytes = this.disk.read(file, begin + at, Math.min(MAX_BLOCK_BYTES, length - at));
      if (typeof bytes === "string") {
        at = length;
        this.#world.after(0, () => this.#input({ type: "read-failed", file, reason: bytes }));
        return null;
      }
      at += bytes.length;
      const sent = (): void => this.#input({ type: "bytes-sent", peer, id, bytes: bytes.length });
      const [block, ...more] = this.tamper?.({ type: "block", id, bytes }, peer) ?? [
        { type: "block", id, bytes } as const,
      ];
      for (const frame of more) this.#world.after(0, () => this.#links.send(this.id, peer, parcelOf(frame)));
      return block ? { parcel: parcelOf(block), sent } : next();
    };
    this.#links.sendBulk(this.id, peer, { next });
  }
}

const SWARM_FRAMES = {
  interest: true,
  bitfield: true,
  have: true,
  "layer-request": true,
  layer: true,
  "leaves-request": true,
  leaves: true,
  request: true,
  cancel: true,
  reject: true,
  queue: true,
  "fetch-ended": true,
  withheld: true,
  block: true,
} satisfies Record<SwarmFrame["type"], true>;

const isSwarmFrame = (frame: Frame): frame is SwarmFrame => Object.hasOwn(SWARM_FRAMES, frame.type);

/** A block is carried as a view on its disk, without the codec: a thousand peers would only copy otherwise. */
const parcelOf = (frame: SwarmFrame): Delivery => {
  if (frame.type === "block") return { length: BLOCK_HEADER_BYTES + frame.bytes.length, frame: ok(frame) };
  const bytes = encodeFrame(frame);
  return { length: bytes.length, frame: decodeFrame(bytes) };
};
