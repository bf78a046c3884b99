/** Finds the post that another one answers, for the page to name it where the thread does not show it. */
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { PostView } from "@swapmeet/engine/io/view";

/** Leaves out answers to a thread's first post: they stand right below it. */
export const answeredIn = (posts: readonly PostView[]): ReadonlyMap<PostView, PostView> => {
  const answers = new Map<PostView, PostView>();
  const answerById = new Map<PostId, PostView>();
  for (const post of posts) {
    if (post.depth === 0) continue;
    const answered = post.replyTo && answerById.get(post.replyTo);
    if (answered) answers.set(post, answered);
    answerById.set(post.id, post);
  }
  return answers;
};
