/**
 * The server's own bounds, each with its reason. Those that both ends of the socket know are in shared/src/limits.ts.
 * A class of 32 behind one public address is the yardstick: every pair meshes at once, 2 to 6 envelopes each way.
 */

/** A token bucket: `burst` at once, `perSecond` after that. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface Limits {
  /**
   * Messages of one socket; `burst` bounds those that wait for the directory too, at most 4 MiB. Meshing with 31 others
   * takes up to 186 envelopes within seconds. Paper count.
   */
  readonly socketMessages: Rate;
  /** Frames of one socket, of any content; an envelope is two. No honest client sends more: it is closed. Guess. */
  readonly socketFrames: Rate;
  /** Messages of one client address (IPv6: of its /64). The class sends up to 32 * 186 = 5,952. Paper count. */
  readonly addressMessages: Rate;
  /** New connections of one client address: a few classes whose server was just restarted. Guess. */
  readonly addressConnects: Rate;
  /** STUN answers to one client address: 32 browsers with 31 connections each, three requests per one. Guess. */
  readonly addressStun: Rate;
  /** Open connections of one client address: a school behind one NAT. Guess. */
  readonly maxConnectionsPerAddress: number;
  /** Open connections in all. A socket costs some 30 KB, so about 256 MB when full. Guess. */
  readonly maxConnections: number;
  /** Frames waiting for one slow reader; two per envelope of at most 16 KiB, so at most 4 MiB. Guess. */
  readonly maxWaitingFrames: number;
}

export const LIMITS: Limits = {
  socketMessages: { burst: 256, perSecond: 32 },
  socketFrames: { burst: 2_048, perSecond: 256 },
  addressMessages: { burst: 16_384, perSecond: 1_024 },
  addressConnects: { burst: 512, perSecond: 16 },
  addressStun: { burst: 4_096, perSecond: 256 },
  maxConnectionsPerAddress: 1_024,
  maxConnections: 8_192,
  maxWaitingFrames: 512,
};

/** Addresses a rate limiter remembers; when that many are busy at once, further ones wait. 100 bytes each. Guess. */
export const MAX_BUCKETS = 16_384;

/** A stale socket is noticed after interval + timeout. Background tabs answer pings without timers. Guess. */
export const PING_INTERVAL_MS = 10_000;
export const PING_TIMEOUT_MS = 15_000;

/** A connection that has not spoken socket.io by then is closed. Guess. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** How long close() lets requests under way finish. */
export const CLOSE_GRACE_MS = 1_000;

/** A client that has not finished its TLS handshake by then is disconnected. Guess. */
export const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;

/** How often the server looks whether its certificate still fits: about as long as it takes to join a network. Guess. */
export const CERTIFICATE_CHECK_MS = 30_000;
