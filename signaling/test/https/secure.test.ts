import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect as connectTls } from "node:tls";
import { io, type ManagerOptions, type SocketOptions } from "socket.io-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CERTIFICATE_CHECK_MS } from "../../src/base/limits.ts";
import { Certificates } from "../../src/https/certificates.ts";
import { createSignalingServer, type SignalingOptions } from "../../src/server.ts";
import { connect, privately, startServer } from "../harness.ts";

const trustDir = fileURLToPath(new URL("../../trust", import.meta.url));

let folder: string;
let addresses: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "swapmeet-secure-"));
  addresses = ["192.168.1.20"];
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>page</title>");
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

async function startSecure(options: SignalingOptions = {}) {
  const certificates = await openCertificates();
  const https = { port: 0, certificates, trustDir };
  const started = await startServer({ clientDir: folder, https, ...options });
  const { port } = started.server.secured!;
  return { ...started, ca: certificates.authority, securePort: port };
}

async function openCertificates(): Promise<Certificates> {
  const opened = await Certificates.open({
    folder: join(folder, "data"),
    hostName: "laptop",
    addresses: () => addresses,
    now: () => new Date(),
    log: () => {},
  });
  if (!opened.ok) throw new Error(opened.problem);
  return opened.value;
}

/** An answer over https, where this authority alone is trusted. */
async function secureGet(
  port: number,
  ca: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage & { text: string }> {
  const request = get({ host: "127.0.0.1", port, path, ca, headers, servername: "", agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Object.assign(response, { text: Buffer.concat(chunks).toString() });
}

describe("https beside http", () => {
  it("serves the same page, with the same headers, to a device that trusts the authority", async () => {
    const { url, ca, securePort } = await startSecure();
    const secure = await secureGet(securePort, ca, "/");
    const plain = await fetch(url);
    expect(secure.text).toBe(await plain.text());
    expect(secure.headers["content-security-policy"]).toContain(`wss://127.0.0.1:${securePort}`);
    expect(secure.headers["strict-transport-security"]).toBeUndefined();
  });

  it("one room spans both: members at http and at https see each other, by WebSocket and by polling", async () => {
    const { url, ca, securePort } = await startSecure();
    const plain = await connect(url);
    const first = await plain.join(privately(1));
    for (const [n, transport] of ["websocket", "polling"].entries()) {
      const options: Partial<ManagerOptions & SocketOptions> = { transports: [transport], forceNew: true };
      const secure = io(`https://127.0.0.1:${securePort}`, { ...options, ca, reconnection: false });
      await once(secure as never, "connect");
      const joined = await secure.emitWithAck("join", privately(n + 2));
      expect(joined).toMatchObject({ ok: true, tag: first.tag });
      expect(joined.members).toContain(first.address);
      secure.disconnect();
    }
  });

  it("checks the origin at both, by host name", async () => {
    const { ca, securePort, server } = await startSecure();
    const secure = (origin: string) =>
      io(`https://127.0.0.1:${securePort}`, {
        transports: ["websocket"],
        forceNew: true,
        reconnection: false,
        extraHeaders: { origin },
        ca,
      } as never);
    const own = secure(`https://127.0.0.1:${securePort}`);
    await once(own as never, "connect");
    own.disconnect();
    await once(secure("https://elsewhere.example") as never, "connect_error");
    expect(server.counters.refused["foreign-origin"]).toBe(1);
  });

  it("[J14] tells pages at both the same STUN, at the http port, where UDP is", async () => {
    const { url, port, ca, securePort } = await startSecure({ stun: true });
    const plain = await connect(url, {}, ["websocket"], { version: 2 });
    const atHttp = await plain.join(privately(1));
    const secure = io(`https://127.0.0.1:${securePort}`, {
      transports: ["websocket"],
      auth: { version: 2 },
      forceNew: true,
      ca,
    } as never);
    const atHttps = await secure.emitWithAck("join", privately(2));
    secure.disconnect();
    expect(atHttps.iceServers).toEqual([{ urls: [`stun:127.0.0.1:${port}`] }]);
    expect(atHttp.iceServers).toEqual(atHttps.iceServers);
  });

  it("presents a new certificate when the computer's addresses change, without a restart", async () => {
    vi.useFakeTimers({ toFake: ["setInterval"] });
    const { ca, securePort } = await startSecure();
    const addressesNow = async () => {
      const socket = connectTls({ host: "127.0.0.1", port: securePort, ca });
      await once(socket, "secureConnect");
      const peer = new X509Certificate(socket.getPeerCertificate().raw);
      socket.destroy();
      return peer.subjectAltName;
    };
    expect(await addressesNow()).toContain("192.168.1.20");
    addresses = ["10.1.1.1"];
    vi.advanceTimersByTime(CERTIFICATE_CHECK_MS);
    await expect.poll(addressesNow).toContain("10.1.1.1");
    expect(await addressesNow()).not.toContain("192.168.1.20");
  });

  it("closes at once although clients are connected at both, and one shakes no hands", async () => {
    const { server, securePort, ca } = await startSecure();
    const silent = connectTcp(securePort, "127.0.0.1");
    const secure = connectTls({ host: "127.0.0.1", port: securePort, ca });
    await Promise.all([once(silent, "connect"), once(secure, "secureConnect")]);
    const ends = Promise.all([once(silent, "close"), once(secure, "close")]);
    secure.on("error", () => {});
    silent.on("error", () => {});
    await server.close();
    await ends;
    expect(server.secured).toBeUndefined();
  });

  it("with its port in use: a sentence that names the setting to change", async () => {
    const { securePort } = await startSecure();
    const https = { port: securePort, certificates: await openCertificates(), trustDir };
    const other = createSignalingServer({ host: "127.0.0.1", log: () => {}, https });
    const listening = await other.listen();
    await other.close();
    expect(listening).toEqual({
      ok: false,
      problem: expect.stringMatching(
        new RegExp(`^Port ${securePort} is already in use.*HTTPS_PORT=${securePort + 1}.*--https`),
      ),
    });
  });
});

describe("the page about trust", () => {
  it("shows the fingerprint, leads on with https and without, and keeps to a strict policy", async () => {
    const { url, port, ca, securePort, server } = await startSecure();
    const answer = await fetch(`${url}/trust`);
    const page = await answer.text();
    expect(page).toContain(`href="https://127.0.0.1:${securePort}/"`);
    expect(page).toContain(`href="http://127.0.0.1:${port}/"`);
    expect(page).toContain(server.secured!.fingerprint.join("\n"));
    expect(page).not.toContain("{{");
    expect(answer.headers.get("content-security-policy")).toMatch(
      new RegExp(`default-src 'none'.* connect-src https://127\\.0\\.0\\.1:${securePort}/trust/reached;`),
    );
    expect((await secureGet(securePort, ca, "/trust")).text).toBe(page);
  });

  it("gives the authority's certificate as a file, with the type at which devices offer to install it", async () => {
    const { url, ca } = await startSecure();
    for (const [name, type] of [
      ["swapmeet-ca.crt", "application/x-x509-ca-cert"],
      ["swapmeet-ca.pem", "application/x-pem-file"],
    ]) {
      const answer = await fetch(`${url}/trust/${name}`);
      expect(answer.headers.get("content-type")).toBe(type);
      const text = await answer.text();
      expect(text).toBe(ca);
      expect(text).not.toContain("PRIVATE");
    }
  });

  it("has everything that it names: files, sections, and a part for every device", async () => {
    const { url } = await startSecure();
    const page = await (await fetch(`${url}/trust`)).text();
    for (const [, path] of page.matchAll(/(?:href|src)="(\/trust[^"]*)"/g))
      expect((await fetch(url + path)).status, path).toBe(200);
    for (const [, id] of page.matchAll(/href="#(\w+)"/g)) expect(page).toContain(`id="${id}"`);
    const script = readFileSync(join(trustDir, "trust.js"), "utf8");
    for (const [, id] of script.matchAll(/(?:return|:|\?|byId\() ?"(\w+)"/g))
      expect(page).toContain(`id="${id}"`);
    for (const part of page.split("<details").slice(1)) expect(part).toContain("<b>Remove it:</b>");
  });

  it("[J15b] is where a page at https invites people to, at the page's own host; at http nobody is told more", async () => {
    const { url, port, ca, securePort } = await startSecure();
    const told = async (host: string) =>
      JSON.parse((await secureGet(securePort, ca, "/addresses.json", { host })).text) as unknown;
    expect(await told(`laptop.local:${securePort}`)).toEqual([`http://laptop.local:${port}/trust`]);
    expect(await told(`192.168.1.20:${securePort}`)).toEqual([`http://192.168.1.20:${port}/trust`]);
    // This server listens for this computer alone, so it has no address for others.
    expect(await told(`localhost:${securePort}`)).toEqual([]);
    const plain = await fetch(`${url}/addresses.json`, { headers: { "x-forwarded-for": "192.168.1.9" } });
    expect(await plain.json()).toEqual([]);
  });

  it("repeats no Host header that is no host name", async () => {
    const { port } = await startSecure();
    const socket = connectTcp(port, "127.0.0.1");
    socket.end('GET /trust HTTP/1.1\r\nHost: a"b;c\r\nConnection: close\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const answer = Buffer.concat(chunks).toString();
    expect(answer).toContain(`href="http://127.0.0.1:${port}/"`);
    expect(answer).not.toContain('a"b');
  });

  it("is not there without https, and neither are its files", async () => {
    const { url, server } = await startServer({ clientDir: folder });
    expect((await fetch(`${url}/trust`)).status).toBe(404);
    expect((await fetch(`${url}/trust/swapmeet-ca.crt`)).status).toBe(404);
    expect(server.secured).toBeUndefined();
    expect(existsSync(join(folder, "data"))).toBe(false);
  });
});
