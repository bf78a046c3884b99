/** The command `swapmeet`, as processes that meet over a real server and real WebRTC on loopback. */
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HASH_BYTES } from "@swapmeet/engine/names/file-id";
import { Peer } from "../../node/peer.ts";
import { endWebRtc } from "../../node/web-rtc.ts";
import type { RoomCode } from "../../src/platform/room/room-code.ts";
import { newRoomCode } from "../../src/platform/room/room-code.ts";
import { buildCommand, ServerProcess, Swapmeet } from "./processes.ts";

const PIECE_BYTES = 256 * 1024;
const HEADER_BYTES = 2048;

let server: ServerProcess;
let root: string;
let code: RoomCode;

beforeAll(async () => {
  [server] = await Promise.all([ServerProcess.start(), buildCommand()]);
});
afterAll(async () => {
  server.kill("SIGTERM");
  await server.ended();
  endWebRtc();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "swapmeet-test-"));
  code = await newRoomCode(randomBytes);
});
afterEach(async () => {
  await Swapmeet.endAll();
  await rm(root, { recursive: true, force: true });
});

/** In the test's room. */
const start = (...args: string[]): Swapmeet =>
  Swapmeet.start([...args, "--room", code, "--json"], server.url, root);
/** Resolves when it offers all that it was given. */
const sharing = async (...paths: string[]): Promise<Swapmeet> => {
  const sharer = start("share", ...paths, "--name", "Ada");
  await sharer.says(/"shared"/);
  return sharer;
};
const fileOf = async (name: string, bytes: number): Promise<string> => {
  await writeFile(join(root, name), randomBytes(bytes));
  return name;
};
const sha256 = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

describe("share, get, ls and search", () => {
  test("a folder is offered with all that is in it, found, and fetched; both leave in order", async () => {
    await mkdir(join(root, "box/sub"), { recursive: true });
    await mkdir(join(root, "box/empty"));
    await fileOf("box/a.bin", 700_000);
    await fileOf("box/sub/b.txt", 5);
    await symlink("/etc/passwd", join(root, "box/link"));
    const sharer = await sharing("box");
    const paths = sharer.events().filter(({ event }) => event === "skipped");
    expect(paths.map(({ path, why }) => [String(path).slice(root.length), why])).toEqual([
      ["/box/empty", "empty-folder"],
      ["/box/link", "link"],
    ]);

    const [list, found, got] = [start("ls"), start("search", "b"), start("get", "box", "--to", "out")];
    expect(await list.ended()).toBe(0);
    expect(list.events()).toContainEqual(expect.objectContaining({ event: "person", name: "Ada", files: 2 }));
    expect(list.events()).toContainEqual(
      expect.objectContaining({ event: "file", name: "b.txt", folder: "box/sub", bytes: 5, sources: 1 }),
    );
    expect(await found.ended()).toBe(0);
    expect(await got.ended()).toBe(0);
    for (const path of ["box/a.bin", "box/sub/b.txt"])
      expect(await sha256(join(root, "out", path))).toBe(await sha256(join(root, path)));
    expect((await readdir(join(root, "out"), { recursive: true })).sort(), "nothing else is left").toEqual([
      "box",
      "box/a.bin",
      "box/sub",
      "box/sub/b.txt",
    ]);

    sharer.kill("SIGINT");
    expect(await sharer.ended()).toBe(0);
    expect(sharer.events().at(-1)).toEqual({ event: "left", sentBytes: 700_005 });
    expect(sharer.stderr + got.stderr + list.stderr).toBe("");
  });

  test("the link of a file gives server, room and file at once", async () => {
    const sharer = await sharing(await fileOf("a.bin", 100));
    const { link } = sharer.events().find(({ event }) => event === "shared")!;
    const got = Swapmeet.start(["get", String(link), "--to", "out"], "http://127.0.0.1:1", root);
    expect(await got.ended()).toBe(0);
    expect(got.stdout).toBe("Saved out/a.bin (100 B)\n");
    expect(await sha256(join(root, "out/a.bin"))).toBe(await sha256(join(root, "a.bin")));
    const again = Swapmeet.start(["get", String(link), "--to", "out"], "http://127.0.0.1:1", root);
    expect(await again.ended()).toBe(0);
    expect(await readdir(join(root, "out")), "what is there already is not fetched again").toEqual(["a.bin"]);
  });

  test("a file that comes into a shared folder is offered, and one that goes is not any more", async () => {
    await mkdir(join(root, "box"));
    await fileOf("box/a.txt", 5);
    const sharer = await sharing("box");
    await fileOf("box/b.txt", 6);
    await sharer.says(/"shared","name":"b.txt","folder":"box"/);
    await rm(join(root, "box/a.txt"));
    await sharer.says(/"unshared","name":"a.txt"/);
  });
});

describe("[F5] [S12] a download that is killed", () => {
  test("goes on where it was: what was stored is not fetched again", async () => {
    const length = 40_000_000;
    const first = await sharing(await fileOf("long.bin", length));
    const killed = start("get", "long.bin", "--to", "out");
    await killed.says(/"progress"/);
    killed.kill("SIGKILL");
    expect(await killed.ended()).toBeNull();
    first.kill("SIGINT");
    await first.ended();
    const claims = (await readFile(join(root, "out/long.bin.part.claims"))).subarray(HEADER_BYTES);
    const pieces = Math.ceil(length / PIECE_BYTES);
    let stored = 0;
    for (let piece = 0; piece < pieces; piece++)
      if (claims.subarray(piece * HASH_BYTES, (piece + 1) * HASH_BYTES).some((byte) => byte !== 0)) stored++;
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(pieces);

    const second = await sharing("long.bin");
    const resumed = start("get", "long.bin", "--to", "out");
    expect(await resumed.ended()).toBe(0);
    expect(await sha256(join(root, "out/long.bin"))).toBe(await sha256(join(root, "long.bin")));
    expect(await readdir(join(root, "out"))).toEqual(["long.bin"]);
    second.kill("SIGINT");
    await second.ended();
    const { sentBytes } = second.events().at(-1)!;
    expect(sentBytes).toBeLessThanOrEqual(length - stored * PIECE_BYTES + PIECE_BYTES);
  });
});

describe("send, receive, post, and share --keep", () => {
  test("a mailbox keeps what it is sent, and offers it when the sender has left", async () => {
    const mailbox = start("share", "--keep", "--to", "kept", "--name", "Mailbox");
    await mailbox.says(/"room"/);
    const sender = start("send", await fileOf("letter.txt", 300_000), "--to", "Mailbox", "--name", "Ada");
    expect(await sender.ended()).toBe(0);
    const got = start("get", "letter.txt", "--to", "out");
    expect(await got.ended()).toBe(0);
    for (const folder of ["kept", "out"])
      expect(await sha256(join(root, folder, "letter.txt"))).toBe(await sha256(join(root, "letter.txt")));
  });

  test("a receiver ends when all is here; a post is told to who is there", async () => {
    const receiver = start("receive", "--to", "out", "--name", "Ben");
    await receiver.says(/"waiting"/);
    const posted = start("post", "hello", "room");
    expect(await posted.ended()).toBe(0);
    await fileOf("b.txt", 0);
    const sender = start("send", await fileOf("a.txt", 5), "b.txt", "--to", "Ben");
    expect([await receiver.ended(), await sender.ended()]).toEqual([0, 0]);
    expect((await readdir(join(root, "out"))).sort()).toEqual(["a.txt", "b.txt"]);
  });
});

describe("names of strangers", () => {
  test("[N1] [N2] write nowhere but into the chosen folder, and do not reach the terminal", async () => {
    const stranger = await Peer.join({
      ...{ serverUrl: server.url, code, name: "\u001B[2JEve\u202E" },
      ...{ folder: join(root, "eve"), sharesDownloads: false },
    });
    try {
      await fileOf("a.bin", 1000);
      const local = await stranger.files.share(join(root, "a.bin"));
      const name = "../../../evil\u001B[31m\n.txt";
      stranger.feed({ type: "share", files: [{ ...local, name, folder: "../../.." }] });
      await mkdir(join(root, "deep/out"), { recursive: true });
      const list = start("ls");
      expect(await list.ended()).toBe(0);
      const { link } = list.events().find(({ event }) => event === "file")!;
      const got = Swapmeet.start(["get", String(link), "--to", "deep/out"], server.url, root);
      expect(await got.ended()).toBe(0);
      const saved = await readdir(join(root, "deep"), { recursive: true });
      expect(saved).toHaveLength(2);
      expect((await readdir(root)).sort()).toEqual(["a.bin", "deep"]);
      // eslint-disable-next-line no-control-regex
      expect(list.stdout + got.stdout + got.stderr).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u202E]/);
    } finally {
      stranger.close();
    }
  });
});

describe("what goes wrong is told, with cause, remedy and an exit code", () => {
  test.each([
    [["ls", "--room", "amber-otter-cedar-violett"], 2, /"violett" is in no room code. Is it "violet"/],
    [["get"], 2, /missing required argument/],
    [
      ["ls", "--nearby", "--server", "http://127.0.0.1:1"],
      69,
      /Nothing answers at http:\/\/127.0.0.1:1\/. Is the server running/,
    ],
    [["share", "none.bin"], 2, /There is no file to share in none.bin/],
    [["--help"], 0, /Exit codes/],
  ])("%j ends with %d", async (args, exitCode, words) => {
    const command = Swapmeet.start(args, server.url, root);
    expect(await command.ended()).toBe(exitCode);
    expect(exitCode === 0 ? command.stdout : command.stderr).toMatch(words);
  });

  test("a file that nobody offers, a person who is not there, a room without anybody", async () => {
    await sharing(await fileOf("a.bin", 10));
    const [got, sent] = [
      start("get", "b.bin", "--wait", "3"),
      start("send", "a.bin", "--to", "Zoe", "--wait", "3"),
    ];
    expect([await got.ended(), await sent.ended()]).toEqual([1, 1]);
    expect(got.events().at(-1)).toMatchObject({ event: "error", exitCode: 1 });
    expect(got.stdout).toContain('Nobody in the room offers \\"b.bin\\"');
    expect(sent.stdout).toMatch(/Zoe is not in the room. Here are: .*Ada/);
    const alone = Swapmeet.start(["ls", "--room", await newRoomCode(randomBytes)], server.url, root);
    expect(await alone.ended()).toBe(1);
    expect(alone.stderr).toBe("swapmeet: Nobody else is in the room.\n");
  });

  test("Ctrl+C ends a wait in order, and a second signal ends it at once", async () => {
    const once = start("receive");
    await once.says(/"waiting"/);
    once.kill("SIGINT");
    expect(await once.ended()).toBe(130);
    const twice = start("receive");
    await twice.says(/"waiting"/);
    twice.kill("SIGINT");
    twice.kill("SIGTERM");
    expect([130, 143]).toContain(await twice.ended());
    expect(once.stderr + twice.stderr).toBe("");
  });
});

const mayMount = process.platform === "linux" && process.getuid?.() === 0;
if (!mayMount)
  process.stderr.write("SKIPPED: a full disk and a read-only folder need root on Linux, to mount a tmpfs.\n");

describe.runIf(mayMount)("a disk that does not take it", () => {
  const mounted = (options: string): string => {
    const path = join(root, "disk");
    execFileSync("mkdir", ["-p", path]);
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
    return path;
  };
  afterEach(() => execFileSync("umount", [join(root, "disk")]));

  test("[F12] full: what came stays, and the same command goes on once there is room", async () => {
    await sharing(await fileOf("a.bin", 4_000_000));
    const disk = mounted("size=2m");
    const full = start("get", "a.bin", "--to", disk);
    expect(await full.ended()).toBe(73);
    expect(full.stdout).toMatch(/the disk is full. All that is here stays in the .part file/);
    expect((await readdir(disk)).sort()).toEqual(["a.bin.part", "a.bin.part.claims"]);
    execFileSync("mount", ["-o", "remount,size=8m", disk]);
    expect(await start("get", "a.bin", "--to", disk).ended()).toBe(0);
    expect(await sha256(join(disk, "a.bin"))).toBe(await sha256(join(root, "a.bin")));
  });

  test("read-only: nothing is begun", async () => {
    const disk = mounted("ro");
    const got = start("get", "a.bin", "--to", disk);
    expect(await got.ended()).toBe(73);
    expect(got.stdout).toMatch(/Nothing can be written to .*: it is read-only. Choose another folder/);
  });
});
