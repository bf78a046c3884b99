/** A real signaling server, and the command `swapmeet`, each as a process of its own. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { vi } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Only a hang takes so long. */
const HANG = { interval: 20, timeout: 120_000 };

/** Makes the command that `Swapmeet.start` starts. */
export const buildCommand = async (): Promise<void> => {
  await promisify(execFile)(process.execPath, ["build.js"], { cwd: `${ROOT}client/peer` });
};

/** A process, and what it has said. */
class Program {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
    this.#process = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env } });
    this.#process.stdout!.on("data", (text: Buffer) => (this.stdout += text.toString()));
    this.#process.stderr!.on("data", (text: Buffer) => (this.stderr += text.toString()));
    this.#ended = once(this.#process, "close");
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** @returns the exit code; null when a signal ended it */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#process.exitCode;
  }

  /** Waits until its output matches. Rejects when it ends without that. */
  async says(pattern: RegExp): Promise<void> {
    await vi.waitUntil(() => {
      if (pattern.test(this.stdout) || pattern.test(this.stderr)) return true;
      if (this.#process.exitCode !== null || this.#process.signalCode !== null)
        throw new Error(`it ended with ${this.#process.exitCode}:\n${this.stdout}${this.stderr}`);
      return false;
    }, HANG);
  }

  /** The events that it told with --json. */
  events(): Readonly<Record<string, unknown>>[] {
    return this.stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }
}

export class Swapmeet extends Program {
  static readonly #running = new Set<Swapmeet>();

  static start(args: readonly string[], serverUrl: string, cwd: string): Swapmeet {
    const command = new Swapmeet(
      [`${ROOT}client/peer/bin/swapmeet.js`, ...args],
      { SWAPMEET_SERVER: serverUrl },
      cwd,
    );
    Swapmeet.#running.add(command);
    return command;
  }

  /** Ends what a failed test has left. */
  static async endAll(): Promise<void> {
    for (const command of Swapmeet.#running) command.kill("SIGKILL");
    await Promise.all([...Swapmeet.#running].map((command) => command.ended()));
    Swapmeet.#running.clear();
  }
}

export class ServerProcess extends Program {
  static async start(): Promise<ServerProcess> {
    const server = new ServerProcess(
      ["--import", "tsx", "signaling/src/main.ts", "--no-client"],
      { PORT: "0", HOST: "127.0.0.1" },
      ROOT,
    );
    await server.says(/"port":\d+/);
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${/"port":(\d+)/.exec(this.stdout)![1]}`;
  }
}
