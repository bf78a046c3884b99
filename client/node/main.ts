/**
 * Peers in a process of their own, ruled by the process that forked it: each message is a call, answered under its
 * number. See e2e/lib/peers/node-peers.ts.
 */
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { inventFiles, inventTyping, type InventedFile } from "../testing/invented-files.ts";
import { inventFeeds } from "../testing/invented-room.ts";
import { SeededRandom } from "../testing/random.ts";
import { Peer, type PeerOptions, type PeerState } from "./peer.ts";

/** `peer`: as numbered by "join". */
export type Call =
  | { readonly do: "join"; readonly options: PeerOptions }
  | { readonly do: "share" | "fetch"; readonly peer: number; readonly file: string }
  | { readonly do: "post"; readonly peer: number; readonly text: string }
  | { readonly do: "state" | "close"; readonly peer: number }
  /** The peer knows the feeds of so many authors whom nobody meets, each with that many shares. */
  | { readonly do: "know"; readonly peer: number; readonly authors: number; readonly shares: number }
  /** What people would type who look for something in there, keystroke by keystroke. */
  | { readonly do: "typing"; readonly authors: number; readonly shares: number; readonly people: number };

export interface Asked {
  readonly id: number;
  readonly call: Call;
}
type Value = number | string | readonly string[] | PeerState | undefined;
export type Answered = { readonly id: number } & ({ readonly value: Value } | { readonly problem: string });

const peers: Peer[] = [];

const perform = async (call: Call): Promise<Value | void> => {
  if (call.do === "join") return peers.push(await Peer.join(call.options)) - 1;
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
      return peer.fetch(call.file);
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

const inventedFiles = (count: number): InventedFile[] => inventFiles(count, new SeededRandom(1));

process.on("message", ({ id, call }: Asked) => {
  perform(call).then(
    (value) => process.send!({ id, value }),
    (error: unknown) => process.send!({ id, problem: String(error) }),
  );
});
process.on("disconnect", () => process.exit());
