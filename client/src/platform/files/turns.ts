/**
 * One queue for each file, for all work on its store. Work that opens, closes or deletes the store runs alone. Uses
 * (checks, reads) run beside each other, after the earlier work that runs alone and before the later.
 */
import type { FileId } from "@swapmeet/engine/names/file-id";

interface Queue {
  /** The last work that ran alone, or will. */
  alone: Promise<unknown>;
  /** No work that runs alone is under way or waits. */
  isFree: boolean;
  /** Uses since then. */
  readonly uses: Set<Promise<unknown>>;
}

export class Turns {
  readonly #queueByFile = new Map<FileId, Queue>();

  alone<Value>(file: FileId, act: () => Promise<Value>): Promise<Value> {
    const queue = this.#queueOf(file);
    const before =
      queue.isFree && queue.uses.size === 0 ? null : Promise.allSettled([queue.alone, ...queue.uses]);
    const turn: Promise<Value> = (before ?? Promise.resolve()).then(act);
    queue.alone = turn;
    queue.isFree = false;
    queue.uses.clear();
    return turn.finally(() => {
      if (queue.alone !== turn) return;
      queue.isFree = true;
      this.#forget(file, queue);
    });
  }

  /** At once, when nothing has to be waited for. */
  use<Value>(file: FileId, act: () => Promise<Value>): Promise<Value> {
    const queue = this.#queueOf(file);
    const use = queue.isFree ? act() : Promise.allSettled([queue.alone]).then(act);
    queue.uses.add(use);
    return use.finally(() => {
      queue.uses.delete(use);
      this.#forget(file, queue);
    });
  }

  #queueOf(file: FileId): Queue {
    const queue = this.#queueByFile.get(file) ?? { alone: Promise.resolve(), isFree: true, uses: new Set() };
    this.#queueByFile.set(file, queue);
    return queue;
  }

  #forget(file: FileId, queue: Queue): void {
    if (queue.isFree && queue.uses.size === 0 && this.#queueByFile.get(file) === queue)
      this.#queueByFile.delete(file);
  }
}
