import fc from "fast-check";
import unhomoglyph from "unhomoglyph";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { PostView } from "@swapmeet/engine/io/view";
import { formatClaimedTime } from "../../../src/app/board/claimed-time.ts";
import { parseGroupName } from "../../../src/app/board/group-name.ts";
import { keepDrafts, keptDrafts, type Draft } from "../../../src/app/board/kept-drafts.ts";
import { isLong, linkedParts } from "../../../src/app/parts/text/linked-text.ts";
import { goneAuthorsOf, lookAlikesIn } from "../../../src/app/parts/names/look-alikes.ts";
import { SeenPosts } from "../../../src/app/board/seen-posts.ts";
import { answeredIn } from "../../../src/app/board/threads.ts";
import { passedAtEnd, unreadIn } from "../../../src/app/board/unread.ts";

const links = (text: string): string[] => linkedParts(text).flatMap(({ href }) => href ?? []);
const linkedText = (text: string): string[] =>
  linkedParts(text).flatMap(({ text, href }) => (href === null ? [] : text));

describe("links in a text", () => {
  test("an address becomes a link, and the sentence around it stays text", () => {
    expect(linkedParts("see https://example.org/a?b=c#d, then write")).toEqual([
      { text: "see ", href: null, host: null },
      { text: "https://example.org/a?b=c#d", href: "https://example.org/a?b=c#d", host: null },
      { text: ", then write", href: null, host: null },
    ]);
  });

  test("marks that end the sentence are no part of the address; brackets that the address opened are", () => {
    expect(linkedText("(http://a.example/x).")).toEqual(["http://a.example/x"]);
    expect(linkedText("https://en.wikipedia.org/wiki/Tit_(bird)!")).toEqual([
      "https://en.wikipedia.org/wiki/Tit_(bird)",
    ]);
    expect(linkedText("“https://a.example”")).toEqual(["https://a.example"]);
    expect(linkedText("见https://a.example/路。好")).toEqual(["https://a.example/路"]);
  });

  test("only http and https are links, and no address that pretends to be another", () => {
    for (const text of [
      "javascript:alert(1)",
      "data:text/html,x",
      "ftp://a.example",
      "file:///etc/passwd",
      "https://bank.example@evil.example/",
      "https://",
      "http:evil.example",
      "xhttps://a.example",
    ])
      expect(links(text)).toEqual([]);
  });

  test("a link whose address has letters of another script says where it leads", () => {
    const [part] = linkedParts("https://www.аpple.com/reset");
    expect(part).toMatchObject({ text: "https://www.аpple.com/reset", host: "www.xn--pple-43d.com" });
  });

  test("the parts of any text together are the text, and every link is http or https", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.constantFrom("http://", "https://[", "https://a:b@c/", "(", ")", "\n", "javascript:", "https://%00"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join("");
        const parts = linkedParts(text);
        expect(parts.map(({ text }) => text).join("")).toBe(text);
        for (const { href } of parts) if (href !== null) expect(href).toMatch(/^https?:\/\/[^@]*(\/|$)/);
      }),
    );
  });

  test("8,000 bytes that were made to be slow are read quickly", () => {
    for (const text of [
      "https://" + ")".repeat(8000),
      "https://a".repeat(890),
      "http://" + "(".repeat(8000),
    ]) {
      const began = process.cpuUsage(); // not by the clock: other programs would count
      linkedParts(text);
      expect(process.cpuUsage(began).user).toBeLessThan(200_000);
    }
  });

  test("a text of many lines or letters is long", () => {
    expect(isLong("line\n".repeat(15))).toBe(false);
    expect(isLong("\n".repeat(16))).toBe(true);
    expect(isLong("x".repeat(1601))).toBe(true);
  });
});

describe("look-alikes", () => {
  const alike = (...names: string[]): string[] =>
    [
      ...lookAlikesIn(
        names.map((name, i) => ({ peer: `${i} ${name}` as PeerId, name })),
        unhomoglyph,
      ),
    ].map((peer) => peer.slice(2));

  test("equal names are alike, and those that differ in case, width, spaces or accents' spelling", () => {
    for (const [a, b] of [
      ["Ruth", "Ruth"],
      ["Ruth", "ruth"],
      ["Ivan", "IVAN"],
      ["Ruth", "Ｒｕｔｈ"],
      ["Swift Otter", "SwiftOtter"],
      ["José", "Jose\u0301"],
    ] as const)
      expect(alike(a, b, "Tomas")).toEqual([a, b]);
  });

  test("names in letters that look the same are alike", () => {
    for (const [a, b] of [
      ["Ruth", "Rυth"],
      ["Tomas", "Тоmаѕ"],
      ["Alba", "A1ba"],
      ["Ivan", "lvan"],
      ["Marn", "Mam"],
      ["Joon", "J00n"],
    ] as const)
      expect(alike(a, b)).toEqual([a, b]);
  });

  test("other names are not", () => {
    expect(alike("Ruth", "Rut", "Tomas", "سارة", "Jose", "José", "Ruth B")).toEqual([]);
  });

  test("a person who takes the name of an author who left is alike to that author", () => {
    const [left, here, other] = ["left", "here", "other"] as PeerId[];
    const posts = [
      { author: left!, authorName: "Ruth" },
      { author: left!, authorName: "Ruth" },
      { author: here!, authorName: "Rüdiger" },
      { author: other!, authorName: "" },
    ];
    const people = [{ peer: here!, name: "ruth" }];
    const gone = goneAuthorsOf(posts, people);
    expect(gone).toEqual([{ peer: left, name: "Ruth" }]);
    expect([...lookAlikesIn([...people, ...gone], unhomoglyph)]).toEqual([here, left]);
  });

  test("a person is not alike to themselves", () => {
    const ruth = { peer: "1" as PeerId, name: "Ruth" };
    expect(lookAlikesIn([ruth, ruth], unhomoglyph).size).toBe(0);
  });
});

const view = (id: string, depth: 0 | 1 = 0, more: Partial<PostView> = {}): PostView => ({
  id: id as PostId,
  author: "p" as PeerId,
  authorName: "Ruth",
  group: "general",
  text: id,
  replyTo: null,
  depth,
  writtenAt: 0,
  mine: false,
  ...more,
});
const seen =
  (...ids: string[]) =>
  (id: PostId): boolean =>
    ids.includes(id);

describe("unread posts", () => {
  test("are those of others that have not been seen", () => {
    const posts = [view("a"), view("b"), view("c", 0, { mine: true })];
    expect(unreadIn(posts, seen("a")).map(({ id }) => id)).toEqual(["b"]);
  });

  test("a person who opens an unread group at its end has passed all of it", () => {
    const posts = [view("a"), view("a1", 1), view("b"), view("b1", 1)];
    expect(passedAtEnd(posts, seen())).toEqual(["a", "a1", "b", "b1"]);
  });

  test("a new answer in a thread seen before stays unread, a new thread at the end does not", () => {
    const posts = [view("a"), view("a1", 1), view("a2", 1), view("b"), view("c"), view("c1", 1)];
    expect(passedAtEnd(posts, seen("a", "a1", "b"))).toEqual(["c", "c1"]);
  });

  test("a post that was seen counts as seen in the next visit", () => {
    const id = "0123456789abcdef".repeat(4) as PostId;
    const first = new SeenPosts();
    expect(first.has(id)).toBe(false);
    first.add(id);
    first.keep();
    expect(new SeenPosts().has(id)).toBe(true);
  });
});

test("an answer to an answer says whom it answers, an answer to the thread's first post need not", () => {
  const first = view("a");
  const answer = view("b", 1, { replyTo: first.id });
  const further = view("c", 1, { replyTo: answer.id });
  const lost = view("d", 1, { replyTo: "gone" as PostId });
  expect([...answeredIn([first, answer, further, lost])]).toEqual([[further, answer]]);
});

describe("the name of a new group", () => {
  test("is taken as it is when it is valid", () => {
    for (const name of ["general", "field-notes", "comp.lang.c", "4", "x".repeat(32)])
      expect(parseGroupName(` ${name} `)).toEqual({ ok: true, value: name });
  });

  test("is refused otherwise, with the nearest valid name", () => {
    for (const [typed, suggestion] of [
      ["Field Notes", "field-notes"],
      ["Übung", "ubung"],
      ["-x", "x"],
      ["y".repeat(40), "y".repeat(32)],
      ["日本", null],
    ] as const)
      expect(parseGroupName(typed)).toEqual({ ok: false, problem: { type: "not-a-name", suggestion } });
    expect(parseGroupName("  ")).toEqual({ ok: false, problem: { type: "empty" } });
  });

  test("is valid in every suggestion", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (typed) => {
        const parsed = parseGroupName(typed);
        if (parsed.ok || parsed.problem.type === "empty" || parsed.problem.suggestion === null) return;
        expect(parseGroupName(parsed.problem.suggestion)).toEqual({
          ok: true,
          value: parsed.problem.suggestion,
        });
      }),
    );
  });
});

describe("the time that an author claims", () => {
  const now = new Date(2026, 10, 22, 15, 30).getTime();
  const HOUR_MS = 3_600_000;

  test("is a time today, a day this year, a date before", () => {
    const minutes = formatClaimedTime(now - 25 * 60_000, now)!;
    expect(minutes).toMatch(/3:05|15:05/);
    expect(formatClaimedTime(now - 5 * 24 * HOUR_MS, now)).toMatch(/17/);
    expect(formatClaimedTime(now, now + 400 * 24 * HOUR_MS)).toMatch(/2026/);
  });

  test("is not shown when it can't be right", () => {
    for (const claim of [now + 25 * HOUR_MS, now + 1e11, 0, -1, NaN, Infinity, 1e300, Date.UTC(2016, 0)])
      expect(formatClaimedTime(claim, now)).toBeNull();
    expect(formatClaimedTime(now + 23 * HOUR_MS, now)).not.toBeNull();
  });
});

describe("a draft", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });
  const stub = () => {
    const items = new Map<string, string>();
    vi.stubGlobal("sessionStorage", {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => items.set(key, value),
    });
    return items;
  };
  const draft = (text: string, replyTo: string | null = null): Draft => ({
    text,
    replyTo: replyTo as PostId,
  });

  test("comes back after a reload, with the post that it answers; an empty one does not", () => {
    stub();
    keepDrafts([
      ["general", draft("half a sentence", "ab")],
      ["music", draft(" ")],
    ]);
    expect(keptDrafts()).toEqual([["general", draft("half a sentence", "ab")]]);
    keepDrafts([]);
    expect(keptDrafts()).toEqual([]);
  });

  test("is kept beside few others, and only up to a length", () => {
    stub();
    keepDrafts(
      Array.from({ length: 30 }, (_, i) => [`group ${i}`, draft("x".repeat(i === 29 ? 60_000 : 9))]),
    );
    expect(keptDrafts()).toHaveLength(20);
    expect(keptDrafts().at(-1)?.[0]).toBe("group 28");
  });

  test("is not there when another version stored it, or the browser forbids storage", () => {
    const items = stub();
    for (const kept of ["{", "3", "[3]", '[["general"]]', '[["general",{"text":1,"replyTo":null}]]']) {
      items.set("swapmeet:drafts", kept);
      expect(keptDrafts()).toEqual([]);
    }
    vi.stubGlobal("sessionStorage", undefined);
    keepDrafts([["general", draft("lost")]]);
    expect(keptDrafts()).toEqual([]);
  });
});
