/** The name of a new newsgroup: as typed, or a valid name instead. */
import { fail, ok, type Result } from "@swapmeet/shared";
import { GENERAL, safeGroup } from "@swapmeet/engine/names/name";

export type GroupNameProblem =
  | { readonly type: "empty" }
  /** `suggestion`: the nearest valid name, if there is one. */
  | { readonly type: "not-a-name"; readonly suggestion: string | null };

export const parseGroupName = (typed: string): Result<string, GroupNameProblem> => {
  const name = typed.trim();
  if (name === "") return fail({ type: "empty" });
  const nearest = safeGroup(name);
  if (nearest === name) return ok(name);
  return fail({ type: "not-a-name", suggestion: nearest === GENERAL ? null : nearest });
};
