import type { NetworkInterfaceInfo } from "node:os";
import { renderUnicodeCompact } from "uqr";
import { describe, expect, it } from "vitest";
import { announce, lanAddresses, trustUrls } from "../src/announcement.ts";

describe("the announcement", () => {
  const at = (address: string, internal = false) =>
    ({ address, family: "IPv4", internal }) as unknown as NetworkInterfaceInfo;
  const interfaces = {
    lo: [at("127.0.0.1", true)],
    docker0: [at("172.17.0.1")],
    wlan0: [{ ...at("fe80::1"), family: "IPv6" } as NetworkInterfaceInfo, at("192.168.1.20")],
    eth1: [at("169.254.3.4")],
  };

  it("puts the address that phones can reach first", () => {
    expect(lanAddresses(interfaces)).toEqual(["192.168.1.20", "172.17.0.1"]);
  });

  it("shows every address, and a code to scan", () => {
    const text = announce(3000, undefined, interfaces);
    expect(text).toContain("http://localhost:3000/");
    expect(text).toContain("http://192.168.1.20:3000/");
    expect(text).toMatch(/[█▀▄]{10}/);
  });

  it("begins with the addresses, and says after the code what to do about a firewall and how to stop", () => {
    const lines = announce(3000, undefined, interfaces).split("\n");
    expect(lines.slice(0, 5)).toEqual([
      "Swapmeet is running.",
      "",
      "  On this computer   http://localhost:3000/",
      "  On this network    http://192.168.1.20:3000/",
      "  On this network    http://172.17.0.1:3000/",
    ]);
    expect(lines.slice(lines.findLastIndex((line) => /[█▀▄]/.test(line)) + 1)).toEqual([
      "",
      "Everyone on this network: scan the code or type the address.",
      "If a firewall asks, allow Node.js on private networks. If others still can't open the page,",
      "allow port 3000, TCP and UDP, in the settings of this computer's firewall.",
      "Stop with Ctrl+C.",
    ]);
    expect(announce(3000, "127.0.0.1", interfaces)).not.toContain("firewall");
  });

  it("names only the one host the server was told to use, and says when there is no network", () => {
    expect(announce(3000, "::1", interfaces)).toContain("http://[::1]:3000/");
    expect(announce(3000, "::1", interfaces)).not.toContain("192.168.1.20");
    expect(announce(3000, undefined, {})).toContain("only this computer");
  });

  it("at one address of the network: others are told it, and nobody reads that there is no network", () => {
    const text = announce(3000, "192.168.1.20", interfaces);
    expect(text).toMatch(/On this network\s+http:\/\/192\.168\.1\.20:3000\//);
    expect(text).not.toContain("172.17.0.1");
    expect(text).not.toContain("only this computer");
    expect(announce(3000, "fd00::7", interfaces)).toMatch(/On this network\s+http:\/\/\[fd00::7\]:3000\//);
  });

  it("at a loopback address or name: for this computer alone, because HOST says so", () => {
    for (const host of ["127.0.0.1", "::1", "localhost"]) {
      const text = announce(3000, host, interfaces);
      expect(text).toContain(`HOST=${host} is for this computer alone`);
      expect(text).not.toContain("No network found");
    }
  });

  it("[J18] has the base path in every URL", () => {
    const text = announce(3000, undefined, interfaces, { basePath: "/swap/" });
    expect(text).toContain("http://localhost:3000/swap/\n");
    expect(text).toContain("http://192.168.1.20:3000/swap/\n");
  });

  it("puts the public origin into the code, also where the server listens for a proxy alone", () => {
    const site = { basePath: "/swap/", publicOrigin: "https://share.example.org" };
    const text = announce(3000, "127.0.0.1", interfaces, site);
    expect(text).toMatch(/For everyone\s+https:\/\/share\.example\.org\/swap\/\n/);
    expect(text).not.toContain("only this computer");
    const codeIn = (announced: string) => /[█▀▄ \n]{200,}/.exec(announced)?.[0];
    expect(codeIn(text)).toBeDefined();
    expect(codeIn(text)).toBe(codeIn(announce(3000, undefined, interfaces, site)));
    expect(codeIn(text)).not.toBe(codeIn(announce(3000, "127.0.0.1", interfaces)));
  });

  describe("with https", () => {
    const fingerprint = ["00:01:02:03:04:05:06:07", "08:09:0A:0B:0C:0D:0E:0F"];
    const secured = {
      port: 3443,
      fingerprint,
      names: { dns: ["localhost", "laptop.local"], ips: ["192.168.1.20"] },
    };

    it("shows its addresses, and leads everyone to the page about trust, with the fingerprint to compare", () => {
      const text = announce(3000, undefined, interfaces, undefined, secured);
      const [addresses, advice] = text.split(/\n\n[█▀▄ \n]+\n\n/);
      expect(addresses!.split("\n").slice(2)).toEqual([
        "  On this computer   http://localhost:3000/",
        "  On this network    http://192.168.1.20:3000/",
        "  On this network    http://172.17.0.1:3000/",
        "  With https         https://192.168.1.20:3443/",
      ]);
      expect(advice!.split("\n").slice(0, 6)).toEqual([
        "Scan the code, or type http://192.168.1.20:3000/trust",
        "That page explains how a device comes to trust this computer, and leads on with https or without it.",
        "The fingerprint there must be the same as this one, of this computer's certificate authority (SHA-256):",
        "",
        "  00:01:02:03:04:05:06:07",
        "  08:09:0A:0B:0C:0D:0E:0F",
      ]);
      expect(text).toContain("port 3000, TCP and UDP, and port 3443, TCP,");
      expect(text).toContain(renderUnicodeCompact("http://192.168.1.20:3000/trust", { border: 2 }));
    });

    it("names only what the certificate stands for: this computer alone, a name, or nothing", () => {
      expect(announce(3000, "127.0.0.1", interfaces, undefined, secured)).toContain(
        "https://127.0.0.1:3443/",
      );
      expect(announce(3000, undefined, {}, undefined, secured)).toContain("https://localhost:3443/");
      expect(announce(3000, "Laptop.local", {}, undefined, secured)).toContain("https://Laptop.local:3443/");
      const text = announce(3000, "203.0.113.5", interfaces, undefined, secured);
      expect(text).toContain("No https for others: this computer has no address in a local network.");
      expect(text).not.toContain("https://");
      expect(text).not.toContain("/trust");
    });

    it("invitations from this computer lead to the page about trust", () => {
      expect(trustUrls(3000, undefined, interfaces, secured)).toEqual(["http://192.168.1.20:3000/trust"]);
    });
  });

  it("every notation of every address means all of them", () => {
    for (const host of ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"])
      expect(announce(3000, host, interfaces)).toContain("http://192.168.1.20:3000/");
  });
});
