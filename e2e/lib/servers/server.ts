/** The real signaling server in the test's own process, with the built page, on a free port. */
import { fileURLToPath } from "node:url";
import { createSignalingServer, parseCidr, type SignalingServer } from "@swapmeet/signaling";

/** The built page; CLIENT_DIR names another build, so that one can be tested while the next is made. */
const CLIENT_DIR =
  process.env["CLIENT_DIR"] ?? fileURLToPath(new URL("../../../client/dist", import.meta.url));

export interface ServerOptions {
  /** Addresses whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[];
  /** The path of the page, with a slash at both ends. */
  readonly basePath?: string;
  /** The origin at which people open the page, where a proxy hides it. */
  readonly publicOrigin?: string;
  /** The build that it serves: the page, unless a test makes one of its own. */
  readonly clientDir?: string;
}

export class Server {
  readonly port: number;
  /** Every line that this server logged, over all its lives. */
  readonly log: string[];
  readonly #options: ServerOptions;
  #running: SignalingServer;

  static async start(options: ServerOptions = {}): Promise<Server> {
    const log: string[] = [];
    const [running, port] = await listen(0, log, options);
    return new Server(running, port, log, options);
  }

  private constructor(running: SignalingServer, port: number, log: string[], options: ServerOptions) {
    this.#running = running;
    this.#options = options;
    this.port = port;
    this.log = log;
  }

  urlAt(host = "localhost"): string {
    return `http://${host}:${this.port}`;
  }

  /** Since the last start. */
  get relayed(): { readonly messages: number; readonly bytes: number } {
    return this.#running.counters.relayed;
  }

  stop(): Promise<void> {
    return this.#running.close();
  }

  /** A new process would know nothing either: rooms and counters start empty, on the same port. */
  async restart(): Promise<void> {
    await this.stop();
    [this.#running] = await listen(this.port, this.log, this.#options);
  }
}

async function listen(
  port: number,
  log: string[],
  { trustedProxies = [], clientDir = CLIENT_DIR, ...site }: ServerOptions,
): Promise<[SignalingServer, number]> {
  const server = createSignalingServer({
    ...site,
    port,
    clientDir,
    stun: true,
    trustedProxies: trustedProxies.map((text) => {
      const cidr = parseCidr(text);
      if (!cidr.ok) throw new Error(cidr.problem);
      return cidr.value;
    }),
    log: (event, facts) => log.push(JSON.stringify({ event, ...facts })),
  });
  const listening = await server.listen();
  if (!listening.ok) throw new Error(listening.problem);
  return [server, listening.value];
}
