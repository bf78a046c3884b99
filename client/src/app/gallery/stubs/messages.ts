import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { MessageView } from "@swapmeet/engine/io/view";
import type { Messages } from "../../../platform/session/messages.ts";
import { freshId, type Stage } from "../scene.ts";

export interface MessagesFacts {
  readonly messages: readonly MessageView[];
}

const DELIVERY_MS = 600;

export class MessagesStub implements Messages {
  readonly #stage: Stage<MessagesFacts>;

  constructor(stage: Stage<MessagesFacts>) {
    this.#stage = stage;
  }

  get all() {
    return this.#stage.now.messages;
  }

  send(to: PeerId, text: string): void {
    const message: MessageView = { id: freshId(), with: to, mine: true, text, state: "sending" };
    this.#stage.change({ messages: [...this.all, message] });
    setTimeout(() => this.sendAgain(message.id), DELIVERY_MS);
  }
  sendAgain(id: string): void {
    const delivered = (message: MessageView): MessageView =>
      message.id === id ? { ...message, state: "delivered" } : message;
    this.#stage.change({ messages: this.all.map(delivered) });
  }
}
