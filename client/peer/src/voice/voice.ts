/** Speaks for a command: words and bars to a terminal, plain lines to a file or a pipe, or JSON alone. */
import type { Writable } from "node:stream";
import { renderUnicodeCompact } from "uqr";
import { terminalBars, type Bars, type Progress } from "./bars.ts";
import { lineOf, percentOf, type Event } from "./event.ts";
import { formatBytes, formatSeconds, printable } from "./format.ts";

export interface Voice {
  say(event: Event): void;
  /** The transfers that are under way now. */
  progress(all: readonly Progress[]): void;
  close(): void;
}

export type Stream = Writable & { readonly isTTY?: boolean };

export const voiceOf = (isJson: boolean, stdout: Stream, stderr: Stream): Voice =>
  isJson ? jsonVoice(stdout) : wordsVoice(stdout, stderr);

const jsonVoice = (stdout: Stream): Voice => {
  const say = (event: Event): void => void stdout.write(`${escaped(JSON.stringify(event))}\n`);
  const steps = new Steps(1);
  return {
    say,
    progress: (all) => steps.of(all, (each) => say({ event: "progress", ...each })),
    close: () => {},
  };
};

/** JSON leaves some control characters as they are, and a terminal obeys them. */
const escaped = (json: string): string =>
  json.replace(
    /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const wordsVoice = (stdout: Stream, stderr: Stream): Voice => {
  const bars: Bars | null = stderr.isTTY ? terminalBars(stderr) : null;
  const steps = new Steps(10);
  return {
    say(event) {
      bars?.clear();
      const { to, text } = lineOf(event);
      const lines = text.split("\n").map(printable);
      (to === "stdout" ? stdout : stderr).write(`${lines.join("\n")}\n`);
      if (event.event === "room") stdout.write(`${renderUnicodeCompact(event.link)}\n`);
    },
    progress(all) {
      if (bars) return bars.show(all);
      steps.of(all, ({ name, bytes, of, bytesPerSecond, secondsLeft }) => {
        const left = secondsLeft === null ? "" : `, ${formatSeconds(secondsLeft)} left`;
        stderr.write(
          `${printable(name)}: ${percentOf(bytes, of)} %, ${formatBytes(bytesPerSecond)}/s${left}\n`,
        );
      });
    },
    close: () => bars?.close(),
  };
};

/** Tells each transfer once a step of so many percent. */
class Steps {
  readonly #percent: number;
  #stepByName = new Map<string, number>();

  constructor(percent: number) {
    this.#percent = percent;
  }

  of(all: readonly Progress[], tell: (progress: Progress) => void): void {
    const told = new Map<string, number>();
    for (const progress of all) {
      const step = Math.floor(percentOf(progress.bytes, progress.of) / this.#percent);
      const before = this.#stepByName.get(progress.name);
      if (before !== undefined && step > before) tell(progress);
      told.set(progress.name, step);
    }
    this.#stepByName = told; // those that have ended are forgotten
  }
}
