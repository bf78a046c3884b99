/** Numbers as people read them, and texts of strangers as a terminal may show them. */
import { stripVTControlCharacters } from "node:util";

const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** "412 MB", "2.1 GB", "17 B": decimal units, rounded down. */
export const formatBytes = (bytes: number): string => {
  let unit = 0;
  let amount = bytes;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit++;
  }
  const shown = unit === 0 || amount >= 10 ? Math.floor(amount) : (Math.floor(amount * 10) / 10).toFixed(1);
  return `${shown} ${UNITS[unit]}`;
};

/** "17 s", "7 min", "2 h". */
export const formatSeconds = (seconds: number): string => {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
};

/**
 * One line without control characters, escape sequences, or characters that turn the direction of the rest of the line:
 * names of files and people come from strangers, and a terminal obeys.
 */
export const printable = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\t\n\r]+/g, " ")
    .replace(/[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu, "");
