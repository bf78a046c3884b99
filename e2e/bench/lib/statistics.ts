/** The middle of an odd number of runs, or the mean of the middle two. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

export const mebibytesPerSecond = (bytes: number, seconds: number): number => bytes / 2 ** 20 / seconds;

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** The value below which `share` of the values lie. `sorted`: ascending. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
