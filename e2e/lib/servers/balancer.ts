/** A balancer of TCP connections, as an operator puts it before several servers: each goes to the first that answers. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export class Balancer {
  readonly #server: Server;
  readonly #connections = new Set<Socket>();

  /** `upstreams`: the ports of the servers, the preferred one first. */
  static async start(upstreams: readonly number[]): Promise<Balancer> {
    const balancer = new Balancer(upstreams);
    balancer.#server.listen(0);
    await once(balancer.#server, "listening");
    return balancer;
  }

  private constructor(upstreams: readonly number[]) {
    this.#server = createServer((client) => {
      this.#track(client);
      this.#pass(client, upstreams);
    });
  }

  urlAt(host = "localhost"): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
    await once(this.#server, "close");
  }

  #pass(client: Socket, [port, ...rest]: readonly number[]): void {
    if (port === undefined) return void client.destroy();
    const server = connect(port, "127.0.0.1");
    const isRefused = () => this.#pass(client, rest);
    server.once("error", isRefused);
    server.once("connect", () => {
      server.off("error", isRefused);
      this.#track(server);
      client.pipe(server).pipe(client);
      client.once("close", () => server.destroy());
      server.once("close", () => client.destroy());
    });
  }

  /** A connection that breaks closes, and its other half with it. */
  #track(connection: Socket): void {
    this.#connections.add(connection);
    connection.on("error", () => {});
    connection.once("close", () => this.#connections.delete(connection));
  }
}
