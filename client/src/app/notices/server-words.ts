/** Says what the server's state means for the room. */
import { m } from "../words/messages.js";
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
      const time = formatSeconds(server.sinceMs / 1000);
      return peers > 0
        ? {
            title: m.notices_the_server_has_been_away({ time }),
            remedy: m.notices_transfers_search_the_board_and(),
            bad: false,
          }
        : {
            title: m.notices_the_server_has_been_away_for({ time }),
            remedy: m.notices_check_that_it_is_on(),
            bad: true,
          };
    }
    case "refused":
      switch (server.reason) {
        case "room-full":
          return {
            title: m.notices_this_room_is_full(),
            remedy: m.notices_make_a_new_private_room(),
            bad: true,
          };
        case "too-fast":
          return {
            title: m.notices_the_server_asks_this_network(),
            remedy: m.notices_the_page_tries_again_by(),
            bad: true,
          };
        case "unavailable":
          return {
            title: m.notices_the_server_cannot_let_anybody(),
            remedy: m.notices_the_page_tries_again_by(),
            bad: true,
          };
        case "bad-request":
          return {
            title: m.notices_the_server_and_this_page(),
            remedy: m.notices_one_of_them_was_updated(),
            bad: true,
          };
      }
  }
};

/** The title of `serverSaying` for the ear: as long as nothing but the time changes, it stays the same. */
export const serverNews = (server: ServerState, peers: number): string | null => {
  if (server.type !== "offline") return serverSaying(server, peers)?.title ?? null;
  return peers > 0 ? m.notices_the_server_is_away_the() : m.notices_the_server_is_away_and();
};
