/** Puts changes of the room into words for people who do not see the page. Pure: other code decides when to speak. */
import { m } from "../words/messages.js";
import { libraryKey } from "@swapmeet/engine/names/library-entry";
import type { DownloadView, PostView, TransferState } from "@swapmeet/engine/io/view";
import { counted } from "../parts/text/plurals.ts";
import { formatCount } from "../parts/text/format.ts";
import { stateWords } from "../parts/text/transfer-words.ts";
import type { Names } from "../parts/text/person-words.ts";

/** The state of the room at one moment. */
export interface Moment {
  /** The room's link. */
  readonly room: string;
  /** `question`: any text that tells one search from another. Null while nothing is searched for. */
  readonly search: { readonly question: string; readonly total: number } | null;
  readonly downloads: readonly Pick<DownloadView, "file" | "name" | "folder" | "state">[];
  readonly posts: ReadonlyMap<string, readonly Pick<PostView, "id" | "author" | "authorName" | "mine">[]>;
  /** The words about the server; null while all is well. */
  readonly server: string | null;
}

/** More events than these are told as a number, without names. Guess. */
const MAX_NAMED = 3;

/** "" when nothing is worth saying. In a room that was just entered nothing is news. */
export const newsSince = (before: Moment, now: Moment, names: Pick<Names, "person">): string =>
  before.room === now.room
    ? [
        ...(now.server !== null && now.server !== before.server ? [now.server] : []),
        ...downloadNews(before, now, names),
        ...postNews(before, now, names),
        ...(now.search !== null && now.search.question !== before.search?.question
          ? [now.search.total === 0 ? m.shell_nothing_found() : m.shell_results(counted(now.search.total))]
          : []),
      ].join(". ")
    : "";

/** The state in which a download ended or stopped without the person's doing; null otherwise. */
const restOf = (state: TransferState | undefined): string | null => {
  if (state?.type === "complete" || state?.type === "failed") return state.type;
  return state?.type === "paused" && state.because !== "person" ? state.because.kind : null;
};

const downloadNews = (before: Moment, now: Moment, names: Pick<Names, "person">): string[] => {
  const restByEntry = new Map<string, string | null>(
    before.downloads.map((download) => [libraryKey(download), restOf(download.state)]),
  );
  const rested = now.downloads.filter((download) => {
    const rest = restOf(download.state);
    return rest !== null && rest !== restByEntry.get(libraryKey(download));
  });
  if (rested.length <= MAX_NAMED)
    return rested.map(({ name, state }) => `${name}: ${stateWords(state, names)}`);
  const complete = rested.filter(({ state }) => state.type === "complete").length;
  const stopped = rested.length - complete;
  return [
    ...(complete > 0 ? [m.shell_downloads_complete(counted(complete))] : []),
    ...(stopped > 0 ? [m.shell_downloads_stopped(counted(stopped))] : []),
  ];
};

const postNews = (before: Moment, now: Moment, names: Pick<Names, "person">): string[] =>
  [...now.posts].flatMap(([group, posts]) => {
    const known = before.posts.get(group) ?? [];
    if (known.length === posts.length) return [];
    const ids = new Set(known.map(({ id }) => id));
    const [first, ...more] = posts.filter(({ id, mine }) => !mine && !ids.has(id));
    if (first === undefined) return [];
    return more.length === 0
      ? [m.shell_name_wrote_in_group({ name: first.authorName || names.person(first.author), group })]
      : [m.shell_new_posts({ number: formatCount(more.length + 1), group })];
  });
