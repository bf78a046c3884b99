/**
 * A client of the signaling server that costs its process little: Engine.IO 4 and Socket.IO 5 as text on a WebSocket.
 * It trusts the server and answers its pings.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import { SOCKET_VERSION } from "@swapmeet/shared";
import { WebSocket } from "ws";

export class SocketClient {
  readonly #socket: WebSocket;
  readonly #answers: ((answer: string) => void)[] = [];
  /** Hears of each envelope. */
  onEnvelope = (): void => {};
  /** Hears once when the server has closed it. */
  onClose = (): void => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const answer of this.#answers.splice(0)) answer("");
      this.onClose();
    });
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) return this.onEnvelope();
      const text = data.toString();
      if (text === "2") socket.send("3");
      else if (text.startsWith("43")) this.#answers.shift()?.(text);
    });
  }

  /** Resolves when it has a session of Socket.IO; rejects when the server refuses it. */
  static async open(port: number, localAddress: string): Promise<SocketClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
      localAddress,
      perMessageDeflate: false,
    });
    const client = new SocketClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("close", reject);
      socket.on("message", function greet(data: Buffer) {
        if (data[0] === 0x30) socket.send(`40${JSON.stringify({ version: SOCKET_VERSION })}`);
        else if (data.toString("latin1", 0, 2) === "40") {
          socket.off("message", greet);
          resolve();
        }
      });
    });
    return client;
  }

  /** True when the server has seated it. */
  async join(tag: string, secret: string): Promise<{ address: string; members: string[] } | undefined> {
    const id = this.#answers.length;
    const text = await new Promise<string>((resolve) => {
      this.#answers.push(resolve);
      this.send(`42${id}["join",${JSON.stringify({ secret, room: { kind: "private", tag } })}]`);
    });
    const [joined] = JSON.parse(text.slice(text.indexOf("[")) || "[{}]");
    return joined.ok ? joined : undefined;
  }

  deliver(to: string, bytes: Buffer): void {
    this.send(`451-["envelope",{"to":"${to}","bytes":{"_placeholder":true,"num":0}}]`);
    this.#socket.send(bytes);
  }

  /** Any text at all, as one packet. */
  send(packet: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(packet);
  }

  /** Bytes that wait to be sent: more than a few mean that the server does not read. */
  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Bytes in both directions since the connection began, with the handshake and all framing of WebSocket. */
  get carriedBytes(): number {
    const { bytesRead, bytesWritten } = (this.#socket as unknown as { readonly _socket: Socket })._socket;
    return bytesRead + bytesWritten;
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.terminate();
    await once(this.#socket, "close");
  }
}
