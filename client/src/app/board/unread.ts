/** Finds the posts that a person has not seen yet. Pure: other code keeps the seen posts. */
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { PostView } from "@swapmeet/engine/io/view";

type Known = Pick<PostView, "id" | "mine" | "depth">;
type Has = (id: PostId) => boolean;

export const unreadIn = <P extends Known>(posts: readonly P[], isSeen: Has): P[] =>
  posts.filter((post) => !post.mine && !isSeen(post.id));

/**
 * The posts that count as seen when a person reads at the end of a group: all, except new answers in threads further
 * up that the person had seen before. Such answers would go unnoticed.
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
