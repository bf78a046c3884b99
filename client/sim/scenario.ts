/** A scenario of a simulation. A run depends only on the scenario, the number of peers and the seed. */
export interface Scenario {
  readonly about: string;
  /** The default number of peers. */
  readonly peers: number;
  /** @throws an error that says which condition does not hold; a sweep then names the seed. */
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
