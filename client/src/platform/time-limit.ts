/** What `work` brings, or null when that takes longer than `limitMs`. The work goes on, and nobody hears of it. */
export const within = <Value>(limitMs: number, work: Promise<Value>): Promise<Value | null> => {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, limitMs, null);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};
