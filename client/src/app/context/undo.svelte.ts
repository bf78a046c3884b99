/** The last action that can be taken back, for a few seconds. */
import { createContext } from "svelte";

const SHOWN_MS = 8000;

export interface Done {
  readonly words: string;
  takeBack(): void;
}

export class Undo {
  #timer: ReturnType<typeof setTimeout> | undefined;
  done = $state.raw<Done | null>(null);

  offer(words: string, takeBack: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.done = null), SHOWN_MS);
    this.done = { words, takeBack };
  }

  takeBack(): void {
    this.done?.takeBack();
    this.forget();
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.done = null;
  }
}

export const [useUndo, provideUndo] = createContext<Undo>();
