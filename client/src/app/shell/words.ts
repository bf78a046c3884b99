import type { ServerState } from "../../platform/session/network.ts";

export const serverWord = (server: ServerState): string => {
  switch (server.type) {
    case "connecting":
      return "connecting";
    case "online":
      return "online";
    case "offline":
    case "refused":
      return "offline";
  }
};
