import { expect, test } from "vitest";
import type { RoomTag } from "@swapmeet/shared";
import { bytesToHex, hexToBytes } from "../../src/base/bytes.ts";
import { deriveRoom, openRoom, type RoomSecrets } from "../../src/names/room-secret.ts";
import type { RoomCode } from "../../../src/platform/room/room-code.ts";
import { stretch } from "../../../src/platform/room/stretched-code.ts";

// Made with other implementations, CODE, SECRET and NAME ("tag", "envelope key", "lane key") filled in:
//   printf CODE | argon2 'swapmeet room v1' -id -t 3 -k 32768 -p 1 -l 32 -r          (the reference implementation)
//   openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:SECRET -kdfopt info:'swapmeet room v1 NAME' HKDF
const KNOWN = [
  {
    code: "amber-otter-cedar-violet",
    secret: "446e5d44df55e7c63bbf49df2bfe608c18dc49a15db90e37d4ee50afc397db53",
    tag: "c7c6e3e68b94f7f824c6b5a5f5dd2c04fbc5990b4d9a87b966fedf11bb2c00b9",
    envelopeKey: "74a79326b4931357a3c269021351ce46a6aaf691ffccb67e192516bf33a59593",
    laneKey: "a16f6d15a54397e03742615c88bfd3a2f4baf67eacc7a55abfc7657d3a3808db",
  },
  {
    code: "abacus-zoom-zone-zebra",
    secret: "4a0d044f957a8710fd1a3eecb3ed23ce99ae9e9004d259c78d6f5f52ac34aca5",
    tag: "32ce5edda0a0e799b7d0e6a536db2081e3ad616cad6677babbb235a93624b61d",
    envelopeKey: "798abcfddb3786e8533cddbe44e0b93daf16e9d016bf1c7c718e0fdad0a3b42b",
    laneKey: "90375b15cf2766a3fa8191e21194f99bcba923ed25e881e600e8d2651b595a22",
  },
];

const inHex = ({ tag, envelopeKey, laneKey }: RoomSecrets) => ({
  tag,
  envelopeKey: bytesToHex(envelopeKey),
  laneKey: bytesToHex(laneKey),
});

test.each(KNOWN)(
  "[R3] the code $code becomes the secret that the reference Argon2id gives",
  async ({ code, secret }) => {
    expect(bytesToHex(await stretch(code as RoomCode))).toBe(secret);
  },
);

test.each(KNOWN)(
  "[R4] the secret of $code becomes the tag and keys that OpenSSL gives",
  ({ secret, ...known }) => {
    const { tag, envelopeKey, laneKey } = known;
    expect(inHex(deriveRoom(hexToBytes(secret)))).toEqual({ tag, envelopeKey, laneKey });
  },
);

test("[R5] an open room's keys come from its tag, under labels of their own", () => {
  const tag = "ab".repeat(32) as RoomTag;
  // openssl kdf ... -kdfopt hexkey:abab... -kdfopt info:'swapmeet open room v1 NAME' HKDF
  expect(inHex(openRoom(tag))).toEqual({
    tag,
    envelopeKey: "4b5a3f0131cbc87e03305d77e33cf30b4acff05a701d7bf11b8b02570134661b",
    laneKey: "9f3e53e2bec3aaff55f3ade374b9a5ed1bf33c17053162cc7559dc934df8375e",
  });
});
