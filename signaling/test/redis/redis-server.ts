/** A real redis-server on a free port of loopback, without a file. Found, else installed by apt, else skipped loudly. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createClient } from "redis";
import { aptInstall, onPath, starts } from "../../../e2e/lib/install/installing.mjs";

const found = () => onPath(["redis-server"]).find(starts);

/** Sharded pub/sub needs it. */
const OLDEST = 7;

/** The program, or undefined where there can be none. Says so on the terminal. */
export function findRedis(): string | undefined {
  if (!found()) aptInstall("redis-server");
  const program = found();
  const version = program && /v=(\d+)/.exec(execFileSync(program, ["--version"], { encoding: "utf8" }))?.[1];
  if (Number(version) >= OLDEST) return program;
  process.stderr.write(
    `SKIPPED: tests with Redis: there is no redis-server of version ${OLDEST} or newer.\n`,
  );
  return undefined;
}

export class RedisServer {
  readonly port: number;
  readonly #program: string;
  #process: ChildProcess;

  static async start(program: string): Promise<RedisServer> {
    const port = await freePort();
    return new RedisServer(program, port, await listen(program, port));
  }

  private constructor(program: string, port: number, process: ChildProcess) {
    this.#program = program;
    this.port = port;
    this.#process = process;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** It keeps its connections and answers nobody, until `goOn`. */
  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  goOn(): void {
    this.#process.kill("SIGCONT");
  }

  /** SIGKILL. Twice is harmless. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }

  /** Empty, at the same port. */
  async restart(): Promise<void> {
    await this.stop();
    this.#process = await listen(this.#program, this.port);
  }

  /** All keys. */
  async keys(): Promise<string[]> {
    const client = await createClient({ url: this.url }).connect();
    const keys = await client.keys("*");
    client.destroy();
    return keys.sort();
  }
}

async function listen(program: string, port: number): Promise<ChildProcess> {
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const text of child.stdout) {
    if (!String(text).includes("Ready to accept connections")) continue;
    child.stdout.resume();
    return child;
  }
  throw new Error("redis-server ended before it listened");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
