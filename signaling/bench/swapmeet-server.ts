/** The signaling server in a process of its own, with as many connections as the measures need and no other difference. */
import { LIMITS } from "../src/base/limits.ts";
import { createSignalingServer } from "../src/server.ts";
import { serveParent } from "./child.ts";
import { usageVerbs } from "./usage.ts";

/** Measures that one machine makes have few addresses; `unlimited` lets these do what many would. */
export interface ServerOptions {
  readonly unlimited: boolean;
}

const MANY = { burst: 1e9, perSecond: 1e9 };

const verbs = {
  async listen({ unlimited }: ServerOptions): Promise<number> {
    const server = createSignalingServer({
      host: "0.0.0.0",
      log: () => {},
      limits: {
        maxConnections: 3 * LIMITS.maxConnections,
        ...(unlimited && {
          socketMessages: MANY,
          socketFrames: MANY,
          addressMessages: MANY,
          addressConnects: MANY,
          maxConnectionsPerAddress: 1e9,
        }),
      },
    });
    health = server.health;
    const listening = await server.listen();
    if (!listening.ok) throw new Error(listening.problem);
    return listening.value;
  },
  ...usageVerbs,
  health: () => health(),
};
export type ServerVerbs = typeof verbs;

let health: ReturnType<typeof createSignalingServer>["health"];
serveParent(verbs);
