/**
 * Brings envelopes to the process where their recipient is, by socket.io's adapter for Redis.
 *
 * By their documents: the streams adapter writes every packet to a stream that all processes read and that is trimmed
 * by length, for clients that ask again for what they missed; ours don't. The default adapter tells every process every
 * packet too. The sharded one has channels of its own for what concerns few. Its rooms would end in a socket, past the
 * bound for slow readers and without a look at the seat; therefore each process is a namespace, and an envelope is an
 * event that one server emits for the others in it. Only the process itself subscribes there.
 */
import { createShardedAdapter } from "@socket.io/redis-adapter";
import type { IncomingEnvelope } from "@swapmeet/shared";
import { Namespace, Server } from "socket.io";
import type { RedisProcess } from "./redis-process.ts";

/** An envelope on the way to the seat that has this token at its process. */
export interface Letter extends IncomingEnvelope {
  readonly token: string;
}

interface Events {
  letters: (...letters: (readonly [string, Letter["from"], Letter["bytes"]])[]) => void;
}
type Box = Namespace<Record<string, never>, Record<string, never>, Events>;

/** 1 MiB in one message of Redis, at most. Guess. */
const LETTERS_AT_ONCE = 64;

/** An adapter with this subscriber sends and hears nothing. */
const DEAF = { sSubscribe: () => {}, sUnsubscribe: () => {} };

export class Post {
  readonly #process: RedisProcess;
  readonly #receive: (letter: Letter) => void;
  /** No sockets ever come to it. */
  readonly #server: Server;
  readonly #boxByProcess = new Map<string, Box>();
  /** Letters of this turn of the event loop; what they cost on the way is mostly the cost of one message. */
  readonly #waitingByProcess = new Map<string, Letter[]>();
  #subscribed: Promise<unknown> | undefined;

  constructor(process: RedisProcess, receive: (letter: Letter) => void) {
    this.#process = process;
    this.#receive = receive;
    const { commands, subscriber, space } = process;
    const listening = {
      sSubscribe: (...args: Parameters<typeof subscriber.sSubscribe>) => {
        const subscribed = Promise.all([this.#subscribed, subscriber.sSubscribe(...args)]);
        subscribed.catch(() => {}); // whoever opens the post hears of it
        this.#subscribed = subscribed;
      },
      sUnsubscribe: () => {},
    };
    const adapterFor = (own: boolean) =>
      createShardedAdapter(commands, own ? listening : DEAF, {
        channelPrefix: space,
        subscriptionMode: "static",
      });
    const adapters = { own: adapterFor(true), other: adapterFor(false) };
    this.#server = new Server({
      adapter: function (namespace: Namespace) {
        return adapters[namespace.name === `/${process.id}` ? "own" : "other"](namespace);
      } as never,
    });
  }

  /** Resolves when letters arrive. After that they do as long as Redis is there. */
  async open(): Promise<void> {
    if (this.#boxByProcess.has(this.#process.id)) return;
    const box = this.#boxOf(this.#process.id);
    box.on("letters", (...letters) => {
      for (const [token, from, { buffer, byteOffset, length }] of letters)
        this.#receive({ token, from, bytes: new Uint8Array(buffer, byteOffset, length) });
    });
    try {
      await this.#subscribed;
    } catch (error) {
      this.#boxByProcess.delete(this.#process.id);
      this.#subscribed = undefined;
      throw error;
    }
  }

  /** Letters to one process arrive in this order, or not at all. */
  send(process: string, letter: Letter): void {
    const waiting = this.#waitingByProcess.get(process);
    if (waiting) return void waiting.push(letter);
    this.#waitingByProcess.set(process, [letter]);
    setImmediate(() => this.#flush(process));
  }

  #flush(process: string): void {
    const letters = this.#waitingByProcess.get(process) ?? [];
    this.#waitingByProcess.delete(process);
    const box = this.#boxOf(process);
    for (let n = 0; n < letters.length; n += LETTERS_AT_ONCE)
      box.serverSideEmit(
        "letters",
        ...letters
          .slice(n, n + LETTERS_AT_ONCE)
          .map(({ token, from, bytes }) => [token, from, bytes] as const),
      );
  }

  /** Forgets all processes but these and its own. */
  keepOnly(processes: readonly string[]): void {
    const kept = new Set([...processes, this.#process.id]);
    for (const process of this.#boxByProcess.keys())
      if (!kept.has(process)) this.#boxByProcess.delete(process);
  }

  #boxOf(process: string): Box {
    const known = this.#boxByProcess.get(process);
    if (known) return known;
    const box: Box = new Namespace(this.#server as never, `/${process}`);
    this.#boxByProcess.set(process, box);
    return box;
  }
}
