import { GENERAL } from "@swapmeet/engine/names/name";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { GroupView, PostView } from "@swapmeet/engine/io/view";
import type { Board } from "../../../platform/session/board.ts";
import type { People } from "../../../platform/session/people.ts";
import { freshId, type Stage } from "./stage.ts";

export interface BoardFacts {
  /** The posts of all groups, thread after thread. */
  readonly posts: readonly PostView[];
  /** The posts that others write while the scene is shown. */
  readonly arriving?: readonly PostView[];
}

const ARRIVAL_MS = 3000;

export class BoardStub implements Board {
  readonly #stage: Stage<BoardFacts>;
  readonly #people: People;

  constructor(stage: Stage<BoardFacts>, people: People) {
    this.#stage = stage;
    this.#people = people;
    for (const [i, post] of (stage.now.arriving ?? []).entries())
      setTimeout(() => this.#arrive(post), (i + 1) * ARRIVAL_MS);
  }

  get groups(): readonly GroupView[] {
    const names = new Set([GENERAL, ...this.#stage.now.posts.map(({ group }) => group).sort()]);
    return [...names].map((name) => {
      const posts = this.posts(name);
      return { name, posts: posts.length, newest: posts.at(-1)?.id ?? null };
    });
  }

  posts(group: string): readonly PostView[] {
    return this.#stage.now.posts.filter((post) => post.group === group);
  }

  post(group: string, text: string, replyTo: PostId | null): void {
    const { me } = this.#people;
    this.#arrive({
      id: freshId(),
      author: me.peer,
      authorName: me.name,
      group,
      text,
      replyTo,
      depth: replyTo === null ? 0 : 1,
      writtenAt: Date.now(),
      mine: true,
    });
  }

  #arrive(post: PostView): void {
    const { posts } = this.#stage.now;
    const answered = posts.findIndex(({ id }) => id === post.replyTo);
    const next = posts.findIndex(({ depth }, i) => i > answered && depth === 0);
    const at = answered === -1 || next === -1 ? posts.length : next;
    this.#stage.change({ posts: posts.toSpliced(at, 0, post) });
  }
}
