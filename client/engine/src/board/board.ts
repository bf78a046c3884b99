/**
 * The board: what all board feeds say, in newsgroups and threads. Derived, never sent. PROTOCOL.md, rules B1 to B6.
 *
 * The order is causal: a post comes after what its author knew when writing it. It is a function of the set of posts
 * alone, so every peer that has the same posts sees the same board, whatever came first. No clock plays a part.
 *
 * The board knows nothing of signatures or of how much is kept: the gossip hands it verified posts and takes them back.
 */
import { MAX_AFTER, type Post } from "../feed/entry.ts";
import { GENERAL, safeGroup, safePersonName, safePostText } from "../names/name.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { PostId } from "../names/post-id.ts";
import { placeIn } from "../base/sorted.ts";
import type { GroupView, PostView } from "../io/view.ts";

/** The newsgroups with the most posts are listed, so that no author can bury them under invented ones. Guess. */
export const MAX_GROUPS = 200;

/** One author's board feed. */
export interface BoardFeed {
  readonly author: PeerId;
  readonly epoch: number;
}

interface KnownPost {
  readonly id: PostId;
  readonly seq: number;
  /** All known posts of its author in the same epoch, this one too, by sequence number. */
  readonly feed: ReadonlyMap<number, KnownPost>;
  /** The posts that it claims to come after, known or not. */
  readonly after: readonly PostId[];
  /** 1 more than the highest rank of the posts before it; `UNRANKED` or `RANKING` only while the board settles. */
  rank: number;
  view: PostView;
}

const UNRANKED = 0;
const RANKING = -1;

interface Group {
  /** In causal order. */
  readonly posts: KnownPost[];
  /** Made when it is read; null until then. */
  view: readonly PostView[] | null;
}

export class Board {
  readonly #me: PeerId;
  readonly #postById = new Map<PostId, KnownPost>();
  readonly #feedByName = new Map<string, Map<number, KnownPost>>();
  /** For each post, known or not: how many known posts say that they come after it. */
  readonly #namedById = new Map<PostId, number>();
  #groupByName = new Map<string, Group>();
  /** True after a post came or went that others come after: ranks and groups are made anew when they are read next. */
  #isStale = false;

  constructor(me: PeerId) {
    this.#me = me;
  }

  /** Takes a verified post: entry `seq` of that feed, with the hash `id`. A known or empty one changes nothing. */
  apply({ author, epoch }: BoardFeed, seq: number, post: Post, id: PostId): void {
    const text = safePostText(post.text);
    if (text === "" || this.#postById.has(id)) return;

    const feed = this.#feed({ author, epoch });
    const { replyTo } = post;
    const known: KnownPost = {
      id,
      seq,
      feed,
      after: [...new Set(replyTo ? [...post.after, replyTo] : post.after)],
      rank: UNRANKED,
      view: {
        id,
        author,
        authorName: safePersonName(post.authorName),
        group: safeGroup(post.group),
        text,
        replyTo,
        depth: 0,
        writtenAt: post.writtenAt,
        mine: author === this.#me,
      },
    };
    feed.set(seq, known);
    this.#postById.set(id, known);
    for (const earlier of known.after) this.#namedById.set(earlier, (this.#namedById.get(earlier) ?? 0) + 1);

    if (!this.#isLast(known)) this.#isStale = true;
    if (this.#isStale) return;
    known.rank = rankAfter(this.#predecessors(known));
    const group = this.#group(known);
    group.posts.splice(placeIn(group.posts, known, inOrder), 0, known);
    group.view = null;
  }

  /** Entries [from, to) of that feed no longer count. */
  drop({ author, epoch }: BoardFeed, from: number, to: number): void {
    const feed = this.#feed({ author, epoch });
    for (const [seq, post] of feed) {
      if (seq < from || seq >= to) continue;
      this.#isStale = true;
      feed.delete(seq);
      this.#postById.delete(post.id);
      for (const earlier of post.after) {
        const named = this.#namedById.get(earlier)! - 1;
        if (named > 0) this.#namedById.set(earlier, named);
        else this.#namedById.delete(earlier);
      }
    }
    if (feed.size === 0) this.#feedByName.delete(nameOf({ author, epoch }));
  }

  /** "general" comes first, even when it is empty, then the others by name. */
  groups(): GroupView[] {
    this.#settle();
    const others = [...this.#groupByName].filter(([name]) => name !== GENERAL);
    const listed = others
      .sort(([a, { posts: inA }], [b, { posts: inB }]) => inB.length - inA.length || byText(a, b))
      .slice(0, MAX_GROUPS - 1)
      .sort(([a], [b]) => byText(a, b));
    return [[GENERAL, this.#groupByName.get(GENERAL)] as const, ...listed].map(([name, group]) => ({
      name,
      posts: group?.posts.length ?? 0,
      newest: group?.posts.at(-1)?.id ?? null,
    }));
  }

  /** Threads by their first post, in causal order, each followed by all its answers in theirs. */
  posts(group: string): readonly PostView[] {
    this.#settle();
    const found = this.#groupByName.get(group);
    if (!found) return [];
    return (found.view ??= threadsOf(found.posts).flat());
  }

  /** The posts that a new post names: known ones that no known one comes after, at most 8, the highest ranks first. */
  latest(): PostId[] {
    this.#settle();
    const last = [...this.#postById.values()].filter((post) => this.#isLast(post));
    return last
      .sort((a, b) => inOrder(b, a))
      .slice(0, MAX_AFTER)
      .map(({ id }) => id);
  }

  /** Makes a post of the text that the person typed, for the own feed; null when nothing visible is left of it. */
  write(
    group: string,
    text: string,
    replyTo: PostId | null,
    writtenAt: number,
    authorName: string,
  ): Post | null {
    const safe = safePostText(text);
    if (safe === "") return null;
    return {
      type: "post",
      group: safeGroup(group),
      text: safe,
      replyTo,
      after: this.latest(),
      writtenAt,
      authorName: safePersonName(authorName),
    };
  }

  /** Whether no known post comes after it. */
  #isLast({ id, seq, feed }: KnownPost): boolean {
    return !this.#namedById.has(id) && !feed.has(seq + 1);
  }

  /** The known posts before it: those it names, and the previous one of its feed, which its hash proves earlier. */
  #predecessors({ after, feed, seq }: KnownPost): KnownPost[] {
    const previous = feed.get(seq - 1);
    const found: KnownPost[] = previous ? [previous] : [];
    for (const id of after) {
      const earlier = this.#postById.get(id);
      if (earlier) found.push(earlier);
    }
    return found;
  }

  #feed(feed: BoardFeed): Map<number, KnownPost> {
    const name = nameOf(feed);
    let posts = this.#feedByName.get(name);
    if (!posts) this.#feedByName.set(name, (posts = new Map<number, KnownPost>()));
    return posts;
  }

  #group({ view: { group: name } }: KnownPost): Group {
    let group = this.#groupByName.get(name);
    if (!group) this.#groupByName.set(name, (group = { posts: [], view: null }));
    return group;
  }

  #settle(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#rankAll();
    this.#groupByName = new Map();
    for (const post of this.#postById.values()) this.#group(post).posts.push(post);
    for (const { posts } of this.#groupByName.values()) posts.sort(inOrder);
  }

  /** Depth first, on a stack of its own: a chain of thousands of posts is deeper than calls may go. */
  #rankAll(): void {
    for (const post of this.#postById.values()) post.rank = UNRANKED;
    const stack = [...this.#postById.values()];
    for (let post = stack.at(-1); post; post = stack.at(-1)) {
      const earlier = this.#predecessors(post);
      if (post.rank === UNRANKED) {
        post.rank = RANKING;
        for (const one of earlier) if (one.rank === UNRANKED) stack.push(one);
      } else {
        stack.pop();
        if (post.rank === RANKING) post.rank = rankAfter(earlier);
      }
    }
  }
}

const nameOf = ({ author, epoch }: BoardFeed): string => `${author} ${epoch}`;

const rankAfter = (earlier: readonly KnownPost[]): number =>
  1 + earlier.reduce((highest, { rank }) => Math.max(highest, rank), 0);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const inOrder = (a: KnownPost, b: KnownPost): number => a.rank - b.rank || byText(a.id, b.id);

/** An answer belongs to the thread of the post that it answers; when that is not in the group, it begins its own. */
const threadsOf = (posts: readonly KnownPost[]): PostView[][] => {
  const threads: PostView[][] = [];
  const threadById = new Map<PostId, PostView[]>();
  for (const post of posts) {
    const { id, replyTo, depth } = post.view;
    // The answered post has a lower rank, so this loop has met it before.
    const thread = (replyTo && threadById.get(replyTo)) ?? [];
    if (thread.length === 0) threads.push(thread);
    const depthHere = thread.length === 0 ? 0 : 1;
    if (depth !== depthHere) post.view = { ...post.view, depth: depthHere };
    thread.push(post.view);
    threadById.set(id, thread);
  }
  return threads;
};
