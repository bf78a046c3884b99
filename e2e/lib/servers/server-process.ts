/** The built signaling server, as a person starts it: a process of its own, which can be killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { commandWithin, type Within } from "./within.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export interface ServerProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** As after the `--` of `npm start`. */
  readonly flags?: readonly string[];
  readonly within?: Within;
}

interface Ports {
  readonly port: number;
  readonly httpsPort?: number;
}

export class ServerProcess {
  readonly #options: ServerProcessOptions;
  #process: ChildProcess;
  readonly #ports: Ports;

  /** On any free port; the page comes from the folder CLIENT_DIR, as for `npm start`. */
  static async start(options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const [process, ports] = await listen("0", options);
    return new ServerProcess(options, process, ports);
  }

  private constructor(options: ServerProcessOptions, process: ChildProcess, ports: Ports) {
    this.#options = options;
    this.#process = process;
    this.#ports = ports;
  }

  get port(): number {
    return this.#ports.port;
  }

  urlAt(host = "localhost"): string {
    return `http://${host}:${this.port}`;
  }

  /** After a start with `--https`. */
  secureUrlAt(host = "localhost"): string {
    return `https://${host}:${this.#ports.httpsPort}`;
  }

  /** SIGKILL: no good-bye to anybody. Twice is harmless. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }

  /** SIGTERM: it drains. Resolves to its exit code. */
  async terminate(): Promise<number | null> {
    this.#process.kill("SIGTERM");
    const [code] = (await once(this.#process, "exit")) as [number | null];
    return code;
  }

  /** After `kill`: a new process at the same port, which knows nothing. */
  async restart(): Promise<void> {
    [this.#process] = await listen(String(this.port), this.#options);
  }
}

const listen = async (
  port: string,
  { env, flags = [], within = [] }: ServerProcessOptions,
): Promise<[ChildProcess, Ports]> => {
  const server = spawn(...commandWithin(within, process.execPath, "signaling/dist/main.js", ...flags), {
    cwd: ROOT,
    env: { ...process.env, ...env, PORT: port },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: server.stdout })) {
    if (!/^\{.*"event":"start"/.test(line)) continue;
    server.stdout.resume();
    return [server, JSON.parse(line) as Ports];
  }
  throw new Error("the server ended before it listened");
};
