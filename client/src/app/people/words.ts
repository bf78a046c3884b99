/** How a person is reached, and what became of a message to them. */
import type { MessageView, PersonView } from "@swapmeet/engine/io/view";
import { formatCount } from "../parts/text/format.ts";
import { nameOf } from "../parts/text/person-words.ts";

/** How one gets to a person. Who is away or gone is not got to at all. */
export const reachOf = ({ presence, reach, rttMs }: PersonView): string => {
  if (presence !== "here") return presence === "away" ? "away" : "has left";
  switch (reach) {
    case "direct":
      return rttMs === null ? "direct" : `direct, ${formatCount(Math.max(1, Math.round(rttMs)))}\u00a0ms`;
    case "relayed":
      return "through a friend";
    case "known":
      return "in reach";
  }
};

/** What `reachOf` means, at length. */
export const reachTitle = (person: PersonView): string => {
  if (person.presence === "gone")
    return `${nameOf(person)} has left. Your messages stay here until this tab closes.`;
  if (person.presence === "away")
    return `Nothing heard from ${nameOf(person)} for a while: a locked screen, another app, or no network. What they share is there again when they are back.`;
  switch (person.reach) {
    case "direct":
      return `${nameOf(person)} and this device are connected directly.`;
    case "relayed":
      return `No direct route to ${nameOf(person)}: somebody who is connected to both of you passes it on, sealed, and slowly. The direct way is tried again from time to time.`;
    case "known":
      return `This device keeps few connections. It connects to ${nameOf(person)} when you fetch, send or write something.`;
  }
};

/** Below the people of the room, of whom there may be none. `unreachable`: how many there are besides. */
export const othersWords = (people: number, unreachable: number): string => {
  if (unreachable === 1) return "1 person is here but can't be reached.";
  if (unreachable > 1) return `${formatCount(unreachable)} people are here but can't be reached.`;
  return people === 0 ? "Nobody else yet. Whoever opens this room appears here at once." : "";
};

/** Of a message to this person. */
export const messageStateWords = (state: MessageView["state"], to: PersonView): string => {
  switch (state) {
    case "sending":
      return "Sending";
    case "delivered":
      return "Delivered";
    case "failed":
      return to.presence === "gone"
        ? `Could not be delivered: ${nameOf(to)} has left. Send it again when they are back.`
        : `Could not be delivered: ${nameOf(to)} did not answer.`;
  }
};
