/** Numbers as people read them, in the browser's language. Decimal units: 1 MB is 1,000,000 bytes. */
import { m } from "../../words/messages.js";
import { STANDSTILL_BYTES_PER_SECOND, type DownloadView } from "@swapmeet/engine/io/view";

/** Between a number and its unit: they never part at the end of a line. */
const NBSP = "\u00a0";
const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const joined = new Intl.ListFormat(undefined, { style: "short", type: "unit" });

export const formatCount = (count: number): string => whole.format(count);

/** "412 MB", "2.1 GB", "17 B". Rounded down, so that no part ever looks larger than its whole. */
export const formatBytes = (bytes: number): string => {
  let unit = 0;
  let amount = bytes;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit++;
  }
  const text =
    unit === 0 || amount >= 10
      ? whole.format(Math.floor(amount))
      : tenths.format(Math.floor(amount * 10) / 10);
  return text + NBSP + UNITS[unit];
};

/** "412,345,678 bytes". */
export const formatExactBytes = (bytes: number): string =>
  m.parts_exact_bytes({ count: bytes, number: whole.format(bytes) });

export const formatRate = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`;

/** Whole percent, rounded down: 100 is only said when all is there. */
export const percentOf = (part: number, all: number): number =>
  all === 0 ? 100 : Math.min(100, Math.floor((part / all) * 100));

export const formatPercent = (percent: number): string => `${whole.format(percent)}${NBSP}%`;

/** "17 s", "7 min", "2 h": one unit is enough for an estimate. */
export const formatSeconds = (seconds: number): string => {
  if (seconds < 60) return `${whole.format(Math.max(1, Math.ceil(seconds)))}${NBSP}s`;
  if (seconds < 3600) return `${whole.format(Math.round(seconds / 60))}${NBSP}min`;
  if (seconds < 86_400) return `${whole.format(Math.round(seconds / 3600))}${NBSP}h`;
  return `${whole.format(Math.round(seconds / 86_400))}${NBSP}d`;
};

/** "14 MB/s, 2 min left", "14 MB/s" when nobody can tell, "stalled"; "" before the first bytes. */
export const formatPace = ({
  bytesPerSecond,
  secondsLeft,
}: Pick<DownloadView, "bytesPerSecond" | "secondsLeft">): string => {
  if (bytesPerSecond === 0) return "";
  if (bytesPerSecond < STANDSTILL_BYTES_PER_SECOND) return m.parts_stalled();
  const rate = formatRate(bytesPerSecond);
  return secondsLeft === null ? rate : m.parts_pace({ rate, time: formatSeconds(secondsLeft) });
};

/** "Tomas, Ruth", and from three on "Tomas, Ruth and 2 more". */
export const formatNames = (names: readonly string[]): string =>
  names.length <= 3
    ? joined.format(names)
    : m.parts_names_and_more({
        names: joined.format(names.slice(0, 2)),
        number: whole.format(names.length - 2),
      });

/** The letters on an avatar: "Mika Kaur" is MK, "Mika" is MI. */
export const initialsOf = (name: string): string => {
  const words = name.trim().split(/\s+/);
  const letters =
    words.length > 1 ? words.slice(0, 2).map((word) => [...word][0]) : [...name.trim()].slice(0, 2);
  return letters.join("").toLocaleUpperCase();
};
