/**
 * The ICE servers that a page is told: STUN, and the operator's relay servers (TURN) with credentials that expire. [J14]
 * It asks no TURN server anything: they share a secret.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { IceServers } from "@swapmeet/shared";

/** TURN servers that take credentials made from a shared secret, as coturn does with `use-auth-secret`. */
export interface TurnServers {
  readonly urls: readonly string[];
  readonly secret: string;
  /** How long credentials are good. */
  readonly ttlSeconds: number;
}

export interface Credentials {
  readonly username: string;
  readonly credential: string;
}

/** What an answer tells of ICE servers. */
export interface ToldServers {
  readonly iceServers: IceServers;
  /** How long the credentials among them are good; absent: there are none. */
  readonly iceSeconds?: number;
}

/**
 * The user name is the second of its expiry since 1970, and an id; the credential is HMAC-SHA1 of it, in base64. The id
 * is random: a TURN server learns no address of a member, and cannot tell which answers went to the same one.
 * Source: draft-uberti-behave-turn-rest-00, 2.2; coturn's README.turnserver, "TURN REST API".
 */
export function turnCredentials(secret: string, expiresAtSecond: number, id: string): Credentials {
  const username = `${expiresAtSecond}:${id}`;
  return { username, credential: createHmac("sha1", secret).update(username).digest("base64") };
}

/** `stun`, and the relay servers with credentials of their own for each call. */
export function toldServers(stun: IceServers, turn: TurnServers | undefined, nowMs: number): ToldServers {
  if (!turn) return { iceServers: stun };
  const { urls, secret, ttlSeconds } = turn;
  const expiresAtSecond = Math.floor(nowMs / 1_000) + ttlSeconds;
  const credentials = turnCredentials(secret, expiresAtSecond, randomBytes(8).toString("hex"));
  return { iceServers: [...stun, { urls: [...urls], ...credentials }], iceSeconds: ttlSeconds };
}
