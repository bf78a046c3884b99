/** The built signaling server, as a person starts it: a process of its own, which can be killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { commandWithin, type Within } from "./within.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export interface ServerProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly within?: Within;
}

export class ServerProcess {
  readonly #options: ServerProcessOptions;
  #process: ChildProcess;
  readonly port: number;

  /** On any free port; the page comes from the folder CLIENT_DIR, as for `npm start`. */
  static async start(options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const [process, port] = await listen("0", options);
    return new ServerProcess(options, process, port);
  }

  private constructor(options: ServerProcessOptions, process: ChildProcess, port: number) {
    this.#options = options;
    this.#process = process;
    this.port = port;
  }

  urlAt(host = "localhost"): string {
    return `http://${host}:${this.port}`;
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
  { env, within = [] }: ServerProcessOptions,
): Promise<[ChildProcess, number]> => {
  const server = spawn(...commandWithin(within, process.execPath, "signaling/dist/main.js"), {
    cwd: ROOT,
    env: { ...process.env, ...env, PORT: port },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const { port } = /^\{.*"event":"start","port":(?<port>\d+)/.exec(line)?.groups ?? {};
    if (port === undefined) continue;
    server.stdout.resume();
    return [server, Number(port)];
  }
  throw new Error("the server ended before it listened");
};
