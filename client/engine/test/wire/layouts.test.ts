/** The layouts of PROTOCOL.md, "Bytes", written as offsets and lengths, without the code's own helpers. */
import { createHash, hkdfSync } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { decode, encode } from "cborg";
import { describe, expect, test } from "vitest";
import type { Address, RoomTag } from "@swapmeet/shared";
import { decodeBatch, encodeBatch, headOf, headText, hashBefore, NO_ENTRY } from "../../src/feed/batch.ts";
import { encodeEntry } from "../../src/feed/entry.ts";
import { Archive } from "../../src/gossip/archive.ts";
import { seal } from "../../src/links/sealed/envelope.ts";
import { proofText } from "../../src/links/sealed/proof.ts";
import { RelayedChannel } from "../../src/links/sealed/relayed-channel.ts";
import { peerIdOf } from "../../src/names/peer-id.ts";
import { deriveRoom, openRoom } from "../../src/names/room-secret.ts";
import { sealMessage } from "../../src/people/message-box.ts";

const bytesOf = (seed: string, length: number): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", seed, "", "", length));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const label = (text: string): Uint8Array => new TextEncoder().encode(text);
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const sha256 = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha256")
      .update(joined(...parts))
      .digest(),
  );
const hkdf = (input: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", input, salt, info, length));
const u32 = (value: number): Uint8Array => unhex(value.toString(16).padStart(8, "0"));
const u64 = (value: number): Uint8Array => unhex(value.toString(16).padStart(16, "0"));

const NONE = new Uint8Array();
const tag = hex(bytesOf("tag", 32)) as RoomTag;
const [alice, bob] = ["alice", "bob"].map((name) => hex(bytesOf(name, 16)) as Address) as [Address, Address];
const session = hex(joined(u32(7), bytesOf("session", 8)));
const roomKey = bytesOf("room key", 32);

test("[I1] [I2] an envelope", () => {
  const nonce = bytesOf("nonce", 24);
  const payload = encode(["initiator", bytesOf("peer", 32), "{}"]);
  const envelope = seal(roomKey, { tag, from: alice, to: bob }, { session, counter: 3, payload }, nonce);

  expect(hex(envelope.subarray(0, 41))).toBe(`01${session}00000003${hex(nonce)}`);
  expect(envelope.length).toBe(41 + payload.length + 16);
  const associated = joined(label("swapmeet envelope v1"), ...[tag, alice, bob, session].map(unhex), u32(3));
  const opened = xchacha20poly1305(roomKey, nonce, associated).decrypt(envelope.subarray(41));
  expect(opened).toEqual(payload);
});

describe("[Y3] [Y3a] a relayed message", () => {
  const secrets = { alice: bytesOf("alice's key", 32), bob: bytesOf("bob's key", 32) };
  const channel = RelayedChannel.agree(
    { session, initiator: alice, responder: bob },
    roomKey,
    secrets.alice,
    x25519.getPublicKey(secrets.bob),
    true,
  )!;
  const agreed = x25519.getSharedSecret(secrets.bob, x25519.getPublicKey(secrets.alice));
  const info = joined(label("swapmeet relay v1"), ...[session, alice, bob].map(unhex));
  const callersKey = hkdf(agreed, roomKey, info, 64).subarray(0, 32);
  const opened = (message: Uint8Array, counter: number): Uint8Array => {
    expect(hex(message.subarray(0, 16))).toBe(session + hex(u32(counter)));
    const associated = joined(label("swapmeet relay v1"), unhex(session), u32(counter));
    const nonce = joined(new Uint8Array(20), u32(counter));
    return xchacha20poly1305(callersKey, nonce, associated).decrypt(message.subarray(16));
  };

  test("has kind and part of a frame, the largest in two", () => {
    const frame = bytesOf("frame", 8_000);
    const [small, ...more] = [...channel.frame(frame)];
    expect([hex(opened(small!, 0)), more]).toEqual([`00${hex(frame)}`, []]);
    const [first, second] = [...channel.frame(new Uint8Array(65_536))];
    expect(first!.length).toBe(65_408);
    expect([opened(first!, 1)[0], opened(first!, 1).length]).toEqual([1, 1 + 65_375]);
    expect([opened(second!, 2)[0], opened(second!, 2).length]).toEqual([0, 1 + 65_536 - 65_375]);
    expect(hex(opened(channel.end(), 3))).toBe("02");
  });
});

test("[M1] [M1a] a direct message", () => {
  const secretKey = bytesOf("bob's identity", 32);
  const [from, to] = [ed25519.getPublicKey(bytesOf("alice's identity", 32)), ed25519.getPublicKey(secretKey)];
  const box = sealMessage({ from: peerIdOf(from), to: peerIdOf(to), id: 9 }, "hello", bytesOf("drawn", 32))!;

  const drawn = box.subarray(0, 32);
  expect(drawn).toEqual(x25519.getPublicKey(bytesOf("drawn", 32)));
  const agreed = x25519.getSharedSecret(ed25519.utils.toMontgomerySecret(secretKey), drawn);
  const salt = joined(drawn, ed25519.utils.toMontgomery(to));
  const derived = hkdf(agreed, salt, label("swapmeet message v1"), 56);
  const cipher = xchacha20poly1305(derived.subarray(0, 32), derived.subarray(32), joined(from, to, u32(9)));
  expect(cipher.decrypt(box.subarray(32))).toEqual(label("hello"));
});

test("[P1] [Y3b] the text that a proof signs", () => {
  const [mine, theirs] = [bytesOf("mine", 32), bytesOf("theirs", 32)];
  const fingerprints = ["sha-256 ab:cd", `x25519 ${"0".repeat(64)}`] as const;
  const text = proofText(
    tag,
    session,
    { address: alice, peer: peerIdOf(mine), fingerprint: fingerprints[0] },
    { address: bob, peer: peerIdOf(theirs), fingerprint: fingerprints[1] },
  );
  expect(text).toEqual(
    joined(
      ...[label("swapmeet proof v1"), unhex(tag), unhex(session)],
      ...[unhex(alice), mine, sha256(label(fingerprints[0]))],
      ...[unhex(bob), theirs, sha256(label(fingerprints[1]))],
    ),
  );
});

describe("[E1] [E2] a batch", () => {
  const author = bytesOf("author", 32);
  const name = { author: peerIdOf(author), epoch: 5, topic: "library" } as const;
  const entries = [0, 1].map((share) => encodeEntry({ type: "unshare", share }));
  const feed = sha256(label("swapmeet feed v1"), author, u64(5), Uint8Array.of(1));
  const first = sha256(feed, u64(0), new Uint8Array(32), entries[0]!);
  const last = sha256(feed, u64(1), first, entries[1]!);
  const signature = bytesOf("signature", 64);
  const bytes = encodeBatch(name, 0, NO_ENTRY, entries, signature);

  test("is an array that begins with 88 07", () => {
    expect(hex(bytes.subarray(0, 2))).toBe("8807");
    expect(decode(bytes)).toEqual([7, author, 5, 1, 0, new Uint8Array(32), entries, signature]);
  });

  test("has a chain of hashes, and a signature over the last", () => {
    const batch = decodeBatch(bytes);
    if (!batch.ok) throw new Error(batch.problem);
    expect(hashBefore(batch.value, 1)).toBe(hex(first));
    expect([batch.value.head, headOf(name, 0, NO_ENTRY, entries)]).toEqual([hex(last), hex(last)]);
    expect(headText(batch.value.head)).toEqual(joined(label("swapmeet feed head v1"), last));
  });

  test("[E10] is known by a print of 8 bytes in its author's bucket", () => {
    const batch = decodeBatch(bytes);
    if (!batch.ok) throw new Error(batch.problem);
    const archive = new Archive(() => {});
    archive.append(batch.value, 0);
    const whole = last.subarray(0, 8);
    expect(archive.summary(64)).toEqual(inBucket(whole, 64));
    expect(archive.summary(1024)).toEqual(inBucket(whole, 1024));
    archive.freeze(batch.value, 1);
    const text = `${hex(author)} 5 library 0 1 ${hex(first)} 1`;
    expect(archive.summary(64)).toEqual(inBucket(sha256(label(text)).subarray(0, 8), 64));
  });

  const inBucket = (print: Uint8Array, buckets: number): Uint8Array => {
    const sums = new Uint8Array(buckets * 8);
    sums.set(print, ((author[0]! * 256 + author[1]!) % buckets) * 8);
    return sums;
  };
});

test("[R4] [R5] the keys of a room", () => {
  const secret = bytesOf("secret", 32);
  const derived = (input: Uint8Array, info: string) => hkdf(input, NONE, label(info), 32);
  expect(deriveRoom(secret)).toEqual({
    tag: hex(derived(secret, "swapmeet room v1 tag")),
    envelopeKey: derived(secret, "swapmeet room v1 envelope key"),
    laneKey: derived(secret, "swapmeet room v1 lane key"),
  });
  expect(openRoom(tag)).toEqual({
    tag,
    envelopeKey: derived(unhex(tag), "swapmeet open room v1 envelope key"),
    laneKey: derived(unhex(tag), "swapmeet open room v1 lane key"),
  });
});
