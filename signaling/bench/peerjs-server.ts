/** PeerJS's server in a process of its own, as it is by default. */
import type { AddressInfo } from "node:net";
import { PeerServer } from "peer";
import { serveParent } from "./child.ts";
import { usageVerbs } from "./usage.ts";

serveParent({
  listen: () =>
    new Promise<number>((resolve) => {
      PeerServer({ port: 0, host: "127.0.0.1", path: "/" }, (http) =>
        resolve((http.address() as AddressInfo).port),
      );
    }),
  ...usageVerbs,
});
