/** Real processes of the server. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { SignalingOptions } from "../../src/server.ts";

const SERVER = fileURLToPath(new URL("server.ts", import.meta.url));

export class ServerProcess {
  readonly url: string;
  /** What it logged. */
  readonly lines: string[];
  readonly #process: ChildProcess;

  static async start(options: SignalingOptions): Promise<ServerProcess> {
    const args = ["--import", "tsx", SERVER, JSON.stringify(options)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const lines: string[] = [];
    child.stderr.on("data", (text) => lines.push(...String(text).trim().split("\n")));
    const ended = once(child, "exit").then(() => {
      throw new Error(`the server ended before it listened: ${lines.join("\n")}`);
    });
    const [port] = (await Promise.race([once(child.stdout, "data"), ended])) as [Buffer];
    return new ServerProcess(child, `http://127.0.0.1:${String(port).trim()}`, lines);
  }

  private constructor(child: ChildProcess, url: string, lines: string[]) {
    this.#process = child;
    this.url = url;
    this.lines = lines;
  }

  /** Rooms and members of all processes. */
  async size(): Promise<{ rooms: number; members: number }> {
    const { rooms, members } = (await (await fetch(`${this.url}/healthz`)).json()) as Record<string, number>;
    return { rooms: rooms!, members: members! };
  }

  /** Twice is harmless. Resolves to its exit code, or null. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill(signal);
      await once(this.#process, "exit");
    }
    return this.#process.exitCode;
  }
}
