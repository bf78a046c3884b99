import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { MessageView } from "@swapmeet/engine/io/view";

/** The people with whom these messages were exchanged, each once, in the order of their first messages. */
export const correspondentsIn = (messages: readonly MessageView[]): readonly PeerId[] => [
  ...new Set(messages.map((message) => message.with)),
];
