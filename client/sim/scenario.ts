/** What a simulation runs. A run is a function of the scenario, the number of peers and the seed. */
export interface Scenario {
  readonly about: string;
  /** Unless said otherwise. */
  readonly peers: number;
  /** @throws what does not hold, so that a sweep names the seed. */
  run(peers: number, seed: number, tell?: Tell): Outcome;
}

/** Hears each figure as it comes: a room of thousands takes an hour. */
export type Tell = (figure: string) => void;

export interface Outcome {
  readonly figures: readonly string[];
  /** Equal when, and only when, two runs did the same. */
  readonly trace: string;
}

class Violation extends Error {}

export const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Violation(what);
};
