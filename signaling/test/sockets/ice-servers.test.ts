/** [J14] The server knows its own UDP port, and tells a page where to ask for its own address. */
import { Joined } from "@swapmeet/shared";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/network.ts";
import type { SignalingOptions } from "../../src/server.ts";
import { connect, openly, startServer } from "../harness.ts";

const toldAt = async (options: SignalingOptions, headers: Record<string, string> = {}, version = 3) => {
  const { url, port } = await startServer(options);
  const client = await connect(url, headers, ["websocket"], { version });
  return { client, port, joined: await client.join(openly(1)) };
};
const TURN = {
  urls: ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349"],
  secret: "north-pier-at-dawn",
  ttlSeconds: 60,
};

describe("[J14] the answer to join", () => {
  it("names the server's own UDP port, at the host that the page used", async () => {
    const { joined, port } = await toldAt({ stun: true }, { Host: "swapmeet.lan" });
    expect(joined.iceServers).toEqual([{ urls: [`stun:swapmeet.lan:${port}`] }]);
  });

  it("at an IPv6 address too", async () => {
    const { joined, port } = await toldAt({ stun: true }, { Host: "[2001:db8::1]:8080" });
    expect(joined.iceServers).toEqual([{ urls: [`stun:[2001:db8::1]:${port}`] }]);
  });

  it("takes the host from a declared proxy, and from nobody else", async () => {
    const headers = { Host: "inside:3000", "X-Forwarded-Host": "swapmeet.example" };
    const behind = await toldAt({ stun: true, trustedProxies: [[parseAddress("127.0.0.1")!, 32]] }, headers);
    expect(behind.joined.iceServers).toEqual([{ urls: [`stun:swapmeet.example:${behind.port}`] }]);
    const beside = await toldAt({ stun: true }, headers);
    expect(beside.joined.iceServers).toEqual([{ urls: [`stun:inside:${beside.port}`] }]);
  });

  it("names the public host where a proxy hides it", async () => {
    const options = { stun: true, publicOrigin: "https://share.example.org" };
    const publicly = { Host: "127.0.0.1", Origin: "https://share.example.org" };
    const undeclared = await toldAt(options, publicly);
    expect(undeclared.joined.iceServers).toEqual([{ urls: [`stun:share.example.org:${undeclared.port}`] }]);
    const trustedProxies = [[parseAddress("127.0.0.1")!, 32] as const];
    const declared = await toldAt({ ...options, trustedProxies }, { Host: "inside" });
    expect(declared.joined.iceServers).toEqual([{ urls: [`stun:share.example.org:${declared.port}`] }]);
    const beside = await toldAt(options, { Host: "swapmeet.lan" });
    expect(beside.joined.iceServers).toEqual([{ urls: [`stun:swapmeet.lan:${beside.port}`] }]);
  });

  it("names none where nothing answers, or the host is none that a browser would take", async () => {
    expect((await toldAt({ stun: false })).joined.iceServers).toEqual([]);
    expect((await toldAt({ stun: true }, { Host: "a+b" })).joined.iceServers).toEqual([]);
  });

  it("names the operator's servers instead, and again with each sample", async () => {
    const iceServers = [{ urls: ["stun:stun.example.org"] }];
    const { joined, client } = await toldAt({ stun: true, iceServers });
    expect(joined.iceServers).toEqual(iceServers);
    expect(await client.ask("sample")).toMatchObject({ iceServers });
  });

  it("[J14c] names relay servers beside STUN, with fresh credentials in each, and for how long they are good", async () => {
    const { joined, client } = await toldAt({ stun: true, turn: TURN });
    const relayIn = ({ iceServers }: Joined & { ok: true }) => iceServers?.[1] as { username: string };
    expect(joined).toMatchObject({ iceServers: [{}, { urls: TURN.urls }], iceSeconds: 60 });
    const sampled = (await client.ask("sample")) as Joined & { ok: true };
    expect(sampled).toMatchObject({ iceServers: [{}, { urls: TURN.urls }], iceSeconds: 60 });
    expect(relayIn(sampled).username).not.toBe(relayIn(joined).username);
  });

  it("[J14a] has no key that a client of an older version does not know", async () => {
    const { joined } = await toldAt({ stun: true, turn: TURN }, {}, 2);
    expect(Object.keys(joined)).toEqual(["ok", "tag", "address", "members", "iceServers"]);
    const { url } = await startServer({ stun: true, turn: TURN });
    for (const auth of [{}, { version: 1 }, { version: "2" }, { version: { "2": 2 } }]) {
      const client = await connect(url, {}, ["websocket"], auth);
      expect(Object.keys(await client.join(openly(1)))).toEqual(["ok", "tag", "address", "members"]);
    }
  });
});

describe("[J14] a client takes ICE servers", () => {
  const takes = (iceServers: unknown) =>
    v.is(Joined, { ok: true, tag: "a".repeat(64), address: "b".repeat(32), members: [], iceServers });
  const relay = { urls: ["turn:a"], username: "u", credential: "c" };

  it("that a browser takes", () => {
    expect(takes([{ urls: ["stun:a", "stun:10.0.0.1:1", "stun:[::1]:65535"] }, relay])).toBe(true);
    expect(takes([])).toBe(true);
  });

  it.each([
    ["a relay without credentials", [{ urls: ["turn:a"] }]],
    ["another scheme", [{ urls: ["http://a"] }]],
    ["a port that is none", [{ urls: ["stun:a:65536"] }]],
    ["no URL at all", [{ urls: [] }]],
    ["a key more", [{ ...relay, credentialType: "password" }]],
    ["too many servers", Array.from({ length: 5 }, () => relay)],
    ["too many URLs", [{ urls: Array.from({ length: 5 }, () => "stun:a") }]],
    ["a credential without an end", [{ ...relay, credential: "c".repeat(513) }]],
  ])("but not %s", (_, iceServers) => {
    expect(takes(iceServers)).toBe(false);
  });
});
