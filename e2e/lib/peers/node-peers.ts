/**
 * Peers without a browser, in a process of their own: client/node/main.ts does as it is told here. It is started, not
 * imported, because the tests know only those parts of the product that a process or a browser shows.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { commandWithin, type Within } from "../servers/within.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MAIN = "client/node/main.ts";

export interface NodePeerOptions {
  readonly serverUrl: string;
  /** null: the open room. */
  readonly code: string | null;
  readonly name: string;
  /** A key of LIES or FORWARDING_LIES in client/testing/lies.ts: the one way in which this peer is hostile. */
  readonly lie?: string;
}

/** Authors who share as many files each. */
export interface InventedRoom {
  readonly authors: number;
  readonly shares: number;
}

export interface NodePeerState {
  /** Names of everyone else in the room. */
  readonly people: readonly string[];
  /** Names of those it has a proven link with. */
  readonly linked: readonly string[];
  /** How many of these links are the overlay's. */
  readonly neighbors: number;
  /** Names of the files that people offer, this one too. */
  readonly files: readonly string[];
  /** Texts of the group "general", as the board orders them. */
  readonly posts: readonly string[];
  /** For each post of another author, in order of arrival: milliseconds since it was written, by the two clocks. */
  readonly postDelaysMs: readonly number[];
  /** How often it has called somebody. */
  readonly dials: number;
  /** How often it has refused something, by name. */
  readonly refusals: Readonly<Record<string, number>>;
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly problem: string });
type Call = (call: object) => Promise<unknown>;

export class NodePeers {
  readonly #process: ChildProcess;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  /** `within`: `Namespaces.within`. */
  static start(within: Within = []): NodePeers {
    const [execPath, execArgv] = commandWithin(within, process.execPath, "--import", "tsx");
    return new NodePeers(fork(MAIN, { cwd: ROOT, execPath, execArgv }));
  }

  get pid(): number {
    return this.#process.pid!;
  }

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.on("message", (answer: Answer) => this.#answers.get(answer.id)?.(answer));
    process.on("exit", (code) => {
      const problem = `the process of the peers ended with ${code}`;
      for (const [id, tell] of this.#answers) tell({ id, problem });
    });
  }

  /** One more peer in a room; it goes on by itself until it is closed. */
  async join(options: NodePeerOptions): Promise<NodePeer> {
    const number = (await this.#call({ do: "join", options })) as number;
    return new NodePeer(number, (call) => this.#call(call));
  }

  /** The texts that `people` would type, one after another, to find files that `NodePeer.know` made up. */
  async typing(people: number, { authors, shares }: InventedRoom): Promise<string[]> {
    return (await this.#call({ do: "typing", people, authors, shares })) as string[];
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.disconnect();
    await once(this.#process, "exit");
  }

  async #call(call: object): Promise<unknown> {
    const id = this.#calls++;
    const answer = await new Promise<Answer>((resolve) => {
      this.#answers.set(id, resolve);
      this.#process.send({ id, call }, (error) => {
        if (error) resolve({ id, problem: `the process of the peers is gone: ${error.message}` });
      });
    });
    this.#answers.delete(id);
    if ("problem" in answer) throw new Error(answer.problem);
    return answer.value;
  }
}

export class NodePeer {
  readonly #peer: number;
  readonly #call: Call;

  constructor(peer: number, call: Call) {
    this.#peer = peer;
    this.#call = call;
  }

  /** Offers a file of the disk. */
  async share(path: string): Promise<void> {
    await this.#call({ do: "share", peer: this.#peer, file: path });
  }

  /** Downloads a file by its name in the room, once somebody offers it. @returns its SHA-256 */
  async fetch(name: string): Promise<string> {
    return (await this.#call({ do: "fetch", peer: this.#peer, file: name })) as string;
  }

  /** Posts to the group "general". */
  async post(text: string): Promise<void> {
    await this.#call({ do: "post", peer: this.#peer, text });
  }

  /** Gives it the feeds of a room of so many authors, as if it had long been there and all others had left. */
  async know({ authors, shares }: InventedRoom): Promise<void> {
    await this.#call({ do: "know", peer: this.#peer, authors, shares });
  }

  async state(): Promise<NodePeerState> {
    return (await this.#call({ do: "state", peer: this.#peer })) as NodePeerState;
  }

  async close(): Promise<void> {
    await this.#call({ do: "close", peer: this.#peer });
  }
}
