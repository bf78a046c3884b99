/**
 * This process as the others see it in Redis: a connection, and a lease that is renewed. When the lease runs out, the
 * other processes remove what this one left there. When Redis comes back after it was away, with its data or without,
 * the parts of this process put theirs in order before anything is asked again.
 */
import { randomUUID } from "node:crypto";
import { createClient, ErrorReply } from "redis";
import type { Log } from "../base/log.ts";
import { Unavailable } from "../base/unavailable.ts";
import { SCRIPTS } from "./scripts.ts";

export interface RedisOptions {
  /** redis://, or rediss:// over TLS. */
  readonly url: string;
  /** The prefix of all keys and channels: servers that share it share their rooms. */
  readonly space?: string;
  /** A process that has not renewed its lease for so long is dead. */
  readonly leaseMs?: number;
  readonly renewMs?: number;
  /** The limit of time of every call. The page waits for 10 s. */
  readonly limitMs?: number;
}

/** A member of a dead process is gone after a lease and two renewals of another process: 30 s. Guess. */
export const LEASE_MS = 20_000;
export const RENEW_MS = 5_000;
/** Redis answers in less than a millisecond; one that is busy for this long is away. Guess. */
export const LIMIT_MS = 3_000;
const LAST_RECONNECT_MS = 2_000;
/** Longer than a pause of Redis, in which its connections stay; a computer that is gone never closes one. Guess. */
const DEAD_CONNECTION_MS = 30_000;
/** So that no script takes longer than some milliseconds. Guess. */
const MEMBERS_AT_ONCE = 200;

/** Redis's messages are shorter. */
const MAX_CAUSE_LETTERS = 200;

/** What a part of this process keeps in Redis. */
export interface Kept {
  /** Makes Redis agree with this process. */
  restore(): Promise<void>;
  /** The processes that live, told at each renewal. */
  alive?(processes: readonly string[]): void;
}

const open = (url: string, pingInterval?: number) =>
  createClient({
    url,
    scripts: SCRIPTS,
    // What was meant for a Redis that is away must not happen when it is back.
    disableOfflineQueue: true,
    ...(pingInterval !== undefined && { pingInterval }),
    socket: {
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, LAST_RECONNECT_MS) * (1 + Math.random()),
      socketTimeout: DEAD_CONNECTION_MS,
    },
  });

type Client = ReturnType<typeof open>;
export type ScriptName = keyof typeof SCRIPTS;

export class RedisProcess {
  /** Never used again: a process that starts anew is another one. */
  readonly id = randomUUID();
  readonly space: string;
  /** For commands and for publishing: both keep one order. */
  readonly commands: Client;
  readonly subscriber: Client;
  readonly #leaseMs: number;
  readonly #renewMs: number;
  readonly #limitMs: number;
  readonly #log: Log;
  readonly #kept: Kept[] = [];
  #state: "unknown" | "there" | "away" = "unknown";
  #renewing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Redis's time at a time of this computer's clock, or a little less. */
  #clock = { redisMs: 0, hereMs: 0 };

  constructor(options: RedisOptions, log: Log) {
    this.space = options.space ?? "swapmeet";
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    this.#renewMs = options.renewMs ?? RENEW_MS;
    this.#limitMs = options.limitMs ?? LIMIT_MS;
    this.#log = log;
    this.commands = open(options.url);
    this.subscriber = open(options.url, this.#renewMs);
    for (const client of [this.commands, this.subscriber]) {
      client.on("error", (error: Error) => this.#isAway(causeOf(error)));
      client.on("ready", () => void this.#renew());
    }
  }

  /** Goes on trying by itself. Resolves when Redis is there, or after the limit of time. */
  async start(): Promise<void> {
    const connected = Promise.all([this.commands, this.subscriber].map((client) => client.connect()));
    this.#timer = setInterval(() => void this.#renew(), this.#renewMs);
    await this.#within(connected.then(() => this.#renew())).catch(() => this.#isAway("no answer"));
  }

  /** Before `start`. */
  keeps(kept: Kept): void {
    this.#kept.push(kept);
  }

  /** The script's reply: "ok" and what it found, or its own word for why not. Rejects with `Unavailable`. */
  async ask(script: ScriptName, ...args: readonly string[]): Promise<readonly unknown[]> {
    const first = await this.#call(script, args);
    if (first[0] !== "lost") return first;
    await this.#within(this.#renew());
    const second = await this.#call(script, args);
    if (second[0] === "lost") throw new Unavailable();
    return second;
  }

  async #call(script: ScriptName, args: readonly string[]): Promise<readonly unknown[]> {
    if (this.#state !== "there" || !this.subscriber.isReady) throw new Unavailable();
    const reply = await this.tell(script, ...args);
    if (reply[0] !== "late") return reply;
    this.#isAway("no answer");
    throw new Unavailable();
  }

  /** Also while Redis is being put in order, as long as there is a connection. */
  tell(script: ScriptName, ...args: readonly string[]): Promise<readonly unknown[]> {
    return this.#within(this.#run(script, args));
  }

  async #run(script: ScriptName, args: readonly string[]): Promise<readonly unknown[]> {
    const { redisMs, hereMs } = this.#clock;
    const deadline = redisMs + (performance.now() - hereMs) + this.#limitMs;
    try {
      return await this.commands[script]([this.space, this.id, `${Math.floor(deadline)}`, ...args]);
    } catch (error) {
      this.#isAway(causeOf(error as Error));
      throw new Unavailable();
    }
  }

  /** Twice is harmless. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    if (this.#state === "there") await this.#within(this.#end()).catch(() => {}); // then its lease runs out
    for (const client of [this.commands, this.subscriber]) if (client.isOpen) client.destroy();
  }

  async #end(): Promise<void> {
    let isLeft: readonly unknown[];
    do isLeft = await this.#run("endProcess", [`${MEMBERS_AT_ONCE}`]);
    while (isLeft[0] === 1);
  }

  /** One at a time: a second call waits for the first. Never rejects. */
  #renew(): Promise<void> {
    if (this.#isClosed || !this.commands.isReady || !this.subscriber.isReady) return Promise.resolve();
    this.#renewing ??= this.#renewNow()
      .catch((error: unknown) => this.#isAway(causeOf(error as Error)))
      .finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renewNow(): Promise<void> {
    for (;;) {
      // Without a limit: the answer of a Redis that is away comes when it is back.
      const [isReady, redisMs, deadProcesses, alive] = await this.#run("renewLease", [
        `${this.#leaseMs}`,
        `${MEMBERS_AT_ONCE}`,
      ]);
      this.#clock = { redisMs: Number(redisMs), hereMs: performance.now() };
      for (const kept of this.#kept) kept.alive?.(alive as string[]);
      if (isReady === 0 || this.#state !== "there") await this.#restore();
      if (deadProcesses === 0) return;
    }
  }

  async #restore(): Promise<void> {
    // Known to Redis beforehand: one that was sent again as a whole would come after calls that were made later.
    for (const { SCRIPT } of Object.values(SCRIPTS)) await this.commands.scriptLoad(SCRIPT);
    for (const kept of this.#kept) await kept.restore();
    await this.tell("setReady");
    if (this.#state !== "there") this.#log("redis-there");
    this.#state = "there";
  }

  #isAway(cause: string): void {
    if (this.#state !== "away" && !this.#isClosed) this.#log("redis-away", { cause });
    this.#state = "away";
  }

  async #within<Answer>(answer: Promise<Answer>): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#isAway("no answer");
        void this.#renew();
        reject(new Unavailable());
      }, this.#limitMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Redis's own words where it gave an answer, such as that it is still loading; they quote nobody. */
const causeOf = (error: Error & { code?: string }): string =>
  error instanceof ErrorReply ? error.message.slice(0, MAX_CAUSE_LETTERS) : (error.code ?? error.name);
