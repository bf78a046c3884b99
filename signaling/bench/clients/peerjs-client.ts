/** A client of PeerJS's server that costs its process little. Its protocol: JSON on a WebSocket, an id a client. */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { WebSocket } from "ws";

export class PeerJsClient {
  readonly id = randomBytes(16).toString("hex");
  readonly #socket: WebSocket;
  /** Hears of each message that another client sent. */
  onMessage = (): void => {};

  private constructor(port: number, localAddress: string) {
    const query = `key=peerjs&id=${this.id}&token=${this.id}&version=1`;
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/peerjs?${query}`, {
      localAddress,
      perMessageDeflate: false,
    });
  }

  /** Resolves when the server has its id; rejects when it refuses. */
  static async open(port: number, localAddress: string): Promise<PeerJsClient> {
    const client = new PeerJsClient(port, localAddress);
    await new Promise<void>((resolve, reject) => {
      client.#socket.once("error", reject);
      client.#socket.once("close", reject);
      client.#socket.on("message", (data: Buffer) => {
        const { type } = JSON.parse(data.toString()) as { type: string };
        if (type === "OPEN") resolve();
        else client.onMessage();
      });
    });
    return client;
  }

  deliver(dst: string, type: "OFFER" | "ANSWER" | "CANDIDATE", text: string): void {
    this.#socket.send(JSON.stringify({ type, dst, payload: { sdp: text, connectionId: "dc_1" } }));
  }

  /** As SocketClient counts them. */
  get carriedBytes(): number {
    const { bytesRead, bytesWritten } = (this.#socket as unknown as { readonly _socket: Socket })._socket;
    return bytesRead + bytesWritten;
  }

  close(): void {
    this.#socket.terminate();
  }
}
