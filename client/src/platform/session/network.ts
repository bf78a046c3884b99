/** The server, the links to peers, and the traffic. */
import type { JoinRefusal } from "@swapmeet/shared";
import type { Host, HostOptions } from "../run/host.ts";

export type ServerState =
  | { readonly type: "connecting" }
  | { readonly type: "online" }
  /** Retrying by itself. `sinceMs`: how long it has been away. */
  | { readonly type: "offline"; readonly sinceMs: number }
  | { readonly type: "refused"; readonly reason: JoinRefusal };

export interface Network {
  readonly server: ServerState;
  /** Number of peers with an open, proven link. */
  readonly peerCount: number;
  readonly traffic: {
    readonly directInBytes: number;
    readonly directOutBytes: number;
    readonly serverBytes: number;
  };
}

export class RoomNetwork implements Network {
  readonly #host: Pick<Host, "engine" | "traffic">;
  readonly #changed: () => void;
  #server: Exclude<ServerState, { type: "offline" }> | { readonly type: "offline"; readonly since: number } =
    {
      type: "connecting",
    };

  constructor(host: Pick<Host, "engine" | "traffic">, changed: () => void) {
    this.#host = host;
    this.#changed = changed;
  }

  get server(): ServerState {
    if (this.#server.type !== "offline") return this.#server;
    return { type: "offline", sinceMs: performance.now() - this.#server.since };
  }

  get peerCount() {
    return this.#host.engine.peerCount;
  }

  get traffic() {
    return this.#host.traffic;
  }

  /** The host tells a change of the server. */
  serverIs(state: Parameters<HostOptions["server"]>[0]): void {
    if (state === "online") this.#server = { type: "online" };
    else if (state !== "offline") this.#server = { type: "refused", reason: state.refused };
    else if (this.#server.type !== "offline") this.#server = { type: "offline", since: performance.now() };
    this.#changed();
  }
}
