/** How a person is reached, and what became of a message to them. */
import { m } from "../words/messages.js";
import type { MessageView, PersonView } from "@swapmeet/engine/io/view";
import { counted } from "../parts/text/plurals.ts";
import { formatCount, formatSeconds } from "../parts/text/format.ts";
import { nameOf } from "../parts/text/person-words.ts";

/** Says how this device reaches a person. A person who is away or gone is not reached at all. */
export const reachOf = ({ presence, reach, rttMs }: PersonView): string => {
  if (presence !== "here") return presence === "away" ? m.people_away() : m.people_has_left();
  switch (reach) {
    case "direct":
      return rttMs === null
        ? m.people_direct()
        : m.people_direct_with_delay({ value: formatCount(Math.max(1, Math.round(rttMs))) });
    case "turn":
      return m.people_by_relay_server();
    case "relayed":
      return m.people_through_a_friend();
    case "known":
      return m.people_in_reach();
  }
};

/** Empty before the first minute, since people come and go all the time. */
export const seenWords = (seenForMs: number): string =>
  seenForMs < 60_000 ? "" : m.people_in_sight({ time: formatSeconds(seenForMs / 1000) });

/** Explains at length what `reachOf` says. */
export const reachTitle = (person: PersonView): string => {
  if (person.presence === "gone") return m.people_left_title({ name: nameOf(person) });
  if (person.presence === "away") return m.people_nothing_heard_from_name_for({ name: nameOf(person) });
  switch (person.reach) {
    case "direct":
      return m.people_name_and_this_device_are({ name: nameOf(person) });
    case "turn":
      return m.people_a_relay_server_carries({ name: nameOf(person) });
    case "relayed":
      return m.people_no_direct_route_to_name({ name: nameOf(person) });
    case "known":
      return m.people_this_device_keeps_few_connections({ name: nameOf(person) });
  }
};

/** Words below the list of people, which may be empty. `unreachable`: how many more are here. */
export const othersWords = (people: number, unreachable: number): string => {
  if (unreachable > 0) return m.people_unreachable(counted(unreachable));
  return people === 0 ? m.people_nobody_else_yet_whoever_opens() : "";
};

/** Says how a message to this person stands. */
export const messageStateWords = (state: MessageView["state"], to: PersonView): string => {
  switch (state) {
    case "sending":
      return m.people_sending();
    case "delivered":
      return m.people_delivered();
    case "failed":
      return to.presence === "gone"
        ? m.people_undelivered_left({ name: nameOf(to) })
        : m.people_undelivered_no_answer({ name: nameOf(to) });
  }
};
