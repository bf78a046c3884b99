/** Progress of transfers as lines: bars on a terminal, a line for each tenth elsewhere. */
import { createLogUpdate } from "log-update";
import type { Writable } from "node:stream";
import { percentOf } from "./event.ts";
import { formatBytes, formatSeconds, printable } from "./format.ts";

/** A transfer under way. */
export interface Progress {
  readonly name: string;
  readonly bytes: number;
  readonly of: number;
  readonly bytesPerSecond: number;
  /** null: nobody can tell. */
  readonly secondsLeft: number | null;
}

/** More lines than a terminal has would not be drawn well. Guess. */
const MAX_BARS = 8;
const BAR_WIDTH = 24;
const NAME_WIDTH = 28;

/** "song.mp3  [######------------------]  25 %  12 MB of 48 MB, 3.1 MB/s, 12 s left". */
export const barOf = ({ name, bytes, of, bytesPerSecond, secondsLeft }: Progress): string => {
  const percent = percentOf(bytes, of);
  const full = Math.floor((percent / 100) * BAR_WIDTH);
  const shown = Array.from(printable(name));
  const label = shown.length > NAME_WIDTH ? [...shown.slice(0, NAME_WIDTH - 1), "…"] : shown;
  const pace = bytesPerSecond > 0 ? `, ${formatBytes(bytesPerSecond)}/s` : "";
  const left = secondsLeft === null ? "" : `, ${formatSeconds(secondsLeft)} left`;
  return (
    `${label.join("").padEnd(NAME_WIDTH)} [${"#".repeat(full)}${"-".repeat(BAR_WIDTH - full)}] ` +
    `${String(percent).padStart(3)} %  ${formatBytes(bytes)} of ${formatBytes(of)}${pace}${left}`
  );
};

/** The bars of all transfers, and a line for those that find no room. */
export const barsOf = (all: readonly Progress[]): string => {
  const lines = all.slice(0, MAX_BARS).map(barOf);
  if (all.length > MAX_BARS) lines.push(`and ${all.length - MAX_BARS} more`);
  return lines.join("\n");
};

export interface Bars {
  show(all: readonly Progress[]): void;
  /** Takes the bars away, so that a line can be written; the next `show` draws them again. */
  clear(): void;
  close(): void;
}

export const terminalBars = (stream: Writable): Bars => {
  const update = createLogUpdate(stream as NodeJS.WritableStream, { showCursor: true });
  let isShown = false;
  const clear = () => {
    if (isShown) update.clear();
    isShown = false;
  };
  return {
    show(all) {
      if (all.length === 0) return clear();
      update(barsOf(all));
      isShown = true;
    },
    clear,
    close: clear,
  };
};
