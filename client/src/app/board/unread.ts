/** Which posts a person has not seen yet. Pure: what has been seen is kept elsewhere. */
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { PostView } from "@swapmeet/engine/io/view";

type Known = Pick<PostView, "id" | "mine" | "depth">;
type Has = (id: PostId) => boolean;

export const unreadIn = <P extends Known>(posts: readonly P[], isSeen: Has): P[] =>
  posts.filter((post) => !post.mine && !isSeen(post.id));

/**
 * What somebody who reads at the end of a group has passed: all but the answers that came into threads further up,
 * which had been seen before and would go unnoticed there.
 */
export const passedAtEnd = (posts: readonly Known[], isSeen: Has): PostId[] => {
  const passed: PostId[] = [];
  let isThreadKnown = false;
  for (const { id, depth } of posts) {
    if (depth === 0) isThreadKnown = isSeen(id);
    if (!isSeen(id) && !(depth === 1 && isThreadKnown)) passed.push(id);
  }
  return passed;
};
