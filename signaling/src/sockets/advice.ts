/** What the log tells the operator to set, when the network before the server is not as the settings say. */
import type { IncomingMessage } from "node:http";
import type { Caller } from "../base/caller.ts";
import type { Refusal } from "../base/counters.ts";
import type { Log } from "../base/log.ts";
import { isLocal } from "../base/network.ts";
import { originOf } from "../base/origins.ts";

/** Strangers choose the names that the log shows here: few of a kind, and of at most 253 letters as in DNS. Guess. */
const MAX_OF_A_KIND = 16;
const MAX_ORIGIN_LETTERS = 270;

export class Advice {
  readonly #log: Log;
  readonly #givenByEvent = new Map<string, Set<string>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** A handshake was refused: perhaps the page is under a name that only the operator knows. */
  onRefusal(request: IncomingMessage, refusal: Refusal): void {
    if (refusal !== "foreign-origin" && refusal !== "unknown-host") return;
    const asked = originOf(request) ?? `http://${request.headers.host ?? ""}`;
    const origin = /^https?:/.test(asked) && URL.canParse(asked) ? new URL(asked).origin : "";
    if (origin !== "" && origin.length <= MAX_ORIGIN_LETTERS)
      this.#give(refusal, `If people open your page there: PUBLIC_ORIGIN=${origin}`);
  }

  /** A client has come whose network is not known. [J8c] [J8d] */
  onCaller({ origin, address }: Caller): void {
    // The address of a proxy beside the server is nobody's secret; another may be a client's.
    const proxy = isLocal(address) ? address.toString() : "its address";
    if (origin === "shared")
      this.#give(
        "undeclared-proxy",
        "Clients come through a proxy, so all of them are Nearby to each other and share the limits of one address. " +
          `If the proxy is yours: TRUSTED_PROXIES=${proxy}`,
      );
    if (origin === "hidden")
      this.#give(
        "silent-proxy",
        "A declared proxy does not say for whom it asks, so these clients see nobody in Nearby and share the limits " +
          "of one address. Let it send X-Forwarded-For, and declare proxies alone.",
      );
  }

  /** Each remedy once. */
  #give(event: string, remedy: string): void {
    const given = this.#givenByEvent.get(event) ?? new Set();
    if (given.has(remedy) || given.size >= MAX_OF_A_KIND) return;
    this.#givenByEvent.set(event, given.add(remedy));
    this.#log(event, { remedy });
  }
}
