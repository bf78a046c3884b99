/**
 * The parts of a peer are made here. Each gets a queue for its events, and a view of the other parts that lets it read
 * only what is listed here.
 */
import type { Address, RoomTag } from "@swapmeet/shared";
import type { Time } from "./base/time.ts";
import { Board } from "./board/board.ts";
import { fraction } from "./base/fraction.ts";
import { Catalog } from "./catalog/catalog.ts";
import type { GossipEvent } from "./gossip/events.ts";
import { Gossip } from "./gossip/gossip.ts";
import { Library, type LibraryEvent } from "./library.ts";
import type { LinksEvent } from "./links/events.ts";
import { Links } from "./links/links.ts";
import { TransferLinks, type TransferLinksEvent } from "./links/transfer-links.ts";
import type { PeerId } from "./names/peer-id.ts";
import type { OverlayEvent } from "./overlay/events.ts";
import { Overlay } from "./overlay/overlay.ts";
import { DirectMessages, type MessagesEvent } from "./people/direct-message.ts";
import { Offers, type OffersEvent } from "./people/offers.ts";
import { Presence, type PresenceEvent } from "./people/presence.ts";
import { Swarm, type SwarmEvent } from "./swarm/swarm.ts";

/** The facts about a peer that hold for its whole life. */
export interface Self {
  readonly me: PeerId;
  /** Higher for each visit under the same key. */
  readonly epoch: number;
  readonly name: string;
  /** The address to which the server delivers this tab's envelopes. */
  readonly address: Address;
  /** The key that seals envelopes in the room with this tag. */
  envelopeKey(tag: RoomTag): Uint8Array;
  /** Cryptographically random in production, seeded in simulation. */
  random(bytes: number): Uint8Array;
  /** The connections that the page made in earlier visits, of those that its browser allows; none by default. [I8a] */
  readonly connectionsSpent?: number;
}

/** All events with which a part tells others something, or asks for something. */
export type EngineEvent =
  | LinksEvent
  | OverlayEvent
  | GossipEvent
  | PresenceEvent
  | MessagesEvent
  | OffersEvent
  | TransferLinksEvent
  | LibraryEvent
  | SwarmEvent;

export interface Parts {
  readonly links: Links;
  readonly overlay: Overlay;
  readonly presence: Presence;
  readonly gossip: Gossip;
  readonly catalog: Catalog;
  readonly board: Board;
  readonly messages: DirectMessages;
  readonly swarm: Swarm;
  readonly transferLinks: TransferLinks;
  readonly offers: Offers;
  readonly library: Library;
}

export const makeParts = (self: Self, queue: (event: EngineEvent) => void, now: Time): Parts => {
  const { me, epoch, name, address } = self;
  const random = (): number => fraction((bytes) => self.random(bytes));
  const isLinked = (peer: PeerId): boolean => links.isLinked(peer);
  const mayDial = (to: Address, at: Time): boolean => links.mayDial(to, at);
  const neighbors = (): Iterable<PeerId> => overlay.neighbors();

  const links: Links = new Links({
    ...{ me, queue },
    random: (bytes) => self.random(bytes),
    envelopeKey: (tag) => self.envelopeKey(tag),
    connectionsSpent: self.connectionsSpent,
    view: {
      isNeeded: (peer) => overlay.isNeighbor(peer) || swarm.needs(peer) || messages.needs(peer),
      peerAt: (at) => presence.peerAt(at),
      routeTo: (peer) => presence.routeTo(peer),
      neighbors,
    },
  });
  const overlay: Overlay = new Overlay({
    ...{ me, address, queue, random },
    view: { mayDial, connectionsLeft: () => links.connectionsLeft },
  });
  const gossip = new Gossip({ me, epoch, queue, random });
  const catalog = new Catalog(me);
  const board = new Board(me);
  const swarm: Swarm = new Swarm(queue, {
    random,
    sourcesOf: (file) => catalog.sourcesOf(file).filter(isLinked),
  });
  const transferLinks = new TransferLinks({
    ...{ queue, random },
    view: {
      ...{ isLinked, mayDial },
      addressOf: (peer) => presence.addressOf(peer),
      wanted: () => swarm.wanted(),
      sourcesOf: (file) => catalog.sourcesOf(file),
    },
  });
  const offers = new Offers(queue);
  const messages: DirectMessages = new DirectMessages({
    ...{ me, queue },
    view: { isLinked },
    random: (bytes) => self.random(bytes),
  });
  const presence: Presence = new Presence(
    { ...{ me, epoch, address, name, queue, random }, view: { neighbors } },
    now,
  );
  const library = new Library(queue);
  return {
    ...{ links, overlay, presence, gossip, catalog, board },
    ...{ messages, swarm, transferLinks, offers, library },
  };
};
