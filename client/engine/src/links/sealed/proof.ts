/**
 * Proof of identity: each side signs what it saw of the connection, the DTLS fingerprints of both ends and both
 * names. A server or a member in the middle would have another certificate on one side, and no signature would fit.
 * The idea is channel binding (RFC 5056); the fingerprints are those of RFC 8122. PROTOCOL.md, rules P1 to P3.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Address, RoomTag } from "@swapmeet/shared";
import { concatBytes, hexToBytes, utf8ToBytes } from "../../base/bytes.ts";
import type { IntroductionSession } from "./envelope.ts";
import type { PeerId } from "../../names/peer-id.ts";

export interface ProofEnd {
  readonly address: Address;
  readonly peer: PeerId;
  /** As in the SDP. */
  readonly fingerprint: string;
}

/** The bytes that `prover` signs for `reader`. All fields have fixed lengths, so the bytes have one meaning only. */
export const proofText = (
  tag: RoomTag,
  session: IntroductionSession,
  prover: ProofEnd,
  reader: ProofEnd,
): Uint8Array => concatBytes(LABEL, hexToBytes(tag), hexToBytes(session), endBytes(prover), endBytes(reader));

const LABEL = utf8ToBytes("swapmeet proof v1");

const endBytes = (end: ProofEnd): Uint8Array =>
  concatBytes(hexToBytes(end.address), hexToBytes(end.peer), sha256(utf8ToBytes(end.fingerprint)));
