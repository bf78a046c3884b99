/** A load balancer on one port: a new connection goes to the first server that says at /readyz that it takes joins. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

interface Upstream {
  urlAt(host?: string): string;
}

export class Balancer {
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();

  static async start(upstreams: readonly Upstream[]): Promise<Balancer> {
    const balancer = new Balancer(upstreams);
    balancer.#tcp.listen(0);
    await once(balancer.#tcp, "listening");
    return balancer;
  }

  private constructor(upstreams: readonly Upstream[]) {
    this.#tcp = createServer((client) => {
      this.#keep(client);
      void ready(upstreams).then((upstream) => {
        if (!upstream || client.destroyed) return void client.destroy();
        const server = this.#keep(connect(Number(new URL(upstream.urlAt()).port), "127.0.0.1"));
        client.pipe(server).pipe(client);
        client.once("close", () => server.destroy());
        server.once("close", () => client.destroy());
      });
    });
  }

  urlAt(host = "localhost"): string {
    return `http://${host}:${(this.#tcp.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#tcp.close();
    for (const connection of this.#connections) connection.destroy();
    await once(this.#tcp, "close");
  }

  #keep(connection: Socket): Socket {
    this.#connections.add(connection);
    connection.on("error", () => connection.destroy());
    connection.once("close", () => this.#connections.delete(connection));
    return connection;
  }
}

async function ready(upstreams: readonly Upstream[]): Promise<Upstream | undefined> {
  for (const upstream of upstreams) {
    const response = await fetch(`${upstream.urlAt("127.0.0.1")}/readyz`).catch(() => undefined);
    await response?.text();
    if (response?.ok) return upstream;
  }
  return undefined;
}
