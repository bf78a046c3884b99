/** The piece map as runs of equal columns, few enough to draw ten times a second. */
import type { DownloadView } from "@swapmeet/engine/io/view";

/** Values of DownloadView.pieces below those that name a sender. */
export const MISSING = 0;
export const ARRIVING = 1;
export const FROM_EARLIER = 2;
export const FIRST_SENDER = 3;

export interface Run {
  readonly value: number;
  readonly begin: number;
  readonly end: number;
}

/** A column per piece, or at most `maxColumns`: then a column shows the most frequent value of its pieces. */
export const columnsOf = (pieces: DownloadView["pieces"], maxColumns: number): ArrayLike<number> => {
  if (pieces.length <= maxColumns) return pieces;
  const columns = new Uint16Array(maxColumns);
  for (let column = 0; column < maxColumns; column++) {
    const begin = Math.floor((column * pieces.length) / maxColumns);
    const end = Math.floor(((column + 1) * pieces.length) / maxColumns);
    columns[column] = mostCommon(pieces.subarray(begin, end));
  }
  return columns;
};

export const runsOf = (columns: ArrayLike<number>): Run[] => {
  const runs: Run[] = [];
  for (let begin = 0, end = 1; end <= columns.length; end++) {
    if (end < columns.length && columns[end] === columns[begin]) continue;
    runs.push({ value: columns[begin] ?? MISSING, begin, end });
    begin = end;
  }
  return runs;
};

const mostCommon = (values: Uint16Array): number => {
  const countByValue = new Map<number, number>();
  let winner = values[0] ?? MISSING;
  for (const value of values) {
    const count = (countByValue.get(value) ?? 0) + 1;
    countByValue.set(value, count);
    if (count > (countByValue.get(winner) ?? 0)) winner = value;
  }
  return winner;
};
