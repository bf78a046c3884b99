/**
 * Every bound that both ends of the socket know, each with its reason.
 * "measured": seen on our machines; "paper": from a source named there; "guess": a round number that nobody has tested.
 */

/** One message on the socket. An offer with candidates is 2 to 5 KB; the rest is room for growth. Guess. */
export const MAX_SOCKET_MESSAGE_BYTES = 65_536;

/** One sealed envelope. An SDP for a data channel is about 600 bytes, twenty candidates 2 KB. Guess. */
export const MAX_ENVELOPE_BYTES = 16_384;

/** Members in one room. The engine's overlay is built for thousands; the server only keeps an address each. Guess. */
export const MAX_ROOM_MEMBERS = 8_192;

/** Addresses in one sample: enough for a class to be fully meshed, few enough for one message. Guess. */
export const MAX_SAMPLE_MEMBERS = 32;

/** ICE servers that the server names: one or two STUN servers and a TURN server by UDP, TCP and TLS, twice. Guess. */
export const MAX_ICE_SERVERS = 4;
export const MAX_ICE_URLS = 4;
/** The length limit of a URL, a user name or a credential: TURN's REST credentials have about 60 letters. Guess. */
export const MAX_ICE_LETTERS = 512;

/**
 * The version of the socket's messages. A client says it in its handshake; one that says none speaks version 1, and
 * would refuse an answer with one key more; version 2 knows `iceServers`, version 3 `nearby` too. [J14a]
 */
export const SOCKET_VERSION = 3;

/** A room tag is 32 bytes (HKDF-SHA-256) in hex; an address 16 bytes; a join secret 16 bytes. */
export const ROOM_TAG_BYTES = 32;
export const ADDRESS_BYTES = 16;
export const JOIN_SECRET_BYTES = 16;
