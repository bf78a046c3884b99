/** Finds people with names that look alike. Names are free and may repeat; then the key's tag tells people apart. */
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { PostView } from "@swapmeet/engine/io/view";

/** Letters that look alike become one letter, as Unicode's list of confusables has it (UTS 39). */
export type Confusables = (text: string) => string;

export interface Named {
  readonly peer: PeerId;
  readonly name: string;
}

/** The names on the board of those who have left: a newcomer who takes one of them would seem to have written it. */
export const goneAuthorsOf = (
  posts: Iterable<Pick<PostView, "author" | "authorName">>,
  people: readonly Named[],
): readonly Named[] => {
  const here = new Set(people.map(({ peer }) => peer));
  const named = new Map<string, Named>();
  for (const { author, authorName } of posts)
    if (authorName !== "" && !here.has(author))
      named.set(`${author} ${authorName}`, { peer: author, name: authorName });
  return [...named.values()];
};

export const lookAlikesIn = (people: Iterable<Named>, confusables: Confusables): ReadonlySet<PeerId> => {
  const firstByLook = new Map<string, PeerId>();
  const alike = new Set<PeerId>();
  for (const { peer, name } of people)
    for (const look of looksOf(name, confusables)) {
      const first = firstByLook.get(look) ?? peer;
      firstByLook.set(look, first);
      if (first !== peer) alike.add(first).add(peer);
    }
  return alike;
};

/**
 * Gives two looks, because case and shape do not commute: "IVAN" is "ivan" in another case, and "lvan" by the shape of
 * its "I". Two names are alike when they share a look.
 */
const looksOf = (name: string, confusables: Confusables): readonly string[] => {
  const bare = name.normalize("NFKD").replace(/\s+/gu, "");
  return [confusables(bare.toLowerCase()), confusables(confusables(bare).toLowerCase())];
};
