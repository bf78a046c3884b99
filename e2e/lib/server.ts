/** The real signaling server in the test's own process, with the built page, on a free port. */
import { fileURLToPath } from "node:url";
import { createSignalingServer, type SignalingServer } from "@swapmeet/signaling";

/** The built page; CLIENT_DIR names another build, so that one can be tested while the next is made. */
const CLIENT_DIR = process.env["CLIENT_DIR"] ?? fileURLToPath(new URL("../../client/dist", import.meta.url));

export class Server {
  readonly port: number;
  /** Every line that this server logged, over all its lives. */
  readonly log: string[];
  #running: SignalingServer;

  static async start(): Promise<Server> {
    const log: string[] = [];
    const [running, port] = await listen(0, log);
    return new Server(running, port, log);
  }

  private constructor(running: SignalingServer, port: number, log: string[]) {
    this.#running = running;
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
    [this.#running] = await listen(this.port, this.log);
  }
}

async function listen(port: number, log: string[]): Promise<[SignalingServer, number]> {
  const server = createSignalingServer({
    port,
    clientDir: CLIENT_DIR,
    stun: true,
    log: (event, facts) => log.push(JSON.stringify({ event, ...facts })),
  });
  const listening = await server.listen();
  if (!listening.ok) throw new Error(listening.problem);
  return [server, listening.value];
}
