/** Reading of the command line, of rooms and links, and of what lies on the disk; and what a terminal is shown. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileIdFrom } from "@swapmeet/engine/names/file-id";
import { readCommand } from "../../peer/src/command-line.ts";
import { Failure } from "../../peer/src/base/failure.ts";
import { linkIn, placeOf, roomLink, type PlaceOptions } from "../../peer/src/visit/place.ts";
import { rootOf, walk } from "../../peer/src/visit/walk.ts";
import { barOf, barsOf } from "../../peer/src/voice/bars.ts";
import { lineOf } from "../../peer/src/voice/event.ts";
import { formatBytes, formatSeconds, printable } from "../../peer/src/voice/format.ts";

const CODE = "amber-otter-cedar-violet";
const FILE = fileIdFrom(`${"ab".repeat(32)}-17`)!;

describe("a command line", () => {
  test("says what is to be done, and how", () => {
    expect(readCommand(["share", "a", "b", "--keep", "-r", CODE, "--json"])).toEqual({
      ok: true,
      value: {
        ...{ do: "share", paths: ["a", "b"], keep: true, to: "received" },
        options: { room: CODE, json: true, wait: 30 },
      },
    });
    expect(readCommand(["search", "blue", "song", "--nearby", "--wait", "0"])).toMatchObject({
      value: { do: "search", words: "blue song", options: { nearby: true, wait: 0 } },
    });
    expect(readCommand(["send", "a", "--to", "Ben"])).toMatchObject({ value: { do: "send", to: "Ben" } });
  });

  test.each([
    [["get"], /missing required argument/],
    [["fetch", "a.bin"], /unknown command/],
    [["share"], /Name a file or a folder/],
    [["send", "a"], /required option '-t, --to <name>'/],
    [["ls", "--wait", "soon"], /give seconds/],
    [["ls", "--loud"], /unknown option/],
    [[], /Usage: swapmeet/],
  ])("%j is wrong use, which is told", (args, words) => {
    const read = readCommand(args);
    expect(read).toMatchObject({ ok: false, problem: { exitCode: 2 } });
    expect(read.ok ? "" : read.problem.text).toMatch(words);
  });

  test("help is no failure, and has the exit codes", () => {
    const read = readCommand(["--help"]);
    expect(read).toMatchObject({ ok: false, problem: { exitCode: 0 } });
    expect(read.ok ? "" : read.problem.text).toMatch(/Exit codes:[^]*130 {2}interrupted/);
  });
});

describe("a place", () => {
  const options = (more: Partial<PlaceOptions> = {}): PlaceOptions => ({
    defaultServer: "http://localhost:3000",
    ...more,
  });

  test("a link gives server and room at once, also under a subpath; an option names another server", async () => {
    const link = linkIn(`https://example.org/swap/#${CODE}/${FILE}`)!;
    expect(link).toEqual({ serverUrl: "https://example.org/swap/", code: CODE, file: FILE });
    const place = await placeOf(options(), [link], false);
    expect(place).toEqual({ serverUrl: "https://example.org/swap/", code: CODE, isNew: false });
    expect(roomLink(place, FILE)).toBe(`https://example.org/swap/#${CODE}/${FILE}`);
    const room = await placeOf(options({ room: `https://example.org/swap#${CODE}` }), [], false);
    expect(room.serverUrl).toBe("https://example.org/swap/");
    const other = await placeOf(options({ server: "http://lan.test" }), [link], false);
    expect(other.serverUrl).toBe("http://lan.test/");
  });

  test("[J15c] a link by way of the page about trust leads to the server's page", () => {
    for (const path of ["trust", "trust/"])
      expect(linkIn(`http://192.168.1.20:3000/${path}#${CODE}`)).toEqual({
        serverUrl: "http://192.168.1.20:3000/",
        code: CODE,
        file: null,
      });
  });

  test("without a room one is made, or the open one is taken, or it is asked for", async () => {
    expect(await placeOf(options(), [], true)).toMatchObject({ isNew: true });
    expect(await placeOf(options({ nearby: true }), [], false)).toMatchObject({ code: null });
    await expect(placeOf(options(), [], false)).rejects.toThrow("--room CODE");
  });

  test.each([
    ["amber-otter", /2 words/],
    ["amber-otter-cedar-violett", /"violett" is in no room code. Is it "violet"/],
    ["-", /empty/],
  ])("the code %s is told to be wrong", async (room, words) => {
    const failure: unknown = await placeOf(options({ room }), [], false).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ exitCode: 2, message: expect.stringMatching(words) as string });
  });

  test("links into different rooms, and a server that is no URL, are refused", async () => {
    const links = [CODE, "amber-otter-cedar-violin"].map((code) => linkIn(`http://lan.test/#${code}`)!);
    await expect(placeOf(options(), links, false)).rejects.toThrow("different rooms");
    await expect(placeOf(options({ room: CODE, server: "lan.test" }), [], false)).rejects.toThrow(
      "no server",
    );
  });
});

describe("a walk", () => {
  let root: string;
  beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "swapmeet-test-"))));
  afterEach(() => rm(root, { recursive: true }));

  test("gives files with their folders, tells what it passes over, and leaves out parts of downloads", async () => {
    const box = join(root, "box");
    await mkdir(join(box, "sub/empty"), { recursive: true });
    for (const name of ["b.txt", "sub/a.txt", "x.bin.part", "x.bin.part.claims"])
      await writeFile(join(box, name), "");
    await symlink("/etc", join(box, "link"));
    const found: unknown[] = [];
    for await (const each of walk(rootOf(box))) found.push(each);
    expect(found).toEqual([
      { path: join(box, "b.txt"), folder: "box" },
      { event: "skipped", path: join(box, "link"), why: "link" },
      { path: join(box, "sub/a.txt"), folder: "box/sub" },
      { event: "skipped", path: join(box, "sub/empty"), why: "empty-folder" },
    ]);
  });

  test("of one file gives it without a folder, and tells of one that is not there", async () => {
    const path = join(root, "a.txt");
    await writeFile(path, "");
    for await (const each of walk(rootOf(path))) expect(each).toEqual({ path, folder: "" });
    for await (const each of walk(rootOf(join(root, "none"))))
      expect(each).toMatchObject({ event: "skipped", why: "unreadable" });
  });
});

describe("what a terminal is shown", () => {
  test("a name of a stranger has no control characters, escapes, or turns of direction", () => {
    expect(printable("\u001B[2J\u001B]0;title\u0007evil\u009B31m\u202Etxt.\n\u0000exe")).toBe("eviltxt. exe");
    const { text } = lineOf({ event: "saved", name: "a", path: "\u001B[31ma", bytes: 1_234 });
    expect(printable(text)).toBe("Saved a (1.2 KB)");
    expect(barOf({ name: "\u001B[2Ja", bytes: 0, of: 1, bytesPerSecond: 0, secondsLeft: null })).toMatch(
      /^a /,
    );
  });

  test("a bar has percent, amounts, rate and time left; long lists are cut", () => {
    const bar = { name: "x".repeat(40), bytes: 25, of: 100, bytesPerSecond: 3_100_000, secondsLeft: 90 };
    expect(barOf(bar)).toBe(
      `${"x".repeat(27)}… [${"#".repeat(6)}${"-".repeat(18)}]  25 %  25 B of 100 B, 3.1 MB/s, 2 min left`,
    );
    expect(barsOf(Array.from({ length: 10 }, () => bar)).split("\n")).toHaveLength(9);
    expect(barsOf(Array.from({ length: 10 }, () => bar))).toMatch(/and 2 more$/);
  });

  test("numbers are short", () => {
    expect([17, 1_999, 412_000_000, 2_150_000_000].map(formatBytes)).toEqual([
      ...["17 B", "1.9 KB", "412 MB", "2.1 GB"],
    ]);
    expect([0.2, 59, 420, 7_200].map(formatSeconds)).toEqual(["1 s", "59 s", "7 min", "2 h"]);
  });
});
