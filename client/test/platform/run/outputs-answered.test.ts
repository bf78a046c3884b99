/** No output of the engine stays unanswered, however the browser treats the call for it. */
import type { Socket } from "socket.io-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bytesToHex } from "@swapmeet/engine/base/bytes";
import type { EngineOptions } from "@swapmeet/engine";
import type { Input, Output } from "@swapmeet/engine/io/io";
import { peerIdOf } from "@swapmeet/engine/names/peer-id";
import { pageReading } from "../../../src/platform/bytes/page-reading.ts";
import { storesAt, type Desk } from "../../../src/platform/store/desk-stores.ts";
import { Holdings } from "../../../src/platform/files/holdings.ts";
import { Host } from "../../../src/platform/run/host.ts";
import { MemoryShelves } from "../../../src/platform/store/memory-shelves.ts";
import { StoreDesk } from "../../../src/platform/store/store-desk.ts";
import { testFile } from "../store/piece-store-contract.ts";

/** An engine that gives the test's outputs, and records its inputs. */
const wanted: Output[] = [];
const heard: Input[] = [];
vi.mock("@swapmeet/engine", async (original) => ({
  ...(await original<object>()),
  Engine: class {
    handle(input: Input): Output[] {
      heard.push(input);
      return wanted.splice(0);
    }
    nextDeadline = () => null;
    linkOf = () => null;
  },
}));

const LENGTH = 17 * 1024 * 1024; // so that there is asked whether there is room
const PEER = peerIdOf(new Uint8Array(32).fill(2));
const file = await testFile(1, LENGTH);
const handed = await testFile(2, 1000);

/** Every kind of output, or the compiler complains: one of it, and which inputs answer it. */
type Answered = { readonly output: Output; readonly by: readonly Input["type"][] };
const OUTPUTS: {
  readonly [Type in Output["type"]]: (Answered & { output: { type: Type } }) | "expects no answer";
} = {
  "open-store": {
    output: { type: "open-store", file: file.id, layer: file.layer },
    by: ["store-opened", "store-failed"],
  },
  "check-piece": {
    output: { type: "check-piece", file: file.id, piece: 0, hash: file.layer.slice(0, 32) },
    by: ["piece-stored", "piece-corrupt", "store-failed"],
  },
  // A piece that is being checked, or that does not exist: the check of it would wait for ever.
  "put-block": {
    output: { type: "put-block", file: file.id, begin: 2 * LENGTH, bytes: new Uint8Array(1) },
    by: ["store-failed"],
  },
  "send-blocks": {
    output: { type: "send-blocks", peer: PEER, id: 1, file: file.id, begin: 0, length: 1000 },
    by: ["read-failed"],
  },
  "hash-leaves": {
    output: { type: "hash-leaves", file: file.id, piece: 0 },
    by: ["leaves-hashed", "read-failed"],
  },
  "save-file": {
    output: { type: "save-file", file: file.id, entries: [{ name: "name", folder: "" }] },
    by: ["file-saved", "file-kept", "save-failed"],
  },
  "check-file": { output: { type: "check-file", file: handed.id }, by: ["file-checked"] },
  sign: { output: { type: "sign", job: 1, bytes: new Uint8Array(8) }, by: ["signed"] },
  verify: {
    output: { type: "verify", job: 2, by: PEER, bytes: new Uint8Array(8), signature: new Uint8Array(64) },
    by: ["verified"],
  },
  "open-message": {
    output: { type: "open-message", job: 3, from: PEER, id: 1, box: new Uint8Array(8) },
    by: ["message-opened"],
  },
  // There is no WebRTC here: the constructor throws.
  dial: { output: { type: "dial", link: 1 }, by: ["link-closed"] },
  accept: { output: { type: "accept", link: 1 }, by: ["link-closed"] },
  // The engine gives a link the time that an attempt may take, and asks the server again by itself.
  signal: "expects no answer",
  "open-relay": "expects no answer",
  "relay-took": "expects no answer",
  "close-link": "expects no answer",
  send: "expects no answer",
  "send-envelope": "expects no answer",
  "sample-members": "expects no answer",
  "keep-batch": "expects no answer",
  "unkeep-batch": "expects no answer",
  "drop-piece": "expects no answer",
  "stop-blocks": "expects no answer",
  "close-store": "expects no answer",
  // Answered by another tab, or by nobody: the channel does not wait for it.
  "ask-tabs": "expects no answer",
  "drop-file": "expects no answer",
  entered: "expects no answer",
  "another-room": "expects no answer",
  notice: "expects no answer",
};

/** How the browser answers all calls from now on. */
const WEATHER: Readonly<Record<string, (() => never) | (() => Promise<never>) | null>> = {
  "is well": null,
  rejects: () => Promise.reject(new DOMException("refused", "UnknownError")),
  "rejects with something unforeseen": () => Promise.reject(new RangeError("unforeseen")),
  throws: () => {
    throw new RangeError("unforeseen");
  },
  "never answers": () => new Promise(() => {}),
};
let weather: (() => unknown) | null = null;

/** All functions of `good`, in the weather of the moment. */
const exposed = <Api extends object>(good: Api): Api =>
  new Proxy(good, {
    get: (api, name) => {
      const value: unknown = Reflect.get(api, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => (weather ? weather() : Reflect.apply(value, api, args));
    },
  });

let host: Host;
let holdings: Holdings;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  weather = null;
  vi.stubGlobal("reportError", () => {});
  vi.stubGlobal("navigator", { storage: exposed({ estimate: async () => ({ quota: 1e9, usage: 0 }) }) });
  const desk: Desk = exposed(new StoreDesk(new MemoryShelves(64 * 1024 * 1024)));
  const storesHere = storesAt(desk, "opfs", null);
  const stores = exposed({ get: async () => storesHere }); // it gives up by itself, see storage.ts
  const socket = {
    on: () => socket,
    emit: () => socket,
    off: () => socket,
    disconnect: () => socket,
    io: { on: () => {} },
  };
  const options = exposed({
    save: async () => null,
    leaves: async () => new Uint8Array(32),
    hash: () => Promise.reject(new RangeError("unforeseen")),
  });
  host = new Host({
    engine: {} as EngineOptions,
    identity: { peer: PEER, secretKey: new Uint8Array(32).fill(1), epoch: 0, release() {} },
    socket: socket as unknown as Socket,
    join: { secret: bytesToHex(new Uint8Array(16)), room: { kind: "open" } } as never,
    iceServers: [],
    relayOnly: false,
    verify: (_, then) => (weather === WEATHER["throws"] ? weather!() : then(true)),
    server: () => {},
    entered: () => {},
    moved: () => {},
    notice: () => {},
    keep: () => {},
    changed: () => {},
    report: () => {},
    files: (feed) =>
      (holdings = new Holdings({
        feed,
        reading: pageReading,
        stores: async () => (weather === WEATHER["never answers"] ? storesHere : stores.get()),
        save: () => options.save(),
        leaves: () => options.leaves(),
        hash: () => options.hash(),
        savesByItself: () => true,
        finished: () => {},
        saved: () => {},
        deleted: () => {},
        released: () => {},
        askTabs: () => {},
        refuseTab: () => {},
      })),
  });
  // A store with one piece, a second under assembly, and a file that another tab gave.
  await perform({ type: "open-store", file: file.id, layer: file.layer }, ["store-opened"]);
  for (const piece of [1, 0]) {
    const { pieceLength } = file.geometry;
    const bytes = file.bytes.slice(piece * pieceLength, (piece + 1) * pieceLength);
    wanted.push({ type: "put-block", file: file.id, begin: piece * pieceLength, bytes });
    host.feed({ type: "tick" });
    if (piece === 1)
      await perform({ type: "check-piece", file: file.id, piece, hash: file.layer.slice(32, 64) }, [
        "piece-stored",
      ]);
  }
  holdings.handed(handed.id, PEER, new Blob([handed.bytes]));
});
afterEach(() => {
  weather = null;
  host.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Resolves with the answer. Lets all deadlines pass: they are shorter than ten minutes. */
const perform = async (output: Output, by: readonly Input["type"][]): Promise<Input | undefined> => {
  heard.length = 0;
  wanted.push(output);
  host.feed({ type: "tick" });
  const answer = () => heard.find(({ type }) => by.includes(type));
  for (let ms = 0; ms < 600_000 && !answer(); ms += 1_000) {
    await new Promise((settled) => setImmediate(settled));
    await vi.advanceTimersByTimeAsync(1_000);
  }
  return answer();
};

describe.each(Object.entries(WEATHER))("where the browser %s", (_, now) => {
  test.each(Object.entries(OUTPUTS))("%s", async (_, expectation) => {
    if (expectation === "expects no answer") return;
    weather = now;
    expect(await perform(expectation.output, expectation.by)).toBeDefined();
  });

  test("an output that fails takes no other with it", async () => {
    weather = now;
    wanted.push({ type: "dial", link: 1 });
    expect(await perform({ type: "sign", job: 1, bytes: new Uint8Array(8) }, ["signed"])).toBeDefined();
  });
});
