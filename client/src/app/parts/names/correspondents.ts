import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { MessageView } from "@swapmeet/engine/io/view";

/** With whom these messages are, each once, in the order of their first. */
export const correspondentsIn = (messages: readonly MessageView[]): readonly PeerId[] => [
  ...new Set(messages.map((message) => message.with)),
];
