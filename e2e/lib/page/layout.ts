/** Finds faults of layout that a person would see without reading the page. Knows no element of the page by name. */
import type { Page } from "@playwright/test";

/**
 * - The page has nothing to scroll sideways.
 * - Text stays inside its boxes; where a box cuts it, an ellipsis says so.
 * - A control that was scrolled into view takes the press in its middle.
 * - A box with more in it than it shows has room for two rows at least.
 *
 * @returns a sentence for each fault
 */
export const faultsOfLayout = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    /** Rounding, and letters that lean out of their line. */
    const TOLERANCE_PX = 2;
    /** Two rows that a thumb can press. */
    const LEAST_SCROLLER_PX = 88;
    const faults: string[] = [];

    const name = (element: Element): string => {
      const words =
        element.getAttribute("aria-label") ?? element.textContent?.trim().replace(/\s+/g, " ") ?? "";
      return `<${element.localName} class="${element.getAttribute("class") ?? ""}"> ${words.slice(0, 40)}`;
    };
    /** For screen readers only: a pixel, clipped. */
    const isUnseen = (element: Element | null): boolean =>
      element !== null && (element.getBoundingClientRect().width <= 1 || isUnseen(element.parentElement));
    const isShown = (element: Element): boolean =>
      element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !isUnseen(element);

    const overflowPx = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (overflowPx > 0) faults.push(`the page is ${overflowPx} px too wide`);

    const modal = [...document.querySelectorAll("dialog:modal")].at(-1);
    const inFront = modal ?? document.body;

    /** Null when every box around the text holds it, cuts it with an ellipsis, or scrolls. */
    const overflown = (text: Text): Element | null => {
      // Word by word: a space that hangs over the end of its line is no fault.
      const range = document.createRange();
      const rects = [...text.data.matchAll(/\S+/g)].flatMap(({ 0: word, index }) => {
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        return [...range.getClientRects()].filter(({ width }) => width > 0);
      });
      if (rects.length === 0) return null;
      const left = Math.min(...rects.map((rect) => rect.left));
      const right = Math.max(...rects.map((rect) => rect.right));
      for (let box = text.parentElement; box !== null; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (style.display === "inline" || style.display === "contents") continue;
        if (style.overflowX === "auto" || style.overflowX === "scroll") return null;
        const around = box.getBoundingClientRect();
        const isOut = left < around.left - TOLERANCE_PX || right > around.right + TOLERANCE_PX;
        if (isOut) return style.textOverflow === "ellipsis" && style.overflowX !== "visible" ? null : box;
      }
      return null;
    };
    const texts = document.createTreeWalker(inFront, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode as Text;
      if (text.data.trim() === "" || text.parentElement?.closest("svg, option, .unseen")) continue;
      if (!isShown(text.parentElement!)) continue;
      const box = overflown(text);
      if (box !== null) faults.push(`“${text.data.trim().slice(0, 30)}” overflows ${name(box)}`);
    }

    for (const box of inFront.querySelectorAll("*")) {
      const { overflowY } = getComputedStyle(box);
      if ((overflowY !== "auto" && overflowY !== "scroll") || box.localName === "textarea") continue;
      if (!isShown(box) || box.scrollHeight <= box.clientHeight + 1) continue;
      box.scrollIntoView({ block: "center" });
      const { top, bottom } = box.getBoundingClientRect();
      const shownPx = Math.min(bottom, innerHeight) - Math.max(top, 0);
      if (shownPx < LEAST_SCROLLER_PX)
        faults.push(`${name(box)} shows ${Math.round(shownPx)} px of its content`);
    }

    const controls = "a[href], button, input, select, textarea, summary, [tabindex='0']";
    for (const control of inFront.querySelectorAll<HTMLElement>(controls)) {
      if (!isShown(control)) continue;
      control.scrollIntoView({ block: "center", inline: "center" });
      // A link may be broken over several lines: its middle is in the first of them.
      const { left, top, width, height } = control.getClientRects()[0]!;
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      const labels = control instanceof HTMLInputElement ? [...(control.labels ?? [])] : [];
      const isHit = [control, ...labels].some((part) => hit !== null && part.contains(hit));
      if (!isHit)
        faults.push(`${name(control)} lies under ${hit === null ? "nothing that shows" : name(hit)}`);
    }
    return faults;
  });
