import { m } from "../words/messages.js";
import type { ServerState } from "../../platform/session/network.ts";

export const serverWord = (server: ServerState): string => {
  switch (server.type) {
    case "connecting":
      return m.shell_connecting();
    case "online":
      return m.shell_online();
    case "offline":
    case "refused":
      return m.shell_offline();
  }
};
