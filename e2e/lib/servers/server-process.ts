/** The built signaling server, as a person starts it: a process of its own, which can be killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export class ServerProcess {
  #process: ChildProcess;
  readonly #port: number;

  /** On any free port; the page comes from the folder CLIENT_DIR, as for `npm start`. */
  static async start(env: Record<string, string> = {}): Promise<ServerProcess> {
    const [process, port] = await listen({ PORT: "0", ...env });
    return new ServerProcess(process, port);
  }

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.#port = port;
  }

  urlAt(host = "localhost"): string {
    return `http://${host}:${this.#port}`;
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
    [this.#process] = await listen({ PORT: String(this.#port) });
  }
}

const listen = async (env: Record<string, string>): Promise<[ChildProcess, number]> => {
  const server = spawn(process.execPath, ["signaling/dist/main.js"], {
    cwd: ROOT,
    env: { ...process.env, ...env },
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
