import { m } from "../words/messages.js";
import type { AddingProblem } from "../../platform/files/adding.ts";

/** Why a file could not be read while it was added. */
export const addingProblemWords = (problem: AddingProblem): string => {
  switch (problem) {
    case "changed":
      return m.library_it_changed_while_it_was();
    case "vanished":
      return m.library_it_is_gone_or_may();
    case "too-long":
      return m.library_it_is_longer_than_1();
    case "not-loaded":
      return m.library_a_part_of_swapmeet_could();
  }
};
