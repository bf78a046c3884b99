/** A scroller that stays at its end while things are added, unless the person has scrolled up to read. */
import type { Attachment } from "svelte/attachments";

/** So near to the end counts as at the end: a line, and the rounding of browsers. Guess. */
const NEAR_PX = 48;

/**
 * For the list in a scroller, its nearest ancestor marked `data-scrolls`.
 * @param atEnd called when there is something new and the end is in sight, and when the person comes back to it
 */
export const following =
  (atEnd: () => void): Attachment<HTMLElement> =>
  (list) => {
    const scroller = list.closest<HTMLElement>("[data-scrolls]");
    if (scroller === null) throw new Error("a followed list needs a data-scrolls ancestor");
    let follows = true;
    let lastTop = 0;
    const onScroll = () => {
      const top = scroller.scrollTop;
      // Away from the end, but the person has not scrolled up: something was added, and is about to be followed.
      if (scroller.scrollHeight - scroller.clientHeight - top < NEAR_PX) follows = true;
      else if (top < lastTop) follows = false;
      lastTop = top;
      if (follows) atEnd();
    };
    // A page that nobody sees is not laid out: nothing is passed there.
    const sizes = new ResizeObserver(() => {
      if (!follows) return;
      scroller.scrollTop = scroller.scrollHeight;
      atEnd();
    });
    sizes.observe(list);
    sizes.observe(scroller);
    scroller.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      sizes.disconnect();
      scroller.removeEventListener("scroll", onScroll);
    };
  };
