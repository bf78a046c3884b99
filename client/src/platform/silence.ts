import { within } from "./time-limit.ts";

/** What `work` brings, or null when nothing is heard of it for `limitMs`; it calls `heard` as often as it gets on. */
export const unlessSilent = async <Value>(
  limitMs: number,
  work: (heard: () => void) => Promise<Value>,
): Promise<Value | null> => {
  let isHeard: boolean;
  const working = work(() => {
    isHeard = true;
  }).then((value) => ({ value }));
  do {
    isHeard = false;
    const brought = await within(limitMs, working);
    if (brought) return brought.value;
  } while (isHeard);
  return null;
};
