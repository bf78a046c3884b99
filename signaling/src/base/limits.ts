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
  /**
   * TCP connections of one client address that are no WebSockets: a browser loads a page by six, and a socket that polls
   * has two. One address can then hold a quarter of all. Guess.
   */
  readonly maxPlainConnectionsPerAddress: number;
  /** A connection has so long to send a whole head of a request: Node's own minute is long for a few lines. Guess. */
  readonly headersMs: number;
  /** And so long for the whole request: 64 KiB, the largest there is, at 2 KiB/s. Guess. */
  readonly requestMs: number;
  /** Node looks so often for those that are late. Guess. */
  readonly lateCheckMs: number;
  /** A plain connection on which no byte went either way for so long is closed. A poll has a ping more often. Guess. */
  readonly silenceMs: number;
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
  maxPlainConnectionsPerAddress: 2_048,
  headersMs: 15_000,
  requestMs: 32_000,
  lateCheckMs: 2_000,
  silenceMs: 60_000,
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

/**
 * Connections that the system keeps until the server takes them. The clients beyond wait for a second or more, because
 * the system drops what they send. Node's 511 is less than a busy second brings; Linux takes no more than this. Measured.
 */
export const BACKLOG = 4_096;

/** How long close() lets requests under way finish. */
export const CLOSE_GRACE_MS = 1_000;

/** How long close() then waits for the last leaves, and for the directory to close. Members expire anyway. Guess. */
export const LEAVE_GRACE_MS = 1_000;

/** How long a probe waits for the directory to answer; the tools that ask wait a second or more. Guess. */
export const DIRECTORY_PATIENCE_MS = 1_000;

/** The time from one group of connections that a drain closes to the next. Guess. */
export const DRAIN_STEP_MS = 100;

/** A client that has not finished its TLS handshake by then is disconnected. Guess. */
export const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;

/** How often the server looks whether its certificate still fits: about as long as it takes to join a network. Guess. */
export const CERTIFICATE_CHECK_MS = 30_000;
