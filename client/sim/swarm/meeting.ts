/** A world of swarms with one catalog: its nodes, their links and their files. Everything comes from one seed. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { LocalFile } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { Disk, Library } from "./disk.ts";
import { Links } from "../links.ts";
import { SeededRandom } from "../../testing/random.ts";
import { SwarmNode, type Delivery } from "./swarm-node.ts";
import { World } from "../world.ts";

const FAST_BYTES_PER_SECOND = 4 * 1024 * 1024;
/** A downlink that slows nobody down, unless a test says otherwise. */
const DOWN_BYTES_PER_SECOND = 1024 * 1024 * 1024;
const LATENCY_MS = 20;

export class Meeting {
  readonly world = new World();
  readonly links = new Links<PeerId, Delivery>(this.world);
  readonly random: SeededRandom;
  readonly nodes: SwarmNode[] = [];
  readonly #library = new Library();
  readonly #sourcesByFile = new Map<FileId, Set<PeerId>>();

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  peer(upBytesPerSecond = FAST_BYTES_PER_SECOND, downBytesPerSecond = DOWN_BYTES_PER_SECOND): SwarmNode {
    const id = (this.nodes.length + 1).toString(16).padStart(64, "0") as PeerId;
    const catalog = { sourcesOf: (file: FileId) => this.#sourcesByFile.get(file) ?? new Set<PeerId>() };
    const node = new SwarmNode(
      this.world,
      this.links,
      catalog,
      id,
      new SeededRandom(this.random.below(2 ** 31)),
      new Disk(this.#library),
    );
    this.links.add(node, { upBytesPerSecond, downBytesPerSecond });
    this.nodes.push(node);
    return node;
  }

  link(a: SwarmNode, b: SwarmNode, latencyMs = LATENCY_MS): void {
    this.links.up(a.id, b.id, latencyMs);
  }

  unlink(a: SwarmNode, b: SwarmNode): void {
    this.links.down(a.id, b.id);
  }

  /** Links every node with every other. */
  mesh(nodes: readonly SwarmNode[], latencyMs = LATENCY_MS): void {
    nodes.forEach((a, at) => nodes.slice(at + 1).forEach((b) => this.link(a, b, latencyMs)));
  }

  share(node: SwarmNode, bytes: Uint8Array, name = "file"): LocalFile {
    const local = node.disk.add(bytes, name);
    node.do((swarm) => swarm.share(local));
    this.offer(node, local.file);
    return local;
  }

  offer(node: SwarmNode, file: FileId): void {
    this.#sourcesByFile.set(file, (this.#sourcesByFile.get(file) ?? new Set()).add(node.id));
    this.#changed(file);
  }

  withdraw(node: SwarmNode, file: FileId): void {
    this.#sourcesByFile.get(file)?.delete(node.id);
    this.#changed(file);
  }

  download(node: SwarmNode, file: FileId): void {
    node.do((swarm, now) => swarm.download(file, "file", now));
  }

  /** Runs until these nodes have saved the file. @returns whether they have, within `withinMs` of virtual time. */
  untilSaved(nodes: readonly SwarmNode[], file: FileId, withinMs = 600_000): boolean {
    const waiting = [...nodes];
    const isDone = (): boolean => {
      while (waiting.at(-1)?.disk.saved.has(file)) waiting.pop();
      return waiting.length === 0;
    };
    return this.world.run(isDone, this.world.now + withinMs);
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.world.run(() => false, this.world.now + ms);
  }

  #changed(file: FileId): void {
    for (const node of this.nodes) node.do((swarm, now) => swarm.sourcesChanged(file, now));
  }
}
