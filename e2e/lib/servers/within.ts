/** Programs that run elsewhere than the test does, as in a network namespace. */
import { execFile, type ChildProcess } from "node:child_process";
import { promisify } from "node:util";

/** The words before a command that runs it elsewhere: `Namespaces.middle`. None: it runs here. */
export type Within = readonly string[];

const LOOK_EVERY_MS = 50;

/** A command that runs there, and its arguments. */
export const commandWithin = (within: Within, ...words: readonly string[]): [string, string[]] => {
  const [command, ...args] = [...within, ...words];
  return [command!, args];
};

/**
 * Resolves when something listens there at this TCP port. Rejects when the server's process ends before. Linux only.
 */
export const listening = async (server: ChildProcess, port: number, within: Within = []): Promise<void> => {
  const look = commandWithin(within, "ss", "-Hltn", `sport = :${port}`);
  while ((await promisify(execFile)(...look)).stdout === "") {
    if (server.exitCode !== null) throw new Error(`${server.spawnargs.join(" ")} did not start`);
    await new Promise((again) => setTimeout(again, LOOK_EVERY_MS));
  }
};
