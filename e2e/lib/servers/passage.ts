/** A TCP port of this machine, brought into a network namespace to which no route leads: a Unix socket joins the two. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { commandWithin, type Within } from "./within.ts";

const END = fileURLToPath(new URL("./passage-end.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export class Passage {
  readonly #near: Server;
  readonly #far: ChildProcess;

  /** `within`: where it listens. `path`: the Unix socket's. */
  static async open(within: Within, address: string, port: number, path: string): Promise<Passage> {
    const near = createServer((far) => join(far, connect(port, "localhost")));
    near.listen(path);
    await once(near, "listening");
    const [execPath, execArgv] = commandWithin(within, process.execPath, "--import", "tsx");
    const far = fork(END, [address, String(port), path], { cwd: ROOT, execPath, execArgv });
    await once(far, "message");
    return new Passage(near, far);
  }

  private constructor(near: Server, far: ChildProcess) {
    this.#near = near;
    this.#far = far;
  }

  async close(): Promise<void> {
    this.#near.close();
    if (this.#far.exitCode !== null) return;
    this.#far.disconnect();
    await once(this.#far, "exit");
  }
}

/** What one says, the other hears, until either ends. */
export const join = (one: Socket, other: Socket): void => {
  one.pipe(other).pipe(one);
  one.once("error", () => other.destroy());
  other.once("error", () => one.destroy());
};
