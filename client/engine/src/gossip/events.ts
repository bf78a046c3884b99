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
   * Verified entries `first`, `first + 1`, ... of a feed; null: an entry of an unknown kind. `last`: the hash of the
   * last one. Entries of a board and of presence come one by one. All come in order, except that a board's older posts
   * may follow later ones. `from`: the neighbour they came from; null: written here, or restored.
   */
  | {
      readonly type: "applied";
      readonly feed: FeedName;
      readonly first: number;
      readonly entries: readonly (Entry | null)[];
      readonly last: EntryHash;
      readonly from: PeerId | null;
    }
  /** Entries [begin, end) no longer count: a new epoch replaced them, or they were forgotten, frozen, or let go. */
  | { readonly type: "dropped"; readonly feed: FeedName; readonly begin: number; readonly end: number }
  /** The author is proven to have signed two versions of an entry; its entries from `length` on do not count. */
  | { readonly type: "forked"; readonly feed: FeedName; readonly length: number }
  /** To be kept on the device, for `restore`: a board's batch, or at FORK_PLACE the proof of a lie. */
  | { readonly type: "keep"; readonly feed: FeedName; readonly first: number; readonly frame: Uint8Array }
  | { readonly type: "unkeep"; readonly feed: FeedName; readonly first: number }
  /** A neighbour from which news was kept as a probe told us of it in time ("told"), or did not ("missed"). */
  | { readonly type: "told"; readonly peer: PeerId }
  | { readonly type: "missed"; readonly peer: PeerId }
  /** This neighbour was the first to bring news of another author. */
  | { readonly type: "brought"; readonly peer: PeerId }
  /** A neighbour has the last known profile of an author that is gone here. */
  | {
      readonly type: "vouched";
      readonly author: PeerId;
      readonly epoch: number;
      readonly seq: number;
      readonly by: PeerId;
    };

export type QueueOfGossip = (event: GossipEvent) => void;
