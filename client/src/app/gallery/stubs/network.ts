import type { Network, ServerState } from "../../../platform/session/network.ts";
import type { Stage } from "./stage.ts";

export interface NetworkFacts {
  readonly server: ServerState;
  readonly peerCount: number;
  readonly hasRelayServer: boolean;
  readonly traffic: Network["traffic"];
}

export class NetworkStub implements Network {
  readonly #stage: Stage<NetworkFacts>;

  constructor(stage: Stage<NetworkFacts>) {
    this.#stage = stage;
  }

  get server() {
    return this.#stage.now.server;
  }
  get peerCount() {
    return this.#stage.now.peerCount;
  }
  get hasRelayServer() {
    return this.#stage.now.hasRelayServer;
  }
  get traffic() {
    return this.#stage.now.traffic;
  }
}
