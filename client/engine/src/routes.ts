/** Routes each event: only this place knows which parts hear of an event of another part, and in which order. */
import type { Time } from "./base/time.ts";
import { BoundedSet } from "./base/bounded.ts";
import type { EntryHash, FeedName } from "./feed/batch.ts";
import type { Entry } from "./feed/entry.ts";
import { MAX_FORKS } from "./gossip/proofs.ts";
import { telling } from "./io/effect.ts";
import type { Output } from "./io/io.ts";
import { Jobs } from "./jobs.ts";
import type { LinksEvent } from "./links/events.ts";
import type { TransferLinksEvent } from "./links/transfer-links.ts";
import type { FileId } from "./names/file-id.ts";
import type { PeerId } from "./names/peer-id.ts";
import type { PostId } from "./names/post-id.ts";
import type { EngineEvent, Parts } from "./parts.ts";

type FrameEvent = Extract<LinksEvent, { readonly type: "frame" }>;
type AppliedEvent = Extract<EngineEvent, { readonly type: "applied" }>;
type ErrandFailedEvent = Extract<TransferLinksEvent, { readonly type: "errand-failed" }>;

export interface RoutesOptions {
  readonly me: PeerId;
  readonly parts: Parts;
  readonly queue: (event: EngineEvent) => void;
  /** Hands an output to the host, after all outputs before it. */
  emit(output: Output): void;
}

export class Routes {
  readonly jobs = new Jobs();
  readonly #options: RoutesOptions;
  readonly #parts: Parts;
  /** Peers that are proven to have signed two histories; as many as gossip keeps proofs of. */
  readonly #liars = new BoundedSet<PeerId>(MAX_FORKS);
  #hasLeft = false;

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#parts = options.parts;
  }

  /** True once this peer's last profile is signed and told: the links may end. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  isLiar(peer: PeerId): boolean {
    return this.#liars.has(peer);
  }

  route(event: EngineEvent, now: Time): void {
    const { emit } = this.#options;
    const { links, overlay, presence, gossip, messages, swarm, transferLinks, library } = this.#parts;
    switch (event.type) {
      case "output":
        return emit(event.output);
      case "send": {
        const output = links.send(event.to, event.frame);
        return output ? emit(output) : undefined;
      }
      case "refuse":
        return links.refuse(event.peer, event.refusal, now);
      case "pass-over":
        return links.count(event.refusal);
      case "sign":
      case "verify":
      case "open-message":
        return emit(this.jobs.begin(event));

      case "peer-up":
        return this.#peerUp(event.peer, event.address, now);
      case "peer-down":
        return this.#peerDown(event.peer, event.wasQuiet, now);
      case "dial-failed":
        overlay.dialFailed(event.address, now);
        return event.wasSilent ? presence.unanswered(event.address, now) : undefined;
      case "frame":
        return this.#frame(event, now);

      case "dial": {
        const isBegun = links.dial(event.address, now);
        return isBegun || event.for === "transfer" ? undefined : overlay.notDialled(event.address, now);
      }
      case "neighbor-up":
        return gossip.neighborUp(event.peer, now);
      case "neighbor-down":
        return gossip.neighborDown(event.peer, now);

      case "append":
        return gossip.append(event.topic, event.entries);
      case "applied":
        return this.#applied(event, now);
      case "dropped":
        return this.#dropped(event.feed, event.begin, event.end, now);
      case "forked":
        return this.#lied(event.feed.author);
      case "keep":
        return emit({ type: "keep-batch", key: batchKey(event.feed, event.first), frame: event.frame });
      case "unkeep":
        return emit({ type: "unkeep-batch", key: batchKey(event.feed, event.first) });
      case "told":
        return overlay.told(event.peer);
      case "missed":
        return overlay.missed(event.peer);
      case "brought":
        return overlay.brought(event.peer);
      case "vouched":
        return presence.vouched(event.author, event.epoch, event.seq, event.by);

      case "came":
        return; // for the tap alone
      case "gone":
        if (event.last) overlay.forget(event.last.address);
        if (event.last) messages.gone(event.peer, event.last.name);
        if (event.last) swarm.gone(event.peer, event.last.name);
        return gossip.forget(event.peer, now);

      case "errand":
        return transferLinks.send(event.to, event.frame, now);
      case "errand-failed":
        return this.#errandFailed(event);
      case "offered":
        return swarm.share(event.local);
      case "taken-back":
        return swarm.unshare(event.file);
      case "source-unreadable":
        library.withdraw(event.file, event.reason);
        return emit(telling(event).output);
      default:
        return event satisfies never;
    }
  }

  #peerUp(peer: PeerId, address: Parameters<Parts["overlay"]["linkUp"]>[1], now: Time): void {
    const { overlay, presence, swarm, messages, transferLinks } = this.#parts;
    overlay.linkUp(peer, address, now);
    presence.linkUp(peer, now);
    swarm.peerUp(peer, now);
    messages.peerUp(peer, now);
    transferLinks.peerUp(peer);
  }

  #peerDown(peer: PeerId, wasQuiet: boolean, now: Time): void {
    const { overlay, presence, swarm, messages, offers, transferLinks } = this.#parts;
    const wasNeighbor = overlay.isNeighbor(peer);
    overlay.linkDown(peer, now);
    presence.linkDown(peer, wasQuiet ? "quiet" : wasNeighbor ? "neighbor" : "other", now);
    swarm.peerDown(peer, now);
    messages.peerDown(peer, now);
    offers.peerDown(peer);
    transferLinks.look(now);
  }

  #frame({ peer, frame }: FrameEvent, now: Time): void {
    const { gossip, overlay, presence, messages, offers, swarm } = this.#parts;
    switch (frame.type) {
      case "batch":
      case "heads":
      case "wants":
      case "answered":
      case "summary":
      case "eager":
      case "fork":
        return gossip.frame(peer, frame, now);
      case "neighbor":
      case "neighbor-answer":
      case "disconnect":
      case "shuffle":
      case "shuffle-reply":
        return overlay.frame(peer, frame, now);
      case "suspect":
        return presence.frame(peer, frame, now);
      case "message":
      case "message-received":
        return messages.frame(peer, frame, now);
      case "offer":
      case "offer-answer":
        return offers.frame(peer, frame, now);
      default:
        return swarm.frame(peer, frame, now);
    }
  }

  #applied({ feed, first, entries, last, from }: AppliedEvent, now: Time): void {
    for (const [i, entry] of entries.entries())
      if (entry) this.#appliedOne(feed, first + i, entry, last, from, now);
  }

  /** Tells the parts of one verified entry. */
  #appliedOne(
    feed: FeedName,
    seq: number,
    entry: Entry,
    last: EntryHash,
    from: PeerId | null,
    now: Time,
  ): void {
    const { presence, board } = this.#parts;
    switch (entry.type) {
      case "profile":
        if (feed.author === this.#options.me && entry.state === "left") this.#hasLeft = true;
        return presence.applied(feed.author, feed.epoch, seq, entry, from, now);
      case "share":
      case "unshare":
        return this.#catalogued(feed.author, seq, entry, now);
      case "post":
        return board.apply(feed, seq, entry, last as string as PostId);
    }
  }

  #catalogued(author: PeerId, seq: number, entry: Entry | null, now: Time): void {
    const changed = this.#parts.catalog.apply(author, seq, entry);
    if (changed) this.#parts.swarm.sourcesChanged(changed, now);
  }

  #dropped(feed: FeedName, begin: number, end: number, now: Time): void {
    const { gossip, catalog, board, swarm } = this.#parts;
    switch (feed.topic) {
      case "presence":
        return; // presence.ts itself tells which peers are gone
      case "library": {
        const changed: Set<FileId> = catalog.drop(feed.author);
        for (const file of changed) swarm.sourcesChanged(file, now);
        // The entries that a liar wrote before the lie stand, unshared or not.
        if (begin > 0)
          for (const { seq, entry } of gossip.entries(feed)) this.#catalogued(feed.author, seq, entry, now);
        return;
      }
      case "board":
        return board.drop(feed, begin, end);
    }
  }

  #lied(author: PeerId): void {
    if (this.#liars.has(author)) return;
    this.#options.queue(telling({ type: "two-histories", author }));
    this.#liars.add(author);
  }

  #errandFailed({ to, frame }: ErrandFailedEvent): void {
    if (frame.type === "offer") this.#options.queue(telling({ type: "not-reached", peer: to }));
    if (frame.type === "message") this.#parts.messages.failed(to, frame);
  }
}

/** The name of a kept batch on the device; it is the same in every tab. */
const batchKey = ({ author, epoch, topic }: FeedName, first: number): string =>
  `${author} ${epoch} ${topic} ${first}`;
