/** Says what the server's state means for the room. */
import type { Nearby } from "@swapmeet/shared";
import { m } from "../words/messages.js";
import type { ServerState } from "../../platform/session/network.ts";
import type { Session } from "../../platform/session/session.ts";
import { formatSeconds } from "../parts/text/format.ts";
import type { Saying } from "./saying.ts";

/** Whether this device connects by relay servers alone, and the server names none. */
export const lacksRelay = ({ device, network }: Pick<Session, "device" | "network">): boolean =>
  device.settings.relayOnly && network.hasRelayServer === false;

/**
 * Nothing is said while all is well. `peers`: how many people this device is connected to. `isWithoutRelay`: it needs a
 * relay server, and the server names none.
 */
export const serverSaying = (server: ServerState, peers: number, isWithoutRelay: boolean): Saying | null => {
  switch (server.type) {
    case "connecting":
      return null;
    case "online":
      return isWithoutRelay
        ? {
            title: m.notices_only_through_a_relay_none_named(),
            remedy: m.notices_the_server_names_no_relay(),
            bad: true,
          }
        : nearbySaying(server.nearby);
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
        case "unknown-host":
        case "foreign-origin":
          return {
            title: m.notices_the_server_does_not_know_this_address({ address: location.host }),
            remedy: m.notices_start_it_with_public_origin({ origin: location.origin }),
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

const nearbySaying = (nearby: Nearby | undefined): Saying | null => {
  switch (nearby) {
    case undefined:
      return null;
    case "everyone":
      return {
        title: m.notices_nearby_shows_everyone_who_uses(),
        remedy: m.notices_a_proxy_hides_networks(),
        bad: false,
      };
    case "alone":
      return {
        title: m.notices_nearby_can_show_you_nobody(),
        remedy: m.notices_a_proxy_hides_your_network(),
        bad: false,
      };
  }
};

/** The title of `serverSaying` for the ear: as long as nothing but the time changes, it stays the same. */
export const serverNews = (server: ServerState, peers: number, isWithoutRelay: boolean): string | null => {
  if (server.type !== "offline") return serverSaying(server, peers, isWithoutRelay)?.title ?? null;
  return peers > 0 ? m.notices_the_server_is_away_the() : m.notices_the_server_is_away_and();
};
