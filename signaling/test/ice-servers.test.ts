/** [J14d] Credentials as coturn checks them with `use-auth-secret`. */
import { createHmac } from "node:crypto";
import { IceServers } from "@swapmeet/shared";
import * as v from "valibot";
import { expect, it } from "vitest";
import { toldServers, turnCredentials } from "../src/ice-servers.ts";

const SECRET = "north-pier-at-dawn";
const TURN = { urls: ["turn:turn.example.org"], secret: SECRET, ttlSeconds: 600 };
const STUN = [{ urls: ["stun:stun.example.org"] }];

it("[J14d] a credential is HMAC-SHA1 of the expiry and the id, in base64", () => {
  // printf '1700000000:0123456789abcdef' | openssl dgst -sha1 -hmac 'north-pier-at-dawn' -binary | base64
  expect(turnCredentials(SECRET, 1_700_000_000, "0123456789abcdef")).toEqual({
    username: "1700000000:0123456789abcdef",
    credential: "Wct/LIx9R489nKvyyyJu0Tu8BPc=",
  });
});

it("[J14d] they expire after the operator's time, and no two answers have the same id", () => {
  const told = [1, 2].map(() => toldServers(STUN, TURN, 1_700_000_000_900));
  const names = told.map(({ iceServers, iceSeconds }) => {
    expect(v.is(IceServers, iceServers)).toBe(true);
    expect(iceServers[0]).toEqual(STUN[0]);
    expect(iceSeconds).toBe(600);
    const { username, credential } = iceServers[1] as { username: string; credential: string };
    expect(credential).toBe(createHmac("sha1", SECRET).update(username).digest("base64"));
    expect(username).toMatch(/^1700000600:[0-9a-f]{16}$/);
    return username;
  });
  expect(new Set(names).size).toBe(2);
});

it("without relay servers nothing expires", () => {
  expect(toldServers(STUN, undefined, 0)).toEqual({ iceServers: STUN });
});
