import type { PeerId } from "../engine/peer-id.ts";
import type { MessageView } from "../engine/view.ts";

/** With whom these messages are, each once, in the order of their first. */
export const correspondentsIn = (messages: readonly MessageView[]): readonly PeerId[] => [
  ...new Set(messages.map((message) => message.with)),
];
