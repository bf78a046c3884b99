import { describe, expect, test } from "vitest";
import { newsSince, type Moment } from "../../../src/app/shell/announcements.ts";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type { TransferState } from "@swapmeet/engine/io/view";

const ruth = "aa".repeat(32) as PeerId;
const quiet: Moment = { room: "#amber", search: null, downloads: [], posts: new Map(), server: null };
const news = (before: Partial<Moment>, now: Partial<Moment>): string =>
  newsSince({ ...quiet, ...before }, { ...quiet, ...now }, { person: () => "Ruth" }).replaceAll(
    "\u00a0",
    " ",
  );

const complete: TransferState = { type: "complete", saved: true };
const download = (name: string, state: TransferState) => ({
  file: name as FileId,
  name,
  folder: "",
  state,
});
const post = (id: string, mine = false) => ({ id: id as PostId, author: ruth, authorName: "", mine });
const search = (question: string, total: number) => ({ search: { question, total } });

describe("an announcement", () => {
  test("says how many files a new search finds, and not that more come later", () => {
    expect(news({}, search("a", 12))).toBe("12 results");
    expect(news(search("a", 12), search("ab", 0))).toBe("Nothing found");
    expect(news(search("a", 12), search("a", 13))).toBe("");
  });

  test("tells of a download that ended or stopped by itself, and not of one that is under way", () => {
    const full: TransferState = { type: "paused", because: { kind: "full", missingBytes: null } };
    const moving = { downloads: [download("song.mp3", { type: "downloading" })] };
    expect(news(moving, { downloads: [download("song.mp3", complete)] })).toBe("song.mp3: Complete, saved");
    expect(news(moving, { downloads: [download("song.mp3", full)] })).toMatch(/^song.mp3: Paused: no room/);
    expect(news(moving, { downloads: [download("song.mp3", { type: "paused", because: "person" })] })).toBe(
      "",
    );
    expect(news({}, moving)).toBe("");
  });

  test("gives a number when many downloads end at once", () => {
    const downloads = ["a", "b", "c", "d"].map((name) => download(name, complete));
    expect(news({}, { downloads })).toBe("4 downloads complete");
    expect(news({ downloads }, { downloads })).toBe("");
  });

  test("says who posted in which group, anywhere in a thread, and leaves out the person's own posts", () => {
    const before = { posts: new Map([["general", [post("1"), post("2")]]]) };
    const answered = { posts: new Map([["general", [post("1"), post("3"), post("2")]]]) };
    expect(news(before, answered)).toBe("Ruth wrote in general");
    expect(news({}, answered)).toBe("3 new posts in general");
    expect(news(before, { posts: new Map([["general", [post("1"), post("2"), post("4", true)]]]) })).toBe("");
  });

  test("is empty for a room that was just entered", () => {
    expect(news({ room: "#otter" }, { downloads: [download("a", complete)], ...search("a", 1) })).toBe("");
  });
});
