/** A tap sees all that the engine puts out, and its outputs are performed instead of the engine's. */
import type { Socket } from "socket.io-client";
import { afterEach, expect, test, vi } from "vitest";
import type { Engine, EngineOptions } from "@swapmeet/engine";
import type { Input, Notice, Output } from "@swapmeet/engine/io/io";
import { peerIdOf, type PeerId } from "@swapmeet/engine/names/peer-id";
import { Host } from "../../../src/platform/run/host.ts";

/** An engine whose outputs are the test's. */
const outputs: Output[] = [];
vi.mock("@swapmeet/engine", async (original) => ({
  ...(await original<object>()),
  Engine: class {
    handle(_: Input): Output[] {
      return outputs.splice(0);
    }
    nextDeadline = () => null;
  },
}));

const PEER = peerIdOf(new Uint8Array(32).fill(2));
/** Told apart by the peer that they name. */
const noticeOf = (name: string): Notice => ({ type: "not-reached", peer: name as PeerId });
const output = (name: string): Output => ({ type: "notice", notice: noticeOf(name) });

let host: Host | undefined;
afterEach(() => host?.close());

const hostWith = (tap: NonNullable<ConstructorParameters<typeof Host>[0]["tap"]>) => {
  const socket: object = {
    on: () => socket,
    emit: () => socket,
    off: () => socket,
    disconnect: () => socket,
  };
  const performed: Notice[] = [];
  host = new Host({
    engine: {} as EngineOptions,
    identity: { peer: PEER, secretKey: new Uint8Array(32).fill(1), epoch: 0, release() {} },
    socket: socket as Socket,
    join: { secret: "00".repeat(16), room: { kind: "open" } } as never,
    iceServers: [],
    relayOnly: false,
    verify: () => {},
    server: () => {},
    entered: () => {},
    moved: () => {},
    notice: (notice) => performed.push(notice),
    keep: () => {},
    changed: () => {},
    report: (error) => expect.fail(String(error)),
    files: () => ({ perform() {}, close() {} }),
    tap,
  });
  return { host, performed };
};

test("a tap changes, drops and adds outputs, and is told the engine that they come from", () => {
  const seen: (readonly Output[])[] = [];
  const engines = new Set<Engine>();
  const { host, performed } = hostWith((outputs, engine) => {
    seen.push(outputs);
    engines.add(engine);
    const [changed, , kept] = outputs;
    return changed && kept ? [output("instead"), kept, output("added")] : outputs;
  });
  outputs.push(output("changed"), output("dropped"), output("kept"));
  host.feed({ type: "tick" });
  expect(performed).toEqual(["instead", "kept", "added"].map(noticeOf));
  expect(seen.at(-1)).toEqual(["changed", "dropped", "kept"].map(output));
  expect([...engines]).toEqual([host.engine]);
});

test("a tap sees the end of each input, also of one that has no outputs", () => {
  let calls = 0;
  const { host } = hostWith((outputs) => {
    calls++;
    return outputs;
  });
  const before = calls;
  host.feed({ type: "tick" });
  host.feed({ type: "tick" });
  expect(calls - before).toBe(2);
});
