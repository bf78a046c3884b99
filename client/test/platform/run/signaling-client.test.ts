/** A tab that is in no room asks until it is, or until the person has had enough. */
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Socket } from "socket.io-client";
import type { Join, Joined } from "@swapmeet/shared";
import { openSocket, SignalingClient } from "../../../src/platform/run/signaling-client.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const JOIN = { secret: "c".repeat(32), room: { kind: "open" } } as Join;
const JOINED = { ok: true, tag: "a".repeat(64), address: "b".repeat(32), members: [] };
const FULL: Joined = { ok: false, reason: "room-full" };

/** Acknowledges with the next of `answers`; with nothing, in no time, once there are none. */
class FakeSocket extends EventEmitter {
  connected = true;
  readonly asked: string[] = [];
  readonly answers: unknown[];

  constructor(answers: unknown[]) {
    super();
    this.answers = answers;
  }

  timeout(limitMs: number) {
    return {
      emitWithAck: (event: string): Promise<unknown> => {
        this.asked.push(event);
        if (this.answers.length > 0) return Promise.resolve(this.answers.shift());
        return new Promise((_, reject) => setTimeout(reject, limitMs, new Error("operation has timed out")));
      },
    };
  }

  override off(): this {
    return this.removeAllListeners();
  }

  disconnect(): void {
    this.connected = false;
    this.emit("disconnect");
  }
}

const clientOf = (...answers: unknown[]) => {
  const socket = new FakeSocket(answers);
  const heard: string[] = [];
  const client = new SignalingClient(socket as unknown as Socket, JOIN, {
    joined: () => heard.push("joined"),
    refused: (reason) => heard.push(reason),
    envelope: () => {},
    lost: () => heard.push("lost"),
  });
  return { socket, heard, client };
};

test("[J6b] a join that is not answered in time is asked for again, until it is", async () => {
  const { socket, heard } = clientOf();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(heard).toEqual([]);
  socket.answers.push(JOINED);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(heard).toEqual(["joined"]);
  const asked = socket.asked.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.asked.length).toBe(asked);
});

test("a join that is refused, or answered with nonsense, is asked for again", async () => {
  const { heard } = clientOf(FULL, "nonsense", JOINED);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard).toEqual(["room-full", "joined"]);
});

test("[J13b] the answer to a join of a private room names that room, or is none", async () => {
  const tag = "d".repeat(64);
  const join = { secret: "c".repeat(32), room: { kind: "private", tag } } as Join;
  const socket = new FakeSocket([JOINED, { ...JOINED, tag }, JOINED]);
  const heard: string[] = [];
  const client = new SignalingClient(socket as unknown as Socket, join, {
    joined: (tag) => heard.push(tag),
    refused: (reason) => heard.push(reason),
    envelope: () => {},
    lost: () => heard.push("lost"),
  });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard).toEqual([tag]);
  client.sample();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(heard).toEqual([tag]);
  expect(socket.asked).toEqual(["join", "join", "sample"]);
});

test("a sample that is not answered is no reason to join again", async () => {
  const { socket, client } = clientOf(JOINED);
  client.sample();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.asked).toEqual(["join", "sample"]);
});

test("a socket that is lost joins once when it is back, and not at all after the room was left", async () => {
  const { socket, heard, client } = clientOf(FULL);
  await vi.advanceTimersByTimeAsync(0);
  socket.disconnect();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.asked).toEqual(["join"]);
  socket.connected = true;
  socket.answers.push(FULL);
  socket.emit("connect");
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual(["room-full", "lost", "room-full"]);
  client.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.asked).toEqual(["join", "join"]);
});

const failed = (responseText: unknown) =>
  Object.assign(new Error("xhr poll error"), { context: { responseText } });

test("[J10e] a handshake that is refused for its host or origin is told as such, anything else as a lost server", () => {
  const { socket, heard } = clientOf();
  for (const message of ["unknown-host", "foreign-origin"])
    socket.emit("connect_error", failed(JSON.stringify({ code: 4, message })));
  expect(heard).toEqual(["unknown-host", "foreign-origin"]);
  for (const body of [
    "",
    "<html>502</html>",
    '{"message":"too-fast"}',
    '{"message":7}',
    "null",
    undefined,
    {},
  ])
    socket.emit("connect_error", failed(body));
  socket.emit("connect_error", new Error("websocket error"));
  expect(heard.slice(2)).toEqual(Array.from({ length: 8 }, () => "lost"));
});

test("[J18] a socket is asked for where the page lies, and says of which origin the page is", () => {
  for (const [page, path] of [
    ["https://share.example.org/swap/#a-b-c-d", "/swap/socket.io/"],
    ["https://share.example.org/swap/index.html", "/swap/socket.io/"],
    ["https://share.example.org", "/socket.io/"],
  ] as const) {
    const socket = openSocket(page);
    socket.disconnect();
    expect(socket.io.opts).toMatchObject({ path, query: { origin: "https://share.example.org" } });
  }
});
