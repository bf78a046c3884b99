/** The server, the links to peers, and the traffic. */
import type { Nearby } from "@swapmeet/shared";
import type { Host, HostOptions, Traffic } from "../run/host.ts";
import type { ServerRefusal } from "../run/signaling-client.ts";

export type ServerState =
  | { readonly type: "connecting" }
  /** `nearby`: whom the open room holds, where that isn't this network alone. */
  | { readonly type: "online"; readonly nearby?: Nearby | undefined }
  /** Retrying by itself. `sinceMs`: how long it has been away. */
  | { readonly type: "offline"; readonly sinceMs: number }
  | { readonly type: "refused"; readonly reason: ServerRefusal };

export interface Network {
  readonly server: ServerState;
  /** Number of peers with an open, proven link. */
  readonly peerCount: number;
  /** Whether the server names a relay server; null: it has not answered yet. */
  readonly hasRelayServer: boolean | null;
  readonly traffic: Traffic;
}

export class RoomNetwork implements Network {
  readonly #host: Pick<Host, "engine" | "traffic" | "hasRelayServer">;
  readonly #changed: () => void;
  #server: Exclude<ServerState, { type: "offline" }> | { readonly type: "offline"; readonly since: number } =
    {
      type: "connecting",
    };

  constructor(host: Pick<Host, "engine" | "traffic" | "hasRelayServer">, changed: () => void) {
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

  get hasRelayServer() {
    return this.#host.hasRelayServer;
  }

  get traffic() {
    return this.#host.traffic;
  }

  /** The host tells a change of the server. */
  serverIs(state: Parameters<HostOptions["server"]>[0]): void {
    if (state === "offline") {
      if (this.#server.type !== "offline") this.#server = { type: "offline", since: performance.now() };
    } else if ("online" in state) this.#server = { type: "online", nearby: state.online };
    else this.#server = { type: "refused", reason: state.refused };
    this.#changed();
  }
}
