import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:https";
import { isIP, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { domainsOf, issue, makeAuthority, type Pair } from "../../src/https/authority.ts";
import { Certificates } from "../../src/https/certificates.ts";

const DAY_MS = 86_400_000;
const NOW = new Date("2026-11-30T10:00:00Z");

let folder: string;
let now: Date;
let addresses: string[];
let log: [string, unknown][];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "swapmeet-https-")), "data");
  now = NOW;
  addresses = ["192.168.1.20"];
  log = [];
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

const tryOpen = (hostName = "laptop") =>
  Certificates.open({
    folder,
    hostName,
    addresses: () => addresses,
    now: () => now,
    log: (event, facts) => void log.push([event, facts]),
  });

async function open(hostName?: string): Promise<Certificates> {
  const opened = await tryOpen(hostName);
  if (!opened.ok) throw new Error(opened.problem);
  return opened.value;
}

async function problem(): Promise<string> {
  const opened = await tryOpen();
  return opened.ok ? "" : opened.problem;
}

const daysOf = ({ validFrom, validTo }: X509Certificate) =>
  (new Date(validTo).getTime() - new Date(validFrom).getTime()) / DAY_MS;

/** OpenSSL's verdict on a connection to `host` at a server with this pair, where `authority` alone is trusted. */
async function verdict({ certificate, key }: Pair, authority: string, host: string): Promise<string> {
  const server = createServer({ cert: certificate, key }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect({
    port: (server.address() as AddressInfo).port,
    host: "127.0.0.1",
    servername: isIP(host) ? "" : host,
    checkServerIdentity: (_host, peer) =>
      new X509Certificate(peer.raw)[isIP(host) ? "checkIP" : "checkHost"](host)
        ? undefined
        : new Error("other name"),
    ca: authority,
  });
  try {
    return await new Promise((resolve) => {
      socket.once("secureConnect", () => resolve("trusted"));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.message));
    });
  } finally {
    socket.destroy();
    server.close();
  }
}

describe("certificates", () => {
  // The validity of a real connection is judged by the clock of this computer.
  beforeEach(() => void (now = new Date()));

  it("are trusted at every name and address of this computer by a device that trusts the authority", async () => {
    const { authority, server } = await open();
    for (const host of ["localhost", "laptop", "laptop.local", "192.168.1.20", "127.0.0.1", "::1"])
      expect(await verdict(server, authority, host), host).toBe("trusted");
    expect(await verdict(server, authority, "192.168.1.21")).toBe("other name");
    const stranger = await makeAuthority("laptop", now);
    expect(await verdict(server, stranger.certificate, "localhost")).not.toBe("trusted");
  });

  it("of the authority for public names and addresses are refused: its name constraints do not permit them", async () => {
    const authority = await makeAuthority("laptop", now);
    for (const host of ["bank.example", "8.8.8.8", "2001:db8::1", "laptop.example", "local.example"]) {
      const names = host.includes(".e") ? { dns: [host], ips: [] } : { dns: [], ips: [host] };
      const forged = await issue(authority, names, now);
      expect(await verdict(forged, authority.certificate, host), host).toBe("permitted subtree violation");
    }
    expect(await domainsOf(authority)).toEqual([
      "localhost",
      "local",
      "home.arpa",
      "internal",
      "lan",
      "laptop",
    ]);
  });

  it("pass `openssl verify`, strictly and as a server's", async ({ skip }) => {
    if (spawnSync("openssl", ["version"]).status !== 0) skip("SKIPPED: there is no openssl here");
    const { authority, server } = await open();
    writeFileSync(join(folder, "ca.crt"), authority);
    writeFileSync(join(folder, "leaf.crt"), server.certificate);
    const verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.crt"];
    for (const asked of [
      ["-verify_ip", "192.168.1.20"],
      ["-verify_hostname", "laptop.local"],
    ])
      expect(execFileSync("openssl", [...verify, ...asked, "leaf.crt"], { cwd: folder }).toString()).toBe(
        "leaf.crt: OK\n",
      );
  });
});

describe("the contents", () => {
  it("of the authority: a critical CA of path length 0 that signs certificates, for ten years", async () => {
    const authority = new X509Certificate((await open("Büro PC")).authority);
    expect(authority.ca).toBe(true);
    expect(authority.subject).toBe("O=Swapmeet\nCN=Swapmeet on BroPC");
    expect(authority.checkIssued(authority)).toBe(true);
    expect(daysOf(authority)).toBe(3_650);
    expect(authority.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
  });

  it("of a server's: no CA, for servers alone, valid for less than the 398 days that phones accept", async () => {
    const certificates = await open();
    const server = new X509Certificate(certificates.server.certificate);
    expect(server.ca).toBe(false);
    expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(server.subjectAltName).toBe(
      "DNS:localhost, DNS:laptop, DNS:laptop.local, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:192.168.1.20",
    );
    expect(daysOf(server)).toBe(397);
    // For phones whose clock is slow.
    expect(NOW.getTime() - new Date(server.validFrom).getTime()).toBe(2 * DAY_MS);
    expect(certificates.fingerprint).toEqual(
      Array(4).fill(expect.stringMatching(/^([\dA-F]{2}:){7}[\dA-F]{2}$/)),
    );
    expect(certificates.fingerprint.join(":")).toBe(
      new X509Certificate(certificates.authority).fingerprint256,
    );
  });

  it("never outlive the authority", async () => {
    const { authority } = await open();
    now = new Date(NOW.getTime() + 3_500 * DAY_MS);
    const server = new X509Certificate((await open()).server.certificate);
    expect(server.validTo).toBe(new X509Certificate(authority).validTo);
  });
});

describe("the next start", () => {
  it("uses the same authority and the same certificate", async () => {
    const { authority, server } = await open();
    const again = await open();
    expect([again.authority, again.server]).toEqual([authority, server]);
    expect(log).toEqual([]);
  });

  it.each([
    ["30 days before it ends", "expiry", () => (now = new Date(NOW.getTime() + 366 * DAY_MS))],

    ["where an address is new", "names", () => addresses.push("10.0.0.7")],
    ["where an address is gone", "names", () => addresses.pop()],
    ["where its file is half", "damaged", () => cut("server.pem")],
    ["where its file is empty", "damaged", () => writeFileSync(join(folder, "server.pem"), "")],
  ])("replaces the server's certificate %s, and keeps the authority", async (_when, because, change) => {
    const { authority, server } = await open();

    change();
    const again = await tryOpen();
    if (!again.ok) throw new Error(again.problem);
    expect(again.value.authority).toBe(authority);
    expect(again.value.server).not.toEqual(server);
    expect(log).toEqual([["new-certificate", { because }]]);
    expect((await open()).server).toEqual(again.value.server);
  });

  it("replaces a server's certificate that a wrong clock has dated ahead", async () => {
    await open();
    rmSync(join(folder, "server.pem"));
    now = new Date(NOW.getTime() + 100 * DAY_MS);
    await open();
    now = NOW;
    expect(new Date(new X509Certificate((await open()).server.certificate).validFrom) < now).toBe(true);
    expect(log).toEqual([["new-certificate", { because: "expiry" }]]);
  });

  it("replaces a server's certificate of another authority", async () => {
    await open();
    rmSync(join(folder, "authority.pem"));
    const { authority, server } = await open();
    expect(log).toEqual([["new-certificate", { because: "other-authority" }]]);
    expect(new X509Certificate(server.certificate).verify(new X509Certificate(authority).publicKey)).toBe(
      true,
    );
  });
});

describe("while it runs", () => {
  it("the certificate is renewed when addresses changed or the end is near, and else stays", async () => {
    const certificates = await open();
    const { server } = certificates;
    expect(await certificates.renew()).toBe(false);
    addresses = ["10.1.1.1"];
    expect(await certificates.renew()).toBe(true);
    expect(certificates.names.ips).toEqual(["127.0.0.1", "::1", "10.1.1.1"]);
    expect(certificates.server).not.toEqual(server);
    expect(await certificates.renew()).toBe(false);
    now = new Date(NOW.getTime() + 400 * DAY_MS);
    expect(await certificates.renew()).toBe(true);
    expect(new Date(new X509Certificate(certificates.server.certificate).validTo) > now).toBe(true);
  });
});

describe("the files", () => {
  const isPosix = process.platform !== "win32";
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  it.runIf(isPosix)("are readable by their owner alone, and nothing else is left", async () => {
    await open();
    expect(readdirSync(folder).sort()).toEqual(["authority.pem", "server.pem"]);
    expect(modeOf(folder)).toBe(0o700);
    for (const name of readdirSync(folder)) expect(modeOf(join(folder, name))).toBe(0o600);
  });

  it.runIf(isPosix)("get that mode again where a copy has lost it", async () => {
    await open();
    chmodSync(join(folder, "authority.pem"), 0o644);
    await open();
    expect(modeOf(join(folder, "authority.pem"))).toBe(0o600);
  });

  it("that two processes make at once are one authority's", async () => {
    const [one, other] = await Promise.all([open(), open()]);
    expect(one.authority).toBe(other.authority);
  });

  it.each([
    ["half", () => cut("authority.pem")],
    ["empty", () => writeFileSync(join(folder, "authority.pem"), "")],
    ["without its key", () => writeFileSync(join(folder, "authority.pem"), certificateIn("authority.pem"))],
    ["with the key of another", () => replaceKey("authority.pem", "server.pem")],
    ["a server's certificate", () => writeFileSync(join(folder, "authority.pem"), textOf("server.pem"))],
  ])(
    "an authority's file that is damaged (%s) is kept, and stops the start in words",
    async (_how, damage) => {
      await open();
      damage();
      const damaged = textOf("authority.pem");
      expect(await problem()).toMatch(
        /^The certificate authority in .*authority\.pem is damaged\. Bring back a copy .* delete the file, and start again: a new authority is made, and every device has to trust that one anew\.$/,
      );
      expect(textOf("authority.pem")).toBe(damaged);
    },
  );

  it("an authority that is over, or not yet begun, stops the start in words that name the clock", async () => {
    await open();
    now = new Date(NOW.getTime() + 3_649 * DAY_MS);
    expect(await problem()).toMatch(/authority\.pem expired on Nov 25 .*set the clock right/);
    now = new Date("1970-01-01T00:00:05Z");
    expect(await problem()).toMatch(/was made on Nov 28 .* the clock of this computer says Thu, 01 Jan 1970/);
  });

  it("a folder that cannot be written stops the start in words", async () => {
    writeFileSync(folder, "a file where the folder would be");
    expect(await problem()).toMatch(
      /^The certificates cannot be kept in .*data: .* start without --https\.$/,
    );
  });

  it("a server's certificate that cannot be kept is used all the same", async () => {
    const { authority } = await open();
    addresses = ["10.1.1.1"];
    // A folder in the place of the file: root too cannot write there.
    rmSync(join(folder, "server.pem"));
    mkdirSync(join(folder, "server.pem"));
    const certificates = await open();
    expect(certificates.authority).toBe(authority);
    expect(certificates.names.ips).toContain("10.1.1.1");
    expect(log).toEqual([
      ["new-certificate", { because: "damaged" }],
      ["certificate-not-kept", { cause: expect.any(String) }],
    ]);
    expect(readdirSync(folder).sort()).toEqual(["authority.pem", "server.pem"]);
  });
});

const textOf = (name: string) => readFileSync(join(folder, name), "utf8");
const certificateIn = (name: string) => textOf(name).split("-----BEGIN PRIVATE")[0]!;
const cut = (name: string) =>
  writeFileSync(join(folder, name), textOf(name).slice(0, textOf(name).length / 2));
const replaceKey = (name: string, other: string) =>
  writeFileSync(join(folder, name), certificateIn(name) + textOf(other).slice(certificateIn(other).length));
