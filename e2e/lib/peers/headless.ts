/** The command `swapmeet`, as a person starts it: a peer without a browser, in a process of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../../client/peer/bin/swapmeet.js", import.meta.url));

/** A line that it tells with --json. */
export type Told = Readonly<Record<string, unknown>>;

export class Headless {
  readonly process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stdout = "";
  stderr = "";

  /** `args` as on the command line; they name the room. */
  static start(args: readonly string[], cwd: string): Headless {
    return new Headless(spawn(process.execPath, [COMMAND, ...args, "--json"], { cwd }));
  }

  private constructor(started: ChildProcess) {
    this.process = started;
    started.stdout!.on("data", (text: Buffer) => (this.#stdout += text.toString()));
    started.stderr!.on("data", (text: Buffer) => (this.stderr += text.toString()));
    this.#ended = once(started, "close");
  }

  /** All that it has told so far. */
  get told(): readonly Told[] {
    return this.#stdout
      .slice(0, this.#stdout.lastIndexOf("\n") + 1)
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Told);
  }

  /** Resolves when it has told such a thing. Rejects when it ends before. */
  async tells(isIt: (told: Told) => boolean): Promise<Told> {
    for (;;) {
      const found = this.told.find(isIt);
      if (found) return found;
      if (this.process.exitCode !== null)
        throw new Error(`it ended with ${this.process.exitCode}: ${this.#stdout}${this.stderr}`);
      await Promise.race([once(this.process.stdout!, "data"), this.#ended]);
    }
  }

  /** @returns the exit code; null when a signal ended it */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.process.exitCode;
  }

  /** Harmless when it has ended. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.process.kill(signal);
    return this.ended();
  }
}
