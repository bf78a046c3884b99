import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Board, MAX_GROUPS } from "../../src/board/board.ts";
import { headOf, NO_ENTRY, type EntryHash } from "../../src/feed/batch.ts";
import { decodeEntry, encodeEntry, type Post } from "../../src/feed/entry.ts";
import type { PeerId } from "../../src/names/peer-id.ts";
import { postIdOf, type PostId } from "../../src/names/post-id.ts";
import { SeededRandom } from "../../../testing/random.ts";

const peer = (n: number) => n.toString(16).padStart(64, "0") as PeerId;
const ME = peer(0xadad);
const NOW = 1_800_000_000_000;
const TEN_YEARS = 10 * 365 * 86_400_000;

interface Placed {
  readonly author: PeerId;
  readonly seq: number;
  readonly post: Post;
  readonly hash: EntryHash;
  readonly id: PostId;
}

/** Feeds as their authors write them: each post is hashed onto the one before it. */
class Authors {
  readonly all: Placed[] = [];
  readonly #lastByAuthor = new Map<PeerId, Placed>();

  post(author: PeerId, post: Partial<Post> = {}): Placed {
    const before = this.#lastByAuthor.get(author);
    const seq = before ? before.seq + 1 : 0;
    const whole: Post = {
      type: "post",
      group: "general",
      text: `post ${seq}`,
      replyTo: null,
      after: [],
      writtenAt: NOW,
      authorName: "",
      ...post,
    };
    const name = { author, epoch: 1, topic: "board" } as const;
    const hash = headOf(name, seq, before?.hash ?? NO_ENTRY, [encodeEntry(whole)]);
    const placed = { author, seq, post: whole, hash, id: hash as string as PostId };
    this.#lastByAuthor.set(author, placed);
    this.all.push(placed);
    return placed;
  }
}

const boardOf = (posts: Iterable<Placed>): Board => {
  const board = new Board(ME);
  for (const placed of posts) apply(board, placed);
  return board;
};
const apply = (board: Board, { author, seq, post, id }: Placed): void =>
  board.apply({ author, epoch: 1 }, seq, post, id);
const drop = (board: Board, { author, seq }: Placed): void => board.drop({ author, epoch: 1 }, seq, seq + 1);

const textsIn = (board: Board, group = "general"): string[] => board.posts(group).map(({ text }) => text);
/** All that a page can see. */
const seen = (board: Board) => ({
  groups: board.groups(),
  posts: board.groups().map(({ name }) => board.posts(name)),
  latest: board.latest(),
});

/** A conversation: for each post its author, how many posts the author has seen, the post it answers, its group. */
const conversation = fc
  .array(
    fc.record({
      author: fc.nat(4),
      after: fc.array(fc.nat(50), { maxLength: 3 }),
      answers: fc.option(fc.nat(50)),
      group: fc.constantFrom("general", "music", "off.topic"),
    }),
    { maxLength: 40 },
  )
  .map((moves) => {
    const authors = new Authors();
    for (const { author, after, answers, group } of moves) {
      const pick = (n: number) => authors.all[n % authors.all.length]?.id;
      authors.post(peer(author), {
        group,
        after: after.flatMap((n) => pick(n) ?? []),
        replyTo: answers === null ? null : (pick(answers) ?? null),
      });
    }
    return authors.all;
  });

describe("the order", () => {
  test("[B3a] the same posts make the same board, in any order of arrival, also after some were taken back", () => {
    fc.assert(
      fc.property(conversation, fc.infiniteStream(fc.nat(1000)), fc.boolean(), (posts, dice, looks) => {
        const roll = (n: number) => (dice.next().value as number) % n;
        const kept = posts.filter(() => roll(4) > 0);
        const board = new Board(ME);
        const toCome = [...posts];
        while (toCome.length > 0) {
          apply(board, toCome.splice(roll(toCome.length), 1)[0]!);
          if (looks) seen(board);
          const back = posts[roll(posts.length)]!;
          if (roll(5) === 0 && !toCome.includes(back)) {
            drop(board, back);
            toCome.push(back); // and it comes again
          }
        }
        for (const gone of posts.filter((placed) => !kept.includes(placed))) drop(board, gone);
        expect(seen(board)).toEqual(seen(boardOf(kept)));
      }),
    );
  });

  test("[B3] a post comes after those it names, the one it answers and its author's earlier ones", () => {
    fc.assert(
      fc.property(conversation, (posts) => {
        const board = boardOf([...posts].reverse());
        const beginning = new Set(
          board
            .groups()
            .flatMap(({ name }) => board.posts(name))
            .flatMap(({ id, depth }) => (depth === 0 ? id : [])),
        );
        const orderIn = (group: string) => board.posts(group).map(({ id }) => id);
        for (const { id, post, author, seq } of posts) {
          const order = orderIn(post.group);
          const earlier = posts.filter(
            (other) =>
              other.post.group === post.group &&
              (post.after.includes(other.id) ||
                other.id === post.replyTo ||
                (other.author === author && other.seq === seq - 1)),
          );
          // Threads stand together: only posts that begin one can be compared by where they stand.
          for (const other of earlier)
            if ((beginning.has(id) && beginning.has(other.id)) || other.id === post.replyTo)
              expect(order.indexOf(other.id)).toBeLessThan(order.indexOf(id));
        }
      }),
    );
  });

  test("[B3a] clocks ten years off, in either direction, change nothing but the time that is shown", () => {
    const wrong = (n: number) => NOW + [0, TEN_YEARS, -TEN_YEARS][n % 3]!;
    const authors = new Authors();
    const board = new Board(ME);
    for (let n = 0; n < 30; n++) {
      const { after } = board.write("general", "x", null, wrong(n), "")!;
      apply(board, authors.post(peer(n % 3), { text: `number ${n}`, writtenAt: wrong(n), after }));
    }
    expect(textsIn(boardOf([...authors.all].reverse()))).toEqual(
      Array.from({ length: 30 }, (_, n) => `number ${n}`),
    );
    expect(board.posts("general")[1]!.writtenAt).toBe(NOW + TEN_YEARS);
  });

  test("[B3] keeps the order of several posts that an author writes before any of them is signed", () => {
    const authors = new Authors();
    for (let n = 0; n < 100; n++) authors.post(ME, { text: `${n}`, after: [] });
    expect(textsIn(boardOf(authors.all))).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
  });

  test("[B3] a chain of 20,000 posts that comes last first is read within a moment", () => {
    const authors = new Authors();
    let last: Placed | null = null;
    for (let n = 0; n < 20_000; n++)
      last = authors.post(peer(n % 40), { text: `${n}`, after: last ? [last.id] : [] });
    const board = boardOf(authors.all.reverse());
    expect(textsIn(board)).toEqual(Array.from({ length: 20_000 }, (_, n) => `${n}`));
    expect(board.latest()).toEqual([last!.id]);
  });

  test("[B3] one more post among 20,000 sorts nothing anew: the views stay the same objects", () => {
    const authors = new Authors();
    const board = boardOf(Array.from({ length: 20_000 }, (_, n) => authors.post(peer(n % 40))));
    const before = board.posts("general");
    expect(board.posts("general")).toBe(before);
    const began = process.cpuUsage(); // not by the clock: other programs would count
    for (let n = 0; n < 1000; n++) {
      apply(board, authors.post(peer(n % 40)));
      expect(board.groups()[0]!.posts).toBe(20_001 + n);
    }
    // Sorting 20,000 a thousand times takes 30 s.
    expect(process.cpuUsage(began).user).toBeLessThan(10_000_000);
    const after = board.posts("general");
    expect(after).toHaveLength(21_000);
    const known = new Set(before);
    expect(after.filter((post) => known.has(post))).toHaveLength(20_000);
  });
});

describe("threads", () => {
  test("[B4] an answer, and an answer to it, stand below the post that began the thread", () => {
    const authors = new Authors();
    const cats = authors.post(peer(1), { text: "cats" });
    const dogs = authors.post(peer(2), { text: "dogs", after: [cats.id] });
    const purr = authors.post(peer(3), { text: "purr", replyTo: cats.id, after: [dogs.id] });
    authors.post(peer(4), { text: "bark", replyTo: dogs.id, after: [purr.id] });
    authors.post(peer(5), { text: "purr!", replyTo: purr.id, after: [purr.id] });
    const board = boardOf(authors.all);
    expect(textsIn(board)).toEqual(["cats", "purr", "purr!", "dogs", "bark"]);
    expect(board.posts("general").map(({ depth }) => depth)).toEqual([0, 1, 1, 0, 1]);
  });

  test("[B4] an answer stands alone while the post that it answers is not here", () => {
    const authors = new Authors();
    const question = authors.post(peer(1), { text: "why?" });
    const answer = authors.post(peer(2), { text: "because", replyTo: question.id });
    const board = boardOf([answer]);
    expect(board.posts("general")).toMatchObject([{ text: "because", depth: 0, replyTo: question.id }]);
    apply(board, question);
    expect(board.posts("general")).toMatchObject([
      { text: "why?", depth: 0 },
      { text: "because", depth: 1 },
    ]);
    drop(board, question);
    expect(board.posts("general")).toMatchObject([{ text: "because", depth: 0 }]);
  });

  test("[B4] an answer in another newsgroup begins a thread there", () => {
    const authors = new Authors();
    const question = authors.post(peer(1), { group: "music" });
    authors.post(peer(2), { group: "off-topic", replyTo: question.id });
    const board = boardOf(authors.all);
    expect(board.posts("music")).toMatchObject([{ depth: 0 }]);
    expect(board.posts("off-topic")).toMatchObject([{ depth: 0 }]);
  });
});

describe("newsgroups", () => {
  test("[B4] general is always there, the others while there is a post in them", () => {
    const authors = new Authors();
    const board = new Board(ME);
    expect(board.groups()).toEqual([{ name: "general", posts: 0, newest: null }]);
    const [old, young] = [authors.post(peer(1), { group: "art" }), authors.post(peer(1), { group: "art" })];
    apply(board, young);
    apply(board, old);
    expect(board.groups()).toEqual([
      { name: "general", posts: 0, newest: null },
      { name: "art", posts: 2, newest: young.id },
    ]);
    board.drop({ author: peer(1), epoch: 1 }, 0, Infinity);
    expect(board.groups().map(({ name }) => name)).toEqual(["general"]);
    expect(board.posts("art")).toEqual([]);
  });

  test("[B6] an author who invents newsgroups buries no newsgroup in which people post", () => {
    const authors = new Authors();
    for (let n = 0; n < 500; n++) authors.post(peer(1), { group: `a${n}` });
    for (let n = 0; n < 2; n++) authors.post(peer(2), { group: "zebra" });
    const names = boardOf(authors.all)
      .groups()
      .map(({ name }) => name);
    expect(names).toHaveLength(MAX_GROUPS);
    expect(names[0]).toBe("general");
    expect(names).toContain("zebra");
  });
});

describe("a new post", () => {
  test("[B5] comes after the latest posts: those that no known post comes after", () => {
    const authors = new Authors();
    const a = authors.post(peer(1));
    const b = authors.post(peer(2), { after: [a.id] });
    const c = authors.post(peer(3), { replyTo: a.id });
    const d = authors.post(peer(3));
    const board = boardOf(authors.all);
    expect(new Set(board.write("general", "x", null, NOW, "")!.after)).toEqual(new Set([b.id, d.id]));
    drop(board, d);
    expect(new Set(board.latest())).toEqual(new Set([b.id, c.id]));
  });

  test("[B5] comes after at most 8 posts, the highest in rank, and these need not be known", () => {
    const authors = new Authors();
    const low = Array.from({ length: 20 }, (_, n) => authors.post(peer(100 + n)));
    const high = Array.from({ length: 8 }, (_, n) => authors.post(peer(200 + n), { after: [low[n]!.id] }));
    const gone = "ff".repeat(32) as PostId;
    const lost = authors.post(peer(300), { after: [gone] });
    const board = boardOf(authors.all);
    expect(new Set(board.latest())).toEqual(new Set(high.map(({ id }) => id)));
    expect(textsIn(boardOf([lost]))).toEqual(["post 0"]);
  });

  test("[B2] is made safe when it is written, and again when it arrives", () => {
    const board = new Board(ME);
    const written = board.write(
      "Off Topic!",
      "\n hi\u202Egnp.exe\u202C\r\nthere \n\n",
      null,
      NOW,
      "A\u200Bda",
    )!;
    expect(written).toMatchObject({ group: "off-topic", text: " hignp.exe\nthere", authorName: "Ada" });
    const hostile = new Authors().post(peer(1), {
      group: "../__proto__",
      text: "a\u2066b\0c\u2028d",
      authorName: "Mal\nlory",
    });
    apply(board, hostile);
    expect(board.posts("proto")).toMatchObject([{ text: "abc\nd", authorName: "Mal lory" }]);
  });

  test("[B2] is not made without a visible character", () => {
    const board = new Board(ME);
    expect(board.write("general", " \u200B\n\t", null, NOW, "")).toBeNull();
    apply(board, new Authors().post(peer(1), { text: "\u200D \n" }));
    expect(board.groups()).toEqual([{ name: "general", posts: 0, newest: null }]);
  });

  test("[B1] fits an entry with any text, and comes back from its bytes as it was", () => {
    const authors = new Authors();
    const board = boardOf(Array.from({ length: 20 }, (_, n) => authors.post(peer(n))));
    const replyTo = authors.all[0]!.id;
    const post = board.write("g".repeat(99), "\u{1F600}".repeat(5000), replyTo, NOW, "\u{1F600}".repeat(50))!;
    const bytes = encodeEntry(post);
    expect(post.after).toHaveLength(8);
    expect(new TextEncoder().encode(post.text)).toHaveLength(8000);
    expect(bytes.length).toBeLessThan(9000);
    expect(decodeEntry(bytes)).toEqual(post);
  });

  test("[B1] names its author", () => {
    const authors = new Authors();
    authors.post(ME);
    authors.post(peer(1), { after: [authors.all[0]!.id] });
    expect(boardOf(authors.all).posts("general")).toMatchObject([
      { author: ME, mine: true },
      { author: peer(1), mine: false },
    ]);
  });
});

test("[B3] two epochs of one author are two feeds: posts dropped from one stay in the other", () => {
  const board = new Board(ME);
  const random = new SeededRandom(1);
  const [placed] = [new Authors().post(peer(1), { text: "first life" })];
  apply(board, placed);
  board.apply(
    { author: peer(1), epoch: 2 },
    0,
    { ...placed.post, text: "second life" },
    postIdOf(random.bytes(32)),
  );
  drop(board, placed);
  expect(textsIn(board)).toEqual(["second life"]);
});
