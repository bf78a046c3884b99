/** The events with which gossip tells the engine something, or asks something of it. */
import type { EntryHash, FeedName } from "../feed/batch.ts";
import type { Entry } from "../feed/entry.ts";
import type { RefuseEffect, SendEffect, SignEffect, VerifyEffect } from "../io/effect.ts";
import type { PeerId } from "../names/peer-id.ts";
import type { GossipFrame } from "../wire/frame.ts";

export type GossipEvent =
  | SendEffect<GossipFrame | Uint8Array>
  | RefuseEffect
  | SignEffect
  | VerifyEffect
  /**
   * Verified entries `first`, `first + 1`, ... of a feed; null: of a kind unknown here. `last`: the hash of the last; of
   * a board and of presence they come one by one. In order, but for a board's older posts, which follow the latest.
   * `from`: the neighbour they came from; null: written here, or restored.
   */
  | {
      readonly type: "applied";
      readonly feed: FeedName;
      readonly first: number;
      readonly entries: readonly (Entry | null)[];
      readonly last: EntryHash;
      readonly from: PeerId | null;
    }
  /** Entries [begin, end) no longer count: replaced by a new life, forgotten, frozen, or beyond what is kept. */
  | { readonly type: "dropped"; readonly feed: FeedName; readonly begin: number; readonly end: number }
  /** The author said two things of one place; what it said from entry `length` on does not count. */
  | { readonly type: "forked"; readonly feed: FeedName; readonly length: number }
  /** To be kept on the device, for `restore`: a board's batch, or at FORK_PLACE the proof of a lie. */
  | { readonly type: "keep"; readonly feed: FeedName; readonly first: number; readonly frame: Uint8Array }
  | { readonly type: "unkeep"; readonly feed: FeedName; readonly first: number }
  /** A neighbour that was told nothing of some news told us of it in time, or did not. */
  | { readonly type: "told"; readonly peer: PeerId }
  | { readonly type: "missed"; readonly peer: PeerId }
  /** This neighbour was the first to bring somebody else's news. */
  | { readonly type: "brought"; readonly peer: PeerId }
  /** A neighbour has a word of somebody who is gone here, and it is no later one. */
  | {
      readonly type: "vouched";
      readonly author: PeerId;
      readonly epoch: number;
      readonly seq: number;
      readonly by: PeerId;
    };

export type QueueOfGossip = (event: GossipEvent) => void;
