/**
 * A STUN binding responder, as bytes in and bytes out (RFC 5389): it tells a browser the address it is seen at,
 * which on a LAN without internet is the candidate that works where mDNS names do not. [J12]
 * Attributes of the request are not looked at: there is nothing here to authenticate or negotiate.
 */
import type { IpAddress } from "../base/network.ts";

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const COOKIE_OFFSET = 4;

/** The answer to a binding request from this address and port; undefined for anything else. Never over 44 bytes. */
export function answerBinding(request: Uint8Array, from: IpAddress, port: number): Uint8Array | undefined {
  if (!isBindingRequest(request)) return undefined;
  const address = Uint8Array.from(from.toByteArray());
  const response = new Uint8Array(HEADER_BYTES + 8 + address.length);
  response.set(request.subarray(0, HEADER_BYTES));

  const view = new DataView(response.buffer);
  view.setUint16(0, BINDING_SUCCESS);
  view.setUint16(2, response.length - HEADER_BYTES);
  view.setUint16(HEADER_BYTES, XOR_MAPPED_ADDRESS);
  view.setUint16(HEADER_BYTES + 2, 4 + address.length);
  view.setUint8(HEADER_BYTES + 5, from.kind() === "ipv4" ? 1 : 2);
  view.setUint16(HEADER_BYTES + 6, port ^ (MAGIC_COOKIE >>> 16));
  // The key is the cookie and, for IPv6, the transaction id after it: just what the header holds from byte 4 on.
  address.forEach((byte, i) => view.setUint8(HEADER_BYTES + 8 + i, byte ^ response[COOKIE_OFFSET + i]!));
  return response;
}

function isBindingRequest(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (
    view.getUint16(0) === BINDING_REQUEST &&
    view.getUint16(2) === bytes.length - HEADER_BYTES &&
    bytes.length % 4 === 0 &&
    view.getUint32(COOKIE_OFFSET) === MAGIC_COOKIE
  );
}
