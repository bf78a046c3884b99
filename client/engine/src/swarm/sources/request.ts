/** A request to one peer, as plain data: its source, download and assembly are found by peer, file and piece. */
import type { FileId } from "../../names/file-id.ts";
import type { PeerId } from "../../names/peer-id.ts";
import type { Time } from "../../base/time.ts";

/** Whole leaves of one piece; the last leaf is as short as the file's end. */
export interface Request {
  /** Never used twice on a link. */
  readonly id: number;
  /** The peer that is asked. */
  readonly peer: PeerId;
  readonly file: FileId;
  readonly piece: number;
  /** Counted from the start of the file. */
  readonly begin: number;
  readonly length: number;
  readonly sentAt: Time;
  /** Bytes that came. */
  received: number;
  /** Given up: bytes that still come are dropped, until the peer has answered. */
  cancelled: boolean;
}
