/**
 * One queue for each file, for all that touches where its bytes lie. What opens, closes or deletes it goes alone; uses
 * (checks, reads) go beside each other, after what was alone before them and before what is alone after them.
 */
import type { FileId } from "@swapmeet/engine/names/file-id";

interface Queue {
  /** What went alone last, or is to. */
  alone: Promise<unknown>;
  /** Nothing that goes alone is under way or waits. */
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
