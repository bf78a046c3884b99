/**
 * Peers in a process of their own, ruled by the process that forked it: each message is a call, answered under its
 * number. See e2e/lib/node-peers.ts.
 */
import process from "node:process";
import { Peer, type PeerOptions, type PeerState } from "./peer.ts";

/** `peer`: as numbered by "join". */
export type Call =
  | { readonly do: "join"; readonly options: PeerOptions }
  | { readonly do: "share" | "fetch"; readonly peer: number; readonly file: string }
  | { readonly do: "post"; readonly peer: number; readonly text: string }
  | { readonly do: "state" | "close"; readonly peer: number };

export interface Asked {
  readonly id: number;
  readonly call: Call;
}
export type Answered = { readonly id: number } & (
  { readonly value: number | string | PeerState | undefined } | { readonly problem: string }
);

const peers: Peer[] = [];

const perform = async (call: Call): Promise<number | string | PeerState | undefined | void> => {
  if (call.do === "join") return peers.push(await Peer.join(call.options)) - 1;
  const peer = peers[call.peer];
  if (!peer) throw new Error(`no peer ${call.peer}`);
  switch (call.do) {
    case "share":
      return peer.share(call.file);
    case "fetch":
      return peer.fetch(call.file);
    case "post":
      return peer.post(call.text);
    case "state":
      return peer.state();
    case "close":
      return peer.close();
  }
};

process.on("message", ({ id, call }: Asked) => {
  perform(call).then(
    (value) => process.send!({ id, value }),
    (error: unknown) => process.send!({ id, problem: String(error) }),
  );
});
process.on("disconnect", () => process.exit());
