/**
 * The identity of this tab: an Ed25519 key.
 *
 * One tab of a browser holds the device's lasting key; further tabs make a key of their own. Each claim of the lasting
 * key takes a fresh epoch in the transaction that reads it, so that even two tabs that wrongly believe to hold it
 * never write one feed.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { openDB } from "idb";
import { peerIdOf, type PeerId } from "@swapmeet/engine/names/peer-id";
import { openChannel } from "../web/channel.ts";
import { committed } from "../web/committed.ts";
import { afterAwake } from "../web/awake-timer.ts";
import { within } from "../web/time-limit.ts";

export interface Identity {
  readonly peer: PeerId;
  readonly secretKey: Uint8Array;
  /** The number of this visit under that key. */
  readonly epoch: number;
  /** The device's own key, there again after a restart. */
  readonly lasting: boolean;
  /** Lets another tab have the lasting key. */
  release(): void;
}

/** How long a tab may take to answer that it holds the key. */
const ANSWER_WITHIN_MS = 150;
/** How long the page before a reload may take to let go of the key. */
const LET_GO_WITHIN_MS = 500;
/** A browser that does not answer in this time, about the lock or the key, gives neither: a key for this tab alone. Guess. */
const TOLD_WITHIN_MS = 20_000;
const NAME = "swapmeet-identity";

export const claimIdentity = async (): Promise<Identity> => {
  const claiming = claimTurn().catch(() => null);
  const release = await within(TOLD_WITHIN_MS, claiming);
  const lasting = release && (await within(TOLD_WITHIN_MS, nextEpoch()).catch(() => null));
  if (lasting) return { ...identityOf(lasting.secretKey, lasting.epoch), lasting: true, release };
  // Another tab holds it, or there is no storage (some private windows): a key for this tab alone.
  void claiming.then((claimed) => claimed?.());
  return { ...identityOf(ed25519.utils.randomSecretKey(), 0), lasting: false, release: () => {} };
};

const identityOf = (secretKey: Uint8Array, epoch: number) => ({
  peer: peerIdOf(ed25519.getPublicKey(secretKey)),
  secretKey,
  epoch,
});

const nextEpoch = async (): Promise<{ secretKey: Uint8Array; epoch: number }> => {
  const db = await openDB(NAME, 1, { upgrade: (db) => void db.createObjectStore("identity") });
  try {
    const fresh = ed25519.utils.randomSecretKey();
    const transaction = db.transaction("identity", "readwrite");
    const { store } = transaction;
    return await committed(transaction, async () => {
      const secretKey = ((await store.get("secretKey")) as Uint8Array | undefined) ?? fresh;
      const epoch = (((await store.get("epoch")) as number | undefined) ?? 0) + 1;
      await Promise.all([store.put(secretKey, "secretKey"), store.put(epoch, "epoch")]);
      return { secretKey, epoch };
    });
  } finally {
    db.close();
  }
};

/** Returns how to let go, or null when another tab holds the key. */
const claimTurn = async (): Promise<(() => void) | null> =>
  "locks" in navigator ? claimByLock() : claimByAsking(openChannel(NAME));

const claimByLock = (): Promise<(() => void) | null> =>
  new Promise((resolve) => {
    const hold = (lock: Lock | null) =>
      lock ? new Promise<void>((release) => resolve(release)) : resolve(null);
    const held = isReload()
      ? navigator.locks.request(NAME, { signal: abortedAfter(LET_GO_WITHIN_MS) }, hold)
      : navigator.locks.request(NAME, { ifAvailable: true }, hold);
    held.catch(() => resolve(null));
  });

const abortedAfter = (ms: number): AbortSignal => {
  const giving = new AbortController();
  afterAwake(ms, () => giving.abort());
  return giving.signal;
};

/** After a reload the page before may still hold the key, and is about to let go of it. */
const isReload = (): boolean =>
  performance
    .getEntriesByType("navigation")
    .some((entry) => (entry as PerformanceNavigationTiming).type === "reload");

/** On plain http there are no Web Locks. A claim is answered by the holder, and by a claimant with a smaller number. */
const claimByAsking = (channel: BroadcastChannel | null): Promise<(() => void) | null> =>
  new Promise((resolve) => {
    if (!channel) return resolve(null);
    const mine = Math.random();
    let holds = false;
    const stop = afterAwake(ANSWER_WITHIN_MS, () => {
      holds = true;
      resolve(() => channel.close());
    });
    channel.onmessage = ({ data }: MessageEvent<{ claim: number } | { heldAgainst: number }>) => {
      if ("claim" in data && (holds || mine < data.claim)) channel.postMessage({ heldAgainst: data.claim });
      if ("heldAgainst" in data && data.heldAgainst === mine && !holds) {
        stop();
        channel.close();
        resolve(null);
      }
    };
    channel.postMessage({ claim: mine });
  });
