/** The built signaling server, as a person starts it: a process of its own, which can be killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

interface Ports {
  readonly port: number;
  readonly httpsPort?: number;
}

export class ServerProcess {
  #process: ChildProcess;
  readonly #ports: Ports;

  /** On any free port; the page comes from the folder CLIENT_DIR, as for `npm start`. `flags`: as after its `--`. */
  static async start(env: Record<string, string> = {}, flags: string[] = []): Promise<ServerProcess> {
    const [process, ports] = await listen({ PORT: "0", ...env }, flags);
    return new ServerProcess(process, ports);
  }

  private constructor(process: ChildProcess, ports: Ports) {
    this.#process = process;
    this.#ports = ports;
  }

  urlAt(host = "localhost"): string {
    return `http://${host}:${this.#ports.port}`;
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

  /** After `kill`: a new process at the same port, which knows nothing. */
  async restart(): Promise<void> {
    [this.#process] = await listen({ PORT: String(this.#ports.port) }, []);
  }
}

const listen = async (env: Record<string, string>, flags: string[]): Promise<[ChildProcess, Ports]> => {
  const server = spawn(process.execPath, ["signaling/dist/main.js", ...flags], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: server.stdout })) {
    if (!/^\{.*"event":"start"/.test(line)) continue;
    server.stdout.resume();
    return [server, JSON.parse(line) as Ports];
  }
  throw new Error("the server ended before it listened");
};
