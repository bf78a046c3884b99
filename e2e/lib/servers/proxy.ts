/** A reverse proxy for one client, which says from which address that client comes, and can send it to another network. */
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";

export class Proxy {
  readonly #http: Server;
  readonly #upstreamPort: number;
  readonly #connections = new Set<Socket>();
  /** The client's, as the server is told. */
  #address: string;

  static async start(upstreamPort: number, address: string): Promise<Proxy> {
    const proxy = new Proxy(upstreamPort, address);
    proxy.#http.listen(0);
    await once(proxy.#http, "listening");
    return proxy;
  }

  private constructor(upstreamPort: number, address: string) {
    this.#upstreamPort = upstreamPort;
    this.#address = address;
    this.#http = createServer((asked, answer) => {
      const passed = request(this.#optionsFor(asked), (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      });
      passed.once("error", () => answer.destroy());
      asked.pipe(passed);
    });
    this.#http.on("connection", (connection) => {
      this.#connections.add(connection);
      connection.once("close", () => this.#connections.delete(connection));
    });
    this.#http.on("upgrade", (asked, client: Socket, head) => this.#upgrade(asked, client, head));
  }

  urlAt(host = "localhost"): string {
    return `http://${host}:${(this.#http.address() as AddressInfo).port}`;
  }

  /** The client's device changes networks: its open connections are cut, and later ones come from `address`. */
  moveTo(address: string): void {
    this.#address = address;
    for (const connection of this.#connections) connection.destroy();
  }

  async close(): Promise<void> {
    this.#http.close();
    for (const connection of this.#connections) connection.destroy();
    if (this.#http.listening) await once(this.#http, "close");
  }

  #optionsFor({ method, url, headers }: IncomingMessage) {
    return {
      host: "127.0.0.1",
      port: this.#upstreamPort,
      method,
      path: url,
      headers: { ...headers, "x-forwarded-for": this.#address },
    };
  }

  #upgrade(asked: IncomingMessage, client: Socket, head: Buffer): void {
    const server = connect(this.#upstreamPort, "127.0.0.1");
    const { headers } = this.#optionsFor(asked);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
    server.write([`${asked.method} ${asked.url} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    server.write(head);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.pipe(other);
      one.once("error", () => other.destroy());
      one.once("close", () => other.destroy());
    }
  }
}
