/**
 * Peers in a process of their own, controlled by the process that forked it: each message is a call with a number, and
 * the answer carries the same number. See e2e/lib/peers/node-peers.ts.
 */
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { inventFiles, inventTyping, type InventedFile } from "../testing/invented-files.ts";
import { inventFeeds } from "../testing/invented-room.ts";
import { SeededRandom } from "../testing/random.ts";
import { tapOf } from "./liar.ts";
import { TestPeer, type PeerState, type TestPeerOptions } from "./test-peer.ts";

const USAGE = `This runs Swapmeet peers without a browser for the process that forks it; it has no command line.

  const peers = fork("client/node/main.ts", { execArgv: ["--import", "tsx"] });
  peers.on("message", ({ id, value, problem }) => ...);
  peers.send({ id: 0, call: { do: "join", options: { serverUrl: "http://localhost:3000", code: null, name: "Nora" } } });

The calls are the type Call in client/node/main.ts.
`;

export interface JoinOptions extends Omit<TestPeerOptions, "folder" | "tap"> {
  /** The name of a lie in client/testing/lies.ts; an honest peer has none. */
  readonly lie?: string;
}

/** `peer`: the number that "join" answered. */
export type Call =
  | { readonly do: "join"; readonly options: JoinOptions }
  | { readonly do: "share" | "fetch"; readonly peer: number; readonly file: string }
  | { readonly do: "post"; readonly peer: number; readonly text: string }
  | { readonly do: "state" | "close"; readonly peer: number }
  /** Lets the peer know the feeds of so many invented authors, each with so many shares. */
  | { readonly do: "know"; readonly peer: number; readonly authors: number; readonly shares: number }
  /** Asks for texts that people would type to find something in these libraries, keystroke by keystroke. */
  | { readonly do: "typing"; readonly authors: number; readonly shares: number; readonly people: number };

export interface Asked {
  readonly id: number;
  readonly call: Call;
}
type Value = number | string | readonly string[] | PeerState | undefined;
export type Answered = { readonly id: number } & ({ readonly value: Value } | { readonly problem: string });

const peers: TestPeer[] = [];
/** Pieces and downloads of all peers, for as long as this process runs. */
let folder: string | null = null;

const perform = async (call: Call): Promise<Value | void> => {
  if (call.do === "join") return peers.push(await joined(call.options)) - 1;
  if (call.do === "typing") {
    const files = inventedFiles(call.authors * call.shares);
    const random = new SeededRandom(2);
    return Array.from({ length: call.people }, () => inventTyping(files, random)).flat();
  }
  const peer = peers[call.peer];
  if (!peer) throw new Error(`no peer ${call.peer}`);
  switch (call.do) {
    case "share":
      return peer.share(call.file);
    case "fetch":
      return sha256(await peer.fetch(call.file));
    case "post":
      return peer.post(call.text);
    case "know": {
      const files = inventedFiles(call.authors * call.shares);
      for (const frames of inventFeeds(files, call.authors, new SeededRandom(3))) {
        peer.restore(frames);
        await setImmediate(); // links and the server get their turn
      }
      return;
    }
    case "state":
      return peer.state();
    case "close":
      return peer.close();
  }
};

let joins = 0;

const joined = ({ lie, ...options }: JoinOptions): Promise<TestPeer> => {
  folder ??= mkdtempSync(join(tmpdir(), "swapmeet-peers-"));
  return TestPeer.join({
    ...options,
    folder: join(folder, String(joins++)),
    ...(lie === undefined ? {} : { tap: tapOf(lie) }),
  });
};

const inventedFiles = (count: number): InventedFile[] => inventFiles(count, new SeededRandom(1));

const sha256 = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
};

if (process.send) {
  process.on("message", ({ id, call }: Asked) => {
    perform(call).then(
      (value) => process.send!({ id, value }),
      (error: unknown) => process.send!({ id, problem: String(error) }),
    );
  });
  process.on("exit", () => folder && rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
  process.on("disconnect", () => process.exit());
} else {
  process.stderr.write(USAGE);
  process.exitCode = 2;
}
