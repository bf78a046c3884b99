/** When something was written, as its author's clock claims: only to be shown, and only while it can be true. */

const DAY_MS = 86_400_000;
/** Swapmeet is not older than this, so an earlier time comes from a clock that was never set. */
const FIRST_POSSIBLE = Date.UTC(2026, 0);

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});
const anyYear = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** The time if today, with the day if this year, else the date; null for a time that is impossible by this clock. */
export const formatClaimedTime = (writtenAt: number, now: number): string | null => {
  if (!(writtenAt >= FIRST_POSSIBLE && writtenAt <= now + DAY_MS)) return null;
  const then = new Date(writtenAt);
  const today = new Date(now);
  if (then.toDateString() === today.toDateString()) return clock.format(then);
  return (then.getFullYear() === today.getFullYear() ? day : anyYear).format(then);
};
