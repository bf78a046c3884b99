/** A name is taken when typing rests, so that the room does not hear every letter of it. */
const REST_MS = 700;

export const whenTypingRests = (take: (text: string) => void) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: string | undefined;
  const now = (text: string) => {
    clearTimeout(timer);
    if (text !== last) take((last = text));
  };
  return {
    now,
    soon: (text: string): void => {
      clearTimeout(timer);
      timer = setTimeout(() => now(text), REST_MS);
    },
  };
};
