import type { AddingProblem } from "../../platform/files/adding.ts";

/** Why a file could not be read while it was added. */
export const addingProblemWords = (problem: AddingProblem): string => {
  switch (problem) {
    case "changed":
      return "It changed while it was being read, or may not be read.";
    case "vanished":
      return "It is gone, or may not be read.";
    case "too-long":
      return "It is longer than 1 TiB.";
    case "not-loaded":
      return "A part of Swapmeet could not be loaded from its server. Add it again once the server answers.";
  }
};
