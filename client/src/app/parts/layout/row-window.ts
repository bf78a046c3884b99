/** Which rows of a long list are worth having in the page. Pure arithmetic: all rows are equally tall. */

export interface Rows {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
  /** Room kept free in place of the rows before and after. */
  readonly beforePx: number;
  readonly afterPx: number;
}

/**
 * Lists up to this length are drawn whole, so that "find in page" and Tab reach every row. Longer ones have two screens
 * of rows, and a keystroke never draws more rows than this: one row takes a third of a millisecond.
 */
export const WHOLE_LIST_ROWS = 64;
/** Rows kept ready on either side, for a flick and for Tab. Guess. */
export const OVERSCAN_ROWS = 16;

export const rowsIn = (view: {
  readonly firstVisible: number;
  readonly visible: number;
  readonly rowPx: number;
  readonly count: number;
}): Rows => {
  const { firstVisible, visible, rowPx, count } = view;
  if (count <= WHOLE_LIST_ROWS) return { first: 0, end: count, beforePx: 0, afterPx: 0 };
  const end = Math.min(count, firstVisible + visible + OVERSCAN_ROWS);
  const first = Math.max(0, Math.min(firstVisible, end - visible) - OVERSCAN_ROWS);
  return { first, end, beforePx: first * rowPx, afterPx: (count - end) * rowPx };
};
