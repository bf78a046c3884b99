import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import { connect as connectTcp, type AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lanAddresses, outsideUrls } from "../src/announcement.ts";
import { servePage } from "../src/http/page.ts";
import { createSignalingServer } from "../src/server.ts";
import { connect, privately, startRoom, startServer } from "./harness.ts";

let clientDir = "";
beforeAll(() => {
  clientDir = mkdtempSync(join(tmpdir(), "swapmeet-client-"));
  mkdirSync(join(clientDir, "assets"));
  writeFileSync(join(clientDir, "index.html"), "<!doctype html><title>Swapmeet</title>");
  writeFileSync(join(clientDir, "assets", "app-1a2b3c.js"), "export {};");
});
afterAll(() => rmSync(clientDir, { recursive: true }));

describe("the page", () => {
  it("is served at /, always fresh, under a policy without holes", async () => {
    const { url } = await startServer({ clientDir });
    const response = await fetch(url);
    expect(await response.text()).toContain("<title>Swapmeet</title>");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    const host = url.slice("http://".length);
    expect(response.headers.get("content-security-policy")?.split(";")).toEqual([
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "worker-src 'self'",
      "style-src 'self'",
      "style-src-attr 'unsafe-inline'",
      `connect-src 'self' ws://${host} wss://${host}`,
      "img-src 'self' data: blob:",
      "media-src blob:",
      "font-src 'self'",
      "manifest-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types svelte-trusted-html swapmeet 'allow-duplicates'",
    ]);
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("permissions-policy")).toContain("camera=()");
  });

  it("asks for nothing that plain http on a LAN cannot give", async () => {
    const { url } = await startServer({ clientDir });
    const { headers } = await fetch(url);
    for (const name of ["strict-transport-security", "cross-origin-opener-policy", "origin-agent-cluster"])
      expect(headers.get(name)).toBeNull();
    expect(headers.get("content-security-policy")).not.toContain("upgrade-insecure-requests");
  });

  it("names the public origin in its policy too, and no IPv6 address, which browsers take for a mistake", async () => {
    const { port } = await startServer({ clientDir, publicOrigin: "https://share.example.org" });
    const [response] = await once(
      get({ host: "127.0.0.1", port, headers: { Host: "[::1]:3000" } }),
      "response",
    );
    const policy: string = response.headers["content-security-policy"];
    expect(policy).toContain("connect-src 'self' ws://share.example.org wss://share.example.org;");
    response.resume();
  });

  it("names no host in its policy that is none", async () => {
    const { port } = await startServer({ clientDir });
    const request = get({ host: "127.0.0.1", port, headers: { Host: "evil; script-src *" } });
    const [response] = await once(request, "response");
    expect(response.headers["content-security-policy"]).not.toContain("evil");
    expect(response.headers["content-security-policy"]).not.toContain("*");
    response.resume();
  });

  it("lets hashed assets be kept for good, and a range request, even a backward one, gets the whole", async () => {
    const { url } = await startServer({ clientDir });
    const asset = await fetch(`${url}/assets/app-1a2b3c.js`, { headers: { Range: "bytes=9-2" } });
    expect(asset.status).toBe(200);
    expect(await asset.text()).toBe("export {};");
    expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(asset.headers.get("content-type")).toContain("javascript");
  });

  it("answers other paths and methods with a plain sentence", async () => {
    const { url } = await startServer({ clientDir });
    for (const path of ["/nowhere", "/assets/gone.js", "/%2e%2e/%2e%2e/etc/passwd", "/%", "/%00"]) {
      const response = await fetch(url + path);
      expect([path, response.status]).toEqual([path, 404]);
      await response.text();
    }
    expect((await fetch(`${url}/`, { method: "POST", body: "x" })).status).toBe(405);
    expect(await (await fetch(`${url}/nowhere`)).text()).toBe("There is nothing here. Swapmeet is at /.\n");
  });
});

describe("a file of the page", () => {
  /** Asks for a file that is larger than the buffers of sockets. Returns both ends, once its bytes arrive. */
  async function askForLarge() {
    writeFileSync(join(clientDir, "large.js"), Buffer.alloc(32 * 1024 * 1024));
    const page = servePage({
      clientDir,
      basePath: "/",
      publicOrigin: undefined,
      isKnown: () => true,
      reports: new Map(),
      outsideUrls: () => [],
      log: () => {},
    });
    const files: Readable[] = [];
    const http = createServer((request, response) => {
      response.on("pipe", (file: Readable) => files.push(file));
      page(request, response);
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const { port } = http.address() as AddressInfo;
    const client = connectTcp(port, "127.0.0.1");
    client.write("GET /large.js HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(client, "data");
    client.pause();
    return { http, client, file: files[0]! };
  }

  it("is closed when the client goes away", async () => {
    const { http, client, file } = await askForLarge();
    expect(file.destroyed).toBe(false);
    client.destroy();
    await once(file, "close");
    http.close();
  });

  it("that fails half way ends its response, and not the server", async () => {
    const { http, client, file } = await askForLarge();
    file.destroy(new Error("the disk is gone"));
    client.resume();
    await once(client, "close");
    http.close();
  });
});

describe("health", () => {
  it("tells counts and nothing else", async () => {
    const { url, clients, addresses } = await startRoom(2);
    clients[0]!.socket.emit("envelope", { to: addresses[1], bytes: Buffer.alloc(5) });
    clients[0]!.socket.emit("nonsense");
    await clients[0]!.settle();
    const response = await fetch(`${url}/healthz`);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      status: "ok",
      uptimeSeconds: expect.any(Number),
      rooms: 1,
      members: 2,
      relayed: { messages: 1, bytes: 5 },
      refused: expect.objectContaining({ "bad-request": 1, "too-fast": 0 }),
      proxies: { silent: 0, undeclared: 0 },
      stun: { answered: 0, ignored: 0 },
    });
  });
});

describe("addresses", () => {
  it("a page at localhost learns where others find it; one that asks through a proxy does not", async () => {
    const { url } = await startServer({ host: "0.0.0.0" });
    const answer: unknown = await (await fetch(`${url}/addresses.json`)).json();
    const port = new URL(url).port;
    expect(answer).toEqual(lanAddresses(networkInterfaces()).map((address) => `http://${address}:${port}/`));
    const proxied = await fetch(`${url}/addresses.json`, { headers: { "x-forwarded-for": "203.0.113.9" } });
    expect(await proxied.json()).toEqual([]);
  });

  it("a foreign page whose name was made to lead here learns none", async () => {
    const { port } = await startServer({ host: "0.0.0.0" });
    const askedAt = async (host: string): Promise<unknown> => {
      const [response] = (await once(
        get({ host: "127.0.0.1", port, path: "/addresses.json", headers: { Host: host } }),
        "response",
      )) as [Readable];
      return JSON.parse(Buffer.concat(await response.toArray()).toString());
    };
    const addresses = lanAddresses(networkInterfaces()).map((address) => `http://${address}:${port}/`);
    for (const host of [`localhost:${port}`, "swapmeet.localhost", `127.0.0.1:${port}`, "[::1]", "LOCALHOST"])
      expect(await askedAt(host), host).toEqual(addresses);
    for (const host of [
      "rebound.example",
      `rebound.example:${port}`,
      "127.0.0.1.rebound.example",
      "notlocalhost",
    ])
      expect(await askedAt(host), host).toEqual([]);
  });

  it("a server at one address of the network gives that one", () => {
    expect(outsideUrls(3000, "192.168.1.20", {})).toEqual(["http://192.168.1.20:3000/"]);
  });
});

describe("starting and stopping", () => {
  /** Node itself gives up on such a request after a minute, and on such a client never. */
  const PATIENCE_MS = 30_000;

  it("[J11] close() drops every socket so that clients come back by themselves, logs counts only, and works twice", async () => {
    const { server, clients, addresses, lines } = await startRoom(2);
    const dropped = once(clients[0]!.socket as never, "disconnect");
    await Promise.all([server.close(), server.close()]);
    expect((await dropped)[0]).toBe("transport close");
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(["start", "stop"]);
    for (const secretish of [...addresses, "127.0.0.1", privately(0).room.tag])
      expect(lines.join()).not.toContain(secretish);
    await server.close();
  });

  it("close() ends although a request never finishes", async () => {
    const { server, port } = await startServer({ clientDir });
    const stuck = connectTcp(port, "127.0.0.1");
    stuck.on("error", () => {});
    await once(stuck, "connect");
    stuck.write("GET / HTTP/1.1\r\nHost: x\r\n");
    await fetch(`http://127.0.0.1:${port}/healthz`).then((response) => response.text());
    const startedAtMs = performance.now();
    await server.close();
    expect(performance.now() - startedAtMs).toBeLessThan(PATIENCE_MS);
  });

  it("close() ends although a client is out of range and does not answer any more", async () => {
    const { server, port } = await startServer();
    const phone = connectTcp(port, "127.0.0.1");
    phone.on("error", () => {});
    phone.write(
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n" +
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    await once(phone, "data");
    phone.pause();
    const startedAtMs = performance.now();
    await server.close();
    expect(performance.now() - startedAtMs).toBeLessThan(PATIENCE_MS);
    phone.destroy();
  });

  it("close() before listen() is harmless", async () => {
    await createSignalingServer({ log: () => {} }).close();
  });

  it("a port in use is named with its remedy", async () => {
    const { port } = await startServer();
    const second = createSignalingServer({ host: "127.0.0.1", port, log: () => {} });
    const listening = await second.listen();
    expect(listening).toEqual({
      ok: false,
      problem: expect.stringContaining(`Port ${port} is already in use`),
    });
    expect(listening).toEqual({ ok: false, problem: expect.stringContaining(`PORT=${port + 1}`) });
    await second.close();
  });

  it("[J11] a client that reconnects to a new server at the same place joins it anew", async () => {
    const { server, port, url } = await startServer();
    await (await connect(url)).join(privately(1));
    await server.close();
    await startServer({ port });
    expect((await (await connect(url)).join(privately(1))).members).toEqual([]);
  });
});

describe("STUN over UDP", () => {
  const REQUEST = Buffer.from("000100002112a442b7e7a701bc34d686fa87dfae", "hex");

  it("[J12] tells a client its own address and port, on the port of the page", async () => {
    const { port, server } = await startServer({ stun: true });
    const client = createSocket("udp4");
    client.bind(0, "127.0.0.1");
    await once(client, "listening");
    client.send("junk", port, "127.0.0.1");
    client.send(REQUEST, port, "127.0.0.1");
    const [response] = (await once(client, "message")) as [Buffer];
    expect(response.readUInt16BE(26) ^ 0x2112).toBe(client.address().port);
    expect((response.readUInt32BE(28) ^ 0x2112a442) >>> 0).toBe(0x7f000001);
    expect(server.counters.stun).toEqual({ answered: 1, ignored: 1 });
    client.close();
  });

  it("[J12] gives an IPv4 client its IPv4 address although one socket serves IPv6 too", async () => {
    const { port } = await startServer({ stun: true, host: undefined });
    const client = createSocket("udp4");
    client.send(REQUEST, port, "127.0.0.1");
    const [response] = (await once(client, "message")) as [Buffer];
    expect([response.length, response[25]]).toEqual([32, 1]);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    client.close();
  });

  it("[J12] does not answer an address more often than its rate", async () => {
    const { port, server } = await startServer({
      stun: true,
      limits: { addressStun: { burst: 2, perSecond: 0 } },
    });
    const client = createSocket("udp4");
    const seen: Buffer[] = [];
    client.on("message", (message) => seen.push(message));
    for (let i = 0; i < 5; i++) client.send(REQUEST, port, "127.0.0.1");
    await expect.poll(() => server.counters.stun).toEqual({ answered: 2, ignored: 3 });
    await expect.poll(() => seen.length).toBe(2);
    client.close();
  });

  it("[J12] an occupied UDP port costs only STUN", async () => {
    const free = await startServer();
    await free.server.close();
    const squatter = createSocket("udp4");
    squatter.bind(free.port, "127.0.0.1");
    await once(squatter, "listening");
    const { url, lines } = await startServer({ stun: true, port: free.port });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(["no-stun", "start"]);
    squatter.close();
  });
});
