/** Into a room: an identity, the room's keys, a socket, and a session on them. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import {
  ADDRESS_BYTES,
  JOIN_SECRET_BYTES,
  type Address,
  type IceServers,
  type JoinSecret,
  type RoomTag,
} from "@swapmeet/shared";
import { personNameOf } from "@swapmeet/engine/names/person-name";
import { openRoom } from "@swapmeet/engine/names/room-secret";
import { claimIdentity } from "../device/identity.ts";
import { readSetting } from "../device/settings.ts";
import type { RoomCode } from "../room/room-code.ts";
import { roomKeys } from "../room/room-keys.ts";
import { outsidePage, roomView } from "../room/room-view.ts";
import { openSocket } from "../run/signaling-client.ts";
import { connectionsMade } from "../run/webrtc-link.ts";
import { RoomSession, type Session } from "./session.ts";

export type RoomChoice = { readonly kind: "private"; readonly code: RoomCode } | { readonly kind: "open" };

/**
 * Claims an identity and derives the room's keys; then everything goes on by itself.
 * @param moved the server has put this tab into another room [J13]: the session is over, and wants to be closed
 */
export const openSession = async (choice: RoomChoice, moved: () => void): Promise<Session> => {
  const socket = openSocket(document.baseURI);
  try {
    const [identity, secrets, page] = await Promise.all([
      claimIdentity(),
      choice.kind === "private" ? roomKeys(choice.code) : null,
      outsidePage(),
    ]);
    const secret = crypto.getRandomValues(new Uint8Array(JOIN_SECRET_BYTES));
    return new RoomSession({
      room: roomView(choice, page),
      identity,
      secrets,
      entrance: {
        socket,
        join: {
          secret: bytesToHex(secret) as JoinSecret,
          room: secrets ? { kind: "private", tag: secrets.tag } : { kind: "open" },
        },
        iceServers: stunOfPage(),
        relayOnly: readSetting("relay-only") === "yes",
        engine: {
          name: readSetting("name") ?? personNameOf(identity.peer),
          address: addressOf(secret),
          envelopeKey: secrets ? () => secrets.envelopeKey : openRoomKey(),
          connectionsSpent: connectionsMade(),
        },
      },
      moved,
    });
  } catch (error) {
    socket.disconnect();
    throw error;
  }
};

/** A server of the version before says nothing of ICE: where no proxy is in front, it answers at the page's own port. */
const stunOfPage = (): IceServers =>
  location.protocol === "https:" ? [] : [{ urls: [`stun:${location.hostname}:${location.port || 80}`] }];

/** As the server computes it, see PROTOCOL.md J2. */
const addressOf = (secret: Uint8Array): Address =>
  bytesToHex(sha256(secret).subarray(0, ADDRESS_BYTES)) as Address;

/** The key of an open room follows from its tag, which the server tells. */
const openRoomKey = (): ((tag: RoomTag) => Uint8Array) => {
  let known: { tag: RoomTag; key: Uint8Array } | null = null;
  return (tag) => {
    if (known?.tag !== tag) known = { tag, key: openRoom(tag).envelopeKey };
    return known.key;
  };
};
