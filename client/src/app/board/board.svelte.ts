/** The board as one person uses it: the open group, the unfinished posts, the posts seen. */
import { createContext } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import { GENERAL, safePostText } from "@swapmeet/engine/names/name";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { PostView } from "@swapmeet/engine/io/view";
import { keepDrafts, keptDrafts, type Draft } from "./kept-drafts.ts";
import type { Room } from "../context/room.svelte.ts";
import { SeenPosts } from "./seen-posts.ts";
import { passedAtEnd, unreadIn } from "./unread.ts";

export interface Group {
  readonly name: string;
  readonly unread: number;
}

const NO_DRAFT: Draft = { text: "", replyTo: null };

export class Board {
  readonly #room: Room;
  readonly #seen = new SeenPosts();
  #seenChanges = $state(0);
  readonly #groupByRoom = new SvelteMap<string, string>();
  readonly #draftByPlace = new SvelteMap<string, Draft>(keptDrafts());

  constructor(room: Room) {
    this.#room = room;
  }

  readonly #link = $derived.by(() => this.#room.now.room.link);
  readonly posts: readonly PostView[] = $derived.by(() => this.#room.now.board.posts(this.group));
  readonly #draft = $derived.by(() => this.#draftByPlace.get(this.#place) ?? NO_DRAFT);

  /** Null after a reload, until the board is here again. */
  readonly #replyTo: PostView | null = $derived.by(
    () => this.posts.find(({ id }) => id === this.#draft.replyTo) ?? null,
  );

  /** Includes the open group, even when it was just begun and has no post yet. */
  readonly groups: readonly Group[] = $derived.by(() => {
    const names = this.#room.now.board.groups.map(({ name }) => name);
    if (!names.includes(this.group)) names.push(this.group);
    return names.map((name) => ({ name, unread: this.#unreadOf(this.#room.now.board.posts(name)).length }));
  });
  readonly unread = $derived.by(() => this.groups.reduce((sum, { unread }) => sum + unread, 0));
  /** The unread posts of the open group. */
  readonly unreadPosts: readonly PostView[] = $derived.by(() => this.#unreadOf(this.posts));

  get group(): string {
    return this.#groupByRoom.get(this.#link) ?? GENERAL;
  }
  set group(name: string) {
    this.#groupByRoom.set(this.#link, name);
  }

  get text(): string {
    return this.#draft.text;
  }
  set text(text: string) {
    this.#draftByPlace.set(this.#place, { ...this.#draft, text });
  }

  get replyTo(): PostView | null {
    return this.#replyTo;
  }
  set replyTo(post: PostView | null) {
    this.#draftByPlace.set(this.#place, { ...this.#draft, replyTo: post?.id ?? null });
  }

  /** A text without anything visible stays in the box. */
  post(): void {
    if (safePostText(this.text) === "") return;
    this.#room.now.board.post(this.group, this.text, this.replyTo?.id ?? null);
    this.#draftByPlace.delete(this.#place);
  }

  see(post: PostView): void {
    this.#see([post.id]);
  }

  /** The person reads at the end of the open group. */
  pass(): void {
    this.#see(passedAtEnd(this.posts, (id) => this.#seen.has(id)));
  }

  /** Called before the page goes. */
  keep(): void {
    this.#seen.keep();
    keepDrafts(this.#draftByPlace);
  }

  get #place(): string {
    return `${this.#link} ${this.group}`;
  }

  #unreadOf(posts: readonly PostView[]): PostView[] {
    void this.#seenChanges;
    return unreadIn(posts, (id) => this.#seen.has(id));
  }

  #see(ids: readonly PostId[]): void {
    for (const id of ids) this.#seen.add(id);
    if (ids.length > 0) this.#seenChanges++;
  }
}

export const [useBoard, provideBoard] = createContext<Board>();
