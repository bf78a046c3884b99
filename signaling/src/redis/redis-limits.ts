/**
 * The limits of an address over all processes. Connections and new connections are counted exactly, by a question for
 * each new one. Messages are counted here, and told to Redis in hundreds: so the processes together take at most that
 * much more, each. While Redis is away, each process has its own limits alone.
 */
import { fail, ok, type Result } from "@swapmeet/shared";
import { MAX_BUCKETS, type Limits } from "../base/limits.ts";
import type { SharedLimits } from "../base/shared-limits.ts";
import type { RedisProcess } from "./redis-process.ts";

/** A sixty-fourth of an address's burst of messages. Guess. */
const MESSAGES_AT_ONCE = 256;
const BLOCKS_AT_ONCE = 200;

export class RedisLimits implements SharedLimits {
  readonly #process: RedisProcess;
  readonly #limits: Limits;
  readonly #openByBlock = new Map<string, number>();
  /** Messages that Redis has not been told of. */
  readonly #spentByBlock = new Map<string, number>();
  /** Until when the shared bucket of a block is empty. */
  readonly #emptyUntilMsByBlock = new Map<string, number>();

  constructor(process: RedisProcess, limits: Limits) {
    this.#process = process;
    this.#limits = limits;
    process.keeps({ restore: () => this.#restore() });
  }

  async admit(block: string, open: number): Promise<Result<undefined, "too-many-connections" | "too-fast">> {
    const { maxConnectionsPerAddress, addressConnects } = this.#limits;
    this.#openByBlock.set(block, open);
    try {
      const [word] = await this.#process.ask(
        "admitConnection",
        block,
        `${open}`,
        `${maxConnectionsPerAddress}`,
        `${addressConnects.burst}`,
        `${addressConnects.perSecond}`,
      );
      return word === "too-many-connections" || word === "too-fast" ? fail(word) : ok(undefined);
    } catch {
      return ok(undefined); // known to be away; what it was not told of is told when it is back
    }
  }

  has(block: string, open: number): void {
    if (open === 0) this.#openByBlock.delete(block);
    else this.#openByBlock.set(block, open);
    this.#process.tell("setConnections", block, `${open}`).catch(() => {});
  }

  spend(block: string, nowMs: number): boolean {
    const emptyUntilMs = this.#emptyUntilMsByBlock.get(block);
    if (emptyUntilMs !== undefined && nowMs < emptyUntilMs) return false;
    if (this.#spentByBlock.size >= MAX_BUCKETS) this.#spentByBlock.clear(); // of each, less than is told at once
    const spent = (this.#spentByBlock.get(block) ?? 0) + 1;
    if (spent < MESSAGES_AT_ONCE) this.#spentByBlock.set(block, spent);
    else void this.#settle(block, spent);
    return true;
  }

  async #settle(block: string, spent: number): Promise<void> {
    this.#spentByBlock.delete(block);
    const { burst, perSecond } = this.#limits.addressMessages;
    try {
      const [, left] = await this.#process.ask(
        "spendMessages",
        block,
        `${spent}`,
        `${burst}`,
        `${perSecond}`,
      );
      const missing = 1 - Number(left);
      if (missing <= 0) return void this.#emptyUntilMsByBlock.delete(block);
      if (this.#emptyUntilMsByBlock.size >= MAX_BUCKETS) this.#emptyUntilMsByBlock.clear();
      this.#emptyUntilMsByBlock.set(block, performance.now() + (missing / perSecond) * 1_000);
    } catch {
      // This process's own buckets hold alone.
    }
  }

  async #restore(): Promise<void> {
    await this.#process.tell("forgetConnections");
    const counts = [...this.#openByBlock];
    for (let n = 0; n < counts.length; n += BLOCKS_AT_ONCE)
      await this.#process.tell(
        "setConnections",
        ...counts.slice(n, n + BLOCKS_AT_ONCE).flatMap(([block, open]) => [block, `${open}`]),
      );
  }
}
