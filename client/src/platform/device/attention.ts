/** Whether this tab is in front of a person. Others are told only after a while: a file picker is no absence. */

/** Hidden for so long, a person is away. Guess. */
const AWAY_AFTER_MS = 5 * 60_000;

/** `changed` hears of every change from "here" on. Returns how to stop. */
export const watchAttention = (changed: (state: "here" | "away") => void): (() => void) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") changed("here");
    else timer = setTimeout(() => changed("away"), AWAY_AFTER_MS);
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
};
