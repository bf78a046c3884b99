/** CBOR (RFC 8949) as peers write it: each value has one encoding only, and none is ambiguous. */
import { decode } from "cborg";

/** The value, or undefined: no indefinite lengths, no undefined, no NaN, no tags, no bigint, maps only as Map. */
export const decodeCbor = (bytes: Uint8Array): unknown => {
  try {
    return decode(bytes, CBOR_OPTIONS);
  } catch {
    return undefined;
  }
};

const CBOR_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  useMaps: true,
  rejectDuplicateMapKeys: true,
} as const;
