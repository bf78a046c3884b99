/**
 * One line for each file, for all that touches where its bytes lie. What opens, closes or deletes it goes alone; uses
 * (checks, reads) go beside each other, after what was alone before them and before what is alone after them.
 */
import type { FileId } from "@swapmeet/engine/names/file-id";

interface Line {
  /** What went alone last, or is to. */
  alone: Promise<unknown>;
  /** Nothing that goes alone is under way or waits. */
  isFree: boolean;
  /** Uses since then. */
  readonly uses: Set<Promise<unknown>>;
}

export class Turns {
  readonly #lineByFile = new Map<FileId, Line>();

  alone<Value>(file: FileId, act: () => Promise<Value>): Promise<Value> {
    const line = this.#lineOf(file);
    const before =
      line.isFree && line.uses.size === 0 ? null : Promise.allSettled([line.alone, ...line.uses]);
    const turn: Promise<Value> = (before ?? Promise.resolve()).then(act);
    line.alone = turn;
    line.isFree = false;
    line.uses.clear();
    return turn.finally(() => {
      if (line.alone !== turn) return;
      line.isFree = true;
      this.#forget(file, line);
    });
  }

  /** At once, when nothing has to be waited for. */
  use<Value>(file: FileId, act: () => Promise<Value>): Promise<Value> {
    const line = this.#lineOf(file);
    const use = line.isFree ? act() : Promise.allSettled([line.alone]).then(act);
    line.uses.add(use);
    return use.finally(() => {
      line.uses.delete(use);
      this.#forget(file, line);
    });
  }

  #lineOf(file: FileId): Line {
    const line = this.#lineByFile.get(file) ?? { alone: Promise.resolve(), isFree: true, uses: new Set() };
    this.#lineByFile.set(file, line);
    return line;
  }

  #forget(file: FileId, line: Line): void {
    if (line.isFree && line.uses.size === 0 && this.#lineByFile.get(file) === line)
      this.#lineByFile.delete(file);
  }
}
