/** coturn as an operator runs it beside the server: it relays for browsers whose credentials come from the secret. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { aptInstall, onPath } from "../install/installing.mjs";
import { commandWithin, listening, type Within } from "./within.ts";

const PORT = 3478;
const SECRET = "north-pier-at-dawn";

const isThere = (): boolean => onPath(["turnserver"]).some((path) => existsSync(path));

/** Why there can be none here, or null. */
export const whyNoCoturn = (): string | null => {
  if (!isThere()) aptInstall("coturn");
  return isThere() ? null : "there is no coturn";
};

export class Coturn {
  readonly #process: ChildProcess;
  readonly #address: string;

  /** Listens at `address`, UDP and TCP; `within`: where the server runs. */
  static async start(folder: string, within: Within, address: string): Promise<Coturn> {
    await mkdir(folder, { recursive: true });
    const coturn = spawn(
      ...commandWithin(
        within,
        ...["turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--realm=swapmeet.example"],
        ...["--use-auth-secret", `--static-auth-secret=${SECRET}`],
        ...[`--listening-ip=${address}`, `--relay-ip=${address}`, `--listening-port=${PORT}`],
        ...[`--userdb=${join(folder, "db")}`, `--pidfile=${join(folder, "pid")}`, "--log-file=stdout"],
      ),
      { stdio: "ignore" },
    );
    await listening(coturn, PORT, within);
    return new Coturn(coturn, address);
  }

  private constructor(process: ChildProcess, address: string) {
    this.#process = process;
    this.#address = address;
  }

  /** The settings of a server that names it, with credentials that are good for so long. */
  settings(ttlSeconds = 3600): Record<string, string> {
    const url = `turn:${this.#address}:${PORT}`;
    return {
      TURN_URLS: `${url}?transport=udp,${url}?transport=tcp`,
      TURN_SECRET: SECRET,
      TURN_TTL_SECONDS: String(ttlSeconds),
    };
  }

  /** Twice is harmless. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGTERM");
    await once(this.#process, "exit");
  }
}
