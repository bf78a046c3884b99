/** What the server's state means for the room. */
import type { ServerState } from "../../platform/session/network.ts";
import { formatSeconds } from "../parts/text/format.ts";
import type { Saying } from "./saying.ts";

/** Nothing is said while all is well. `peers`: how many people this device is connected to. */
export const serverSaying = (server: ServerState, peers: number): Saying | null => {
  switch (server.type) {
    case "connecting":
    case "online":
      return null;
    case "offline": {
      const away = `The server has been away for ${formatSeconds(server.sinceMs / 1000)}`;
      return peers > 0
        ? {
            title: `${away}. The room goes on without it.`,
            remedy:
              "Transfers, search, the board and new connections between people here need no server. Newcomers wait until it is back.",
            bad: false,
          }
        : {
            title: `${away}, and this device is connected to nobody.`,
            remedy:
              "Check that it is on the same network as before. The page keeps trying by itself; what you post now reaches the others when it succeeds.",
            bad: true,
          };
    }
    case "refused":
      switch (server.reason) {
        case "room-full":
          return {
            title: "This room is full.",
            remedy: "Make a new private room, or wait until somebody leaves.",
            bad: true,
          };
        case "too-fast":
          return {
            title: "The server asks this network to slow down.",
            remedy: "The page tries again by itself in a moment.",
            bad: true,
          };
        case "bad-request":
          return {
            title: "The server and this page do not understand each other.",
            remedy: "One of them was updated. Reload the page.",
            bad: true,
          };
      }
  }
};

/** The title of `serverSaying` for the ear: as long as nothing but the time changes, it stays the same. */
export const serverNews = (server: ServerState, peers: number): string | null => {
  if (server.type !== "offline") return serverSaying(server, peers)?.title ?? null;
  return peers > 0
    ? "The server is away. The room goes on without it."
    : "The server is away, and this device is connected to nobody.";
};
