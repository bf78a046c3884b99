/** A long list and the element it scrolls in: knows which rows are on screen, holds no rows. */
import type { Attachment } from "svelte/attachments";
import { OVERSCAN_ROWS, WHOLE_LIST_ROWS, rowsIn } from "./row-window.ts";

export class RowWindow {
  readonly #count: () => number;
  readonly #rowPx: () => number;
  #firstVisible = $state(0);
  #visible = $state(0);

  constructor(count: () => number, rowPx: () => number) {
    this.#count = count;
    this.#rowPx = rowPx;
  }

  readonly rows = $derived.by(() =>
    rowsIn({
      firstVisible: this.#firstVisible,
      visible: this.#visible,
      rowPx: this.#rowPx(),
      count: this.#count(),
    }),
  );

  /** The number of rows that must be known to draw the screen, for any length of the list. */
  get reach(): number {
    return Math.max(WHOLE_LIST_ROWS, this.#firstVisible + this.#visible + OVERSCAN_ROWS);
  }

  /** For the element that holds the rows; the scroller is its nearest ancestor marked `data-scrolls`. */
  readonly attach: Attachment<HTMLElement> = (list) => {
    const scroller = list.closest<HTMLElement>("[data-scrolls]");
    if (scroller === null) throw new Error("a windowed list needs a data-scrolls ancestor");
    const measure = () => {
      const hiddenPx = scroller.getBoundingClientRect().top - list.getBoundingClientRect().top;
      this.#firstVisible = Math.floor(Math.max(0, hiddenPx) / this.#rowPx());
      this.#visible = Math.ceil(scroller.clientHeight / this.#rowPx()) + 1;
    };
    const sizes = new ResizeObserver(measure);
    sizes.observe(scroller);
    sizes.observe(list);
    scroller.addEventListener("scroll", measure, { passive: true });
    return () => {
      sizes.disconnect();
      scroller.removeEventListener("scroll", measure);
    };
  };
}
