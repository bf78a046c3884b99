/** Records everything that passes between pages and the signaling server, so all that the server could remember. */
import type { Page } from "@playwright/test";

export class Tap {
  readonly #heard: Buffer[] = [];

  /** Call it before the page is loaded. */
  watch(page: Page): void {
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => this.#heard.push(Buffer.from(payload)));
      socket.on("framereceived", ({ payload }) => this.#heard.push(Buffer.from(payload)));
    });
    page.on("request", (request) => {
      this.#heard.push(Buffer.from(request.url()));
      const body = request.postDataBuffer();
      if (body) this.#heard.push(body);
    });
  }

  get bytes(): number {
    return this.#heard.reduce((sum, message) => sum + message.length, 0);
  }

  /** Which of these texts were heard, plain or in base64 or UTF-16. */
  leaked(texts: readonly string[]): string[] {
    const heard = Buffer.concat(this.#heard);
    return texts.filter((text) => disguises(text).some((disguise) => heard.includes(disguise)));
  }
}

function disguises(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  // In base64 a text looks different at each offset from a group of three bytes; its edges mix with its neighbours.
  const base64 = [0, 1, 2].map((offset) => {
    const coded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return coded.slice(offset === 0 ? 0 : offset + 1, -1);
  });
  return [
    bytes,
    Buffer.from(text, "utf16le"),
    ...base64.filter((b) => b.length >= 6).map((b) => Buffer.from(b)),
  ];
}
