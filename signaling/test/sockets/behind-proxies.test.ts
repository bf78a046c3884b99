/** Sockets behind proxies that are declared or not, and under names that are known or not. */
import { once } from "node:events";
import { get, request as ask } from "node:http";
import type { Readable } from "node:stream";
import { RefusedHandshake } from "@swapmeet/shared";
import { io } from "socket.io-client";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/network.ts";
import type { SignalingOptions } from "../../src/server.ts";
import { connect, openly, privately, startServer } from "../harness.ts";

const LOCALHOST = { trustedProxies: [[parseAddress("127.0.0.1")!, 32]] } satisfies SignalingOptions;
const VERSION_3 = { version: 3 };
const REBOUND = { Host: "rebound.example", Origin: "http://rebound.example" };
const said = (lines: readonly string[]) =>
  lines.map((line) => JSON.parse(line) as { event: string; remedy?: string }).filter(({ remedy }) => remedy);

async function read(port: number, path: string, headers: Record<string, string>) {
  const asked = get({ host: "127.0.0.1", port, path, headers });
  const [response] = (await once(asked, "response")) as [Readable & { statusCode: number }];
  return [response.statusCode, Buffer.concat(await response.toArray()).toString()] as const;
}

/** As a browser polls, which lets a page choose neither Host nor Origin. */
async function handshake(port: number, headers: Record<string, string>): Promise<[number, unknown]> {
  const [status, body] = await read(port, "/socket.io/?EIO=4&transport=polling", headers);
  return [status, JSON.parse(body)];
}

async function enter(url: string, n: number, headers: Record<string, string> = {}, auth = VERSION_3) {
  const client = await connect(url, headers, ["websocket"], auth);
  return client.join(openly(n));
}

describe("[J8c] a client that a declared proxy hides", () => {
  it.each([{}, { "X-Forwarded-For": "unknown" }, { "X-Forwarded-For": "" }, { Forwarded: "for=_hidden" }])(
    "is in an open room of its own, and is told: %j",
    async (headers) => {
      const { url, server, lines } = await startServer(LOCALHOST);
      const here = await enter(url, 1, { "X-Forwarded-For": "192.168.1.7" });
      const one = await enter(url, 2, headers);
      const other = await enter(url, 3, headers);
      expect(new Set([here.tag, one.tag, other.tag]).size).toBe(3);
      expect([one.members, other.members]).toEqual([[], []]);
      expect([here.nearby, one.nearby, other.nearby]).toEqual([undefined, "alone", "alone"]);
      expect((await server.health()).proxies).toEqual({ silent: 2, undeclared: 0 });
      expect(said(lines)).toEqual([
        { at: undefined, event: "silent-proxy", remedy: expect.stringContaining("send X-Forwarded-For") },
      ]);
    },
  );

  it("keeps that room when it connects again, and meets others in private rooms", async () => {
    const { url } = await startServer(LOCALHOST);
    expect((await enter(url, 2)).tag).toBe((await enter(url, 2)).tag);
    await (await connect(url)).join(privately(1));
    expect((await (await connect(url)).join(privately(2))).members).toHaveLength(1);
  });
});

describe("[J8d] a proxy that is not declared", () => {
  const forwarded = (ip: string) => ({ "X-Forwarded-For": ip });

  it("puts all its clients into one open room, and they are told", async () => {
    const { url, server, lines } = await startServer();
    const one = await enter(url, 1, forwarded("203.0.113.1"));
    const two = await enter(url, 2, forwarded("198.51.100.7"));
    expect(two.members).toEqual([one.address]);
    expect([one.nearby, two.nearby]).toEqual(["everyone", "everyone"]);
    expect((await server.health()).proxies).toEqual({ silent: 0, undeclared: 2 });
    expect(said(lines)).toEqual([
      { event: "undeclared-proxy", remedy: expect.stringContaining("TRUSTED_PROXIES=127.0.0.1") },
    ]);
    expect(lines.join()).not.toContain("203.0.113.1");
  });

  it("goes without saying for those who come straight, and for private rooms", async () => {
    const { url, lines } = await startServer();
    expect((await enter(url, 1)).nearby).toBeUndefined();
    const client = await connect(url, forwarded("203.0.113.1"), ["websocket"], VERSION_3);
    expect((await client.join(privately(2))).nearby).toBeUndefined();
    expect((await client.ask("sample")) as object).not.toHaveProperty("nearby");
    expect(said(lines)).toHaveLength(1);
  });

  it("[J14a] a client of version 2 is not told, since it knows no such key", async () => {
    const { url } = await startServer({ stun: true });
    const joined = await enter(url, 1, forwarded("203.0.113.1"), { version: 2 });
    expect(Object.keys(joined)).toEqual(["ok", "tag", "address", "members", "iceServers"]);
  });
});

describe("[J8f] on the server's own link", () => {
  const at = (cidr: string, family: "IPv4" | "IPv6") =>
    ({ address: cidr.split("/")[0], cidr, family, internal: false }) as never;
  const interfaces = () => ({
    wlan0: [at("192.168.1.20/24", "IPv4"), at("2001:db8:1::20/64", "IPv6"), at("fe80::1/64", "IPv6")],
    vpn: [at("10.8.0.1/24", "IPv4"), at("2001:db8::1/32", "IPv6")],
    wan0: [at("198.51.100.20/24", "IPv4"), at("2001:db8:2::20/64", "IPv6")],
  });

  it("a device at a public IPv6 address meets one at a private IPv4 address", async () => {
    const { url } = await startServer({ ...LOCALHOST, interfaces });
    const from = (n: number, ip: string) => enter(url, n, { "X-Forwarded-For": ip });
    const four = await from(1, "192.168.1.7");
    expect((await from(2, "[2001:db8:1::77]:5000")).members).toEqual([four.address]);
  });

  it("others do not: on another link, on one without private addresses, or on one too wide", async () => {
    const { url } = await startServer({ ...LOCALHOST, interfaces });
    const from = (n: number, ip: string) => enter(url, n, { "X-Forwarded-For": ip });
    await from(1, "192.168.1.7");
    for (const [n, ip] of ["2001:db8:3::77", "2001:db8:2::77", "2001:db8:1:1::77", "198.51.100.21"].entries())
      expect((await from(n + 2, ip)).members, ip).toEqual([]);
  });
});

describe("[J10d] under a name that was never declared", () => {
  it("there is no socket, by either transport, and the log says what to set, once", async () => {
    const { url, port, server, lines } = await startServer();
    for (const _ of [1, 2]) await expect(connect(url, REBOUND)).rejects.toThrow();
    expect(await handshake(port, REBOUND)).toEqual([403, { code: 4, message: "unknown-host" }]);
    // A browser that reads from its page's own server says no Origin.
    expect(await handshake(port, { Host: REBOUND.Host })).toEqual([
      403,
      { code: 4, message: "unknown-host" },
    ]);
    expect(server.counters.refused["unknown-host"]).toBe(4);
    expect(said(lines)).toEqual([
      { event: "unknown-host", remedy: expect.stringContaining("PUBLIC_ORIGIN=http://rebound.example") },
    ]);
    await connect(url, { Host: "laptop.local", Origin: "http://laptop.local" });
  });

  it("the log shows few of the names that strangers choose, and other advice all the same", async () => {
    const { url, port, lines } = await startServer();
    await handshake(port, { Host: `${"a".repeat(60)}.`.repeat(9) + "example" });
    expect(said(lines)).toEqual([]);
    for (let n = 0; n < 40; n++) await handshake(port, { Host: `n${n}.example` });
    expect(said(lines)).toHaveLength(16);
    await enter(url, 1, { "X-Forwarded-For": "203.0.113.1" });
    expect(said(lines)[16]?.event).toBe("undeclared-proxy");
  });

  it("health tells nothing", async () => {
    const { port } = await startServer();
    const [status, said] = await read(port, "/healthz", { Host: "rebound.example" });
    expect([status, said]).toEqual([403, expect.stringContaining("PUBLIC_ORIGIN")]);
  });
});

describe("[J10e] a page that is refused", () => {
  it("reads why in the answer to its polling", async () => {
    const { url } = await startServer();
    const socket = io(url, {
      transports: ["polling"],
      reconnection: false,
      forceNew: true,
      query: { origin: "https://share.example.org" },
    });
    // The text is there as long as the event lasts.
    const body = await new Promise<string>((resolve) =>
      socket.once("connect_error", (error) =>
        resolve((error as never as { context: { responseText: string } }).context.responseText),
      ),
    );
    expect(v.parse(RefusedHandshake, JSON.parse(body))).toEqual({ message: "foreign-origin" });
    socket.disconnect();
  });

  it("that read without an Origin can't write with one", async () => {
    const { url, port, server } = await startServer({ publicOrigin: "https://share.example.org" });
    const opened = await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).text();
    const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
    const write = async (origin: string) => {
      const posting = ask({
        ...{ host: "127.0.0.1", port, method: "POST", headers: { Origin: origin } },
        path: `/socket.io/?EIO=4&transport=polling&sid=${sid}`,
      }).end("40");
      const [response] = (await once(posting, "response")) as [Readable & { statusCode: number }];
      response.resume();
      return response.statusCode;
    };
    expect(await write("https://rebound.example")).toBe(400);
    expect(server.counters.refused["foreign-origin"]).toBe(1);
    expect(await write("https://share.example.org")).toBe(200);
  });
});

describe("a proxy that passes no Host and no X-Forwarded-Host", () => {
  const ORIGIN = "https://share.example.org";
  /** Written by hand, since every client sends a Host. */
  const upgrade = async (port: number) => {
    const { connect: connectTcp } = await import("node:net");
    const socket = connectTcp(port, "127.0.0.1");
    socket.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nOrigin: ${ORIGIN}\r\nUpgrade: websocket\r\n` +
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    const [head] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    return head.toString().split("\r\n")[0];
  };

  it("works with PUBLIC_ORIGIN", async () => {
    const { port } = await startServer({ publicOrigin: ORIGIN });
    expect(await upgrade(port)).toContain("101");
  });

  it("without it the log says what to set", async () => {
    const { port, lines } = await startServer();
    expect(await upgrade(port)).toContain("400");
    expect(said(lines)[0]?.remedy).toContain(`PUBLIC_ORIGIN=${ORIGIN}`);
  });
});
