/** The keyboard's place in the page: when the focused element goes away, the element at its place gets the focus. */
import type { Attachment } from "svelte/attachments";

/** Lists, whose children are rows. */
const LISTS = "ul, ol, [role='group'], [role='rowgroup']";
const STOPS = "a[href], button:not(:disabled), input, select, textarea";

interface Place {
  readonly element: HTMLElement;
  /** The row of the list that holds the element, and all rows as they were while it had the focus. */
  readonly row: HTMLElement | null;
  readonly rows: readonly Element[];
  /** Which of the row's stops it is. */
  readonly at: number;
}

/**
 * For a part of the page in which lists grow and shrink. The focus goes to the same stop of the row, or of the row that
 * took its place. Where no row is left, it goes to the place where reading begins: `main`, or the part itself.
 */
export const keepingFocus: Attachment<HTMLElement> = (part) => {
  let place: Place | null = null;

  const onFocusIn = ({ target }: FocusEvent) => {
    if (target instanceof HTMLElement) place = placeOf(target);
  };
  // Some browsers report the lost focus before they remove the element. The person left only an element still there.
  const onFocusOut = () =>
    setTimeout(() => {
      if (place?.element.isConnected && document.activeElement === document.body) place = null;
    });

  const changes = new MutationObserver(() => {
    if (place === null) return;
    const { element } = place;
    if (document.activeElement === element) place = placeOf(element);
    if (document.activeElement !== document.body) return;
    // An element that only moved is still in the page.
    const heir = element.isConnected ? element : stopNear(place);
    if (heir !== undefined) heir.focus({ preventScroll: true });
    else focusOnText(part.querySelector("main") ?? part);
  });

  changes.observe(part, { childList: true, subtree: true });
  part.addEventListener("focusin", onFocusIn);
  part.addEventListener("focusout", onFocusOut);
  return () => {
    changes.disconnect();
    part.removeEventListener("focusin", onFocusIn);
    part.removeEventListener("focusout", onFocusOut);
  };
};

/** Focuses an element that is no stop, for this once: a lasting stop would take the keys that scroll it. */
export const focusOnText = (element: HTMLElement): void => {
  element.tabIndex = -1;
  element.addEventListener("blur", () => element.removeAttribute("tabindex"), { once: true });
  element.focus({ preventScroll: true });
};

const stopsIn = (row: Element): HTMLElement[] =>
  row instanceof HTMLElement && row.matches(STOPS) ? [row] : [...row.querySelectorAll<HTMLElement>(STOPS)];

const placeOf = (element: HTMLElement): Place => {
  let row: HTMLElement | null = element;
  while (row !== null && !row.parentElement?.matches(LISTS)) row = row.parentElement;
  if (row === null) return { element, row, rows: [], at: 0 };
  return { element, row, rows: [...row.parentElement!.children], at: stopsIn(row).indexOf(element) };
};

const stopNear = ({ row, rows, at }: Place): HTMLElement | undefined => {
  if (row === null) return undefined;
  const here = rows.indexOf(row);
  const near = [...rows.slice(here), ...rows.slice(0, here).reverse()];
  for (const row of near.filter((row) => row.isConnected)) {
    const stops = stopsIn(row);
    if (stops.length > 0) return stops[Math.min(at, stops.length - 1)];
  }
  return undefined;
};
