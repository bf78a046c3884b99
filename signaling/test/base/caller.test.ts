import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callerOf, parseHop } from "../../src/base/caller.ts";
import { parseCidr, type Cidr } from "../../src/base/network.ts";

const cidrs = (...texts: string[]): Cidr[] =>
  texts.map((text) => {
    const parsed = parseCidr(text);
    if (!parsed.ok) throw new Error(parsed.problem);
    return parsed.value;
  });

const byte = fc.integer({ min: 0, max: 255 });
const publicIpv4 = fc
  .tuple(fc.integer({ min: 20, max: 90 }), byte, byte, byte)
  .map((bytes) => bytes.join("."));

const PROXIES = cidrs("10.0.0.0/24", "fd00::1");

function seen(peer: string | undefined, headers: Record<string, string> = {}, trusted = PROXIES) {
  const socket = { remoteAddress: peer } as never;
  const caller = callerOf({ socket, headers }, trusted);
  return caller && `${caller.origin} ${caller.address.toString()}`;
}
const forwardedFor = (peer: string, header: string, trusted?: Cidr[]) =>
  seen(peer, { "x-forwarded-for": header }, trusted);
const forwarded = (peer: string, header: string) => seen(peer, { forwarded: header });

describe("[J8b] behind a declared proxy, a client's address", () => {
  it("is the rightmost that no declared proxy has", () => {
    fc.assert(
      fc.property(publicIpv4, fc.string(), (client, spoofed) => {
        expect(forwardedFor("10.0.0.1", `${spoofed}, ${client}`)).toBe(`known ${client}`);
        expect(forwardedFor("::ffff:10.0.0.1", `${spoofed}, ${client} ,10.0.0.9`)).toBe(`known ${client}`);
        expect(forwardedFor("fd00::1", client)).toBe(`known ${client}`);
        expect(forwarded("10.0.0.1", `for="${spoofed.replaceAll('"', "")}", for=${client}`)).toBe(
          `known ${client}`,
        );
      }),
    );
  });

  it.each([
    ["203.0.113.1", "203.0.113.1"],
    ["203.0.113.1:5555", "203.0.113.1"],
    ["2001:db8::5", "2001:db8::5"],
    ["[2001:db8::5]", "2001:db8::5"],
    ["[2001:db8::5]:443", "2001:db8::5"],
    [" 203.0.113.1:5555 ", "203.0.113.1"],
    ["::ffff:203.0.113.1", "203.0.113.1"],
    ["192.168.1.7:80", "192.168.1.7"],
  ])("is read from %j", (written, address) => {
    expect(forwardedFor("10.0.0.1", written)).toBe(`known ${address}`);
  });

  it.each([
    ["for=203.0.113.1;proto=https;by=10.0.0.1", "203.0.113.1"],
    ['For="[2001:db8::5]:443"', "2001:db8::5"],
    ['proto=http;for="203.0.113.1:5555"', "203.0.113.1"],
    ["for=198.51.100.9, for=203.0.113.1, for=10.0.0.2", "203.0.113.1"],
  ])("is read from Forwarded as RFC 7239 writes it: %s", (header, address) => {
    expect(forwarded("10.0.0.1", header)).toBe(`known ${address}`);
  });

  it.each([
    "unknown",
    "_hidden",
    "",
    ",",
    "8.8.8.8, unknown",
    "8.8.8.8, 10.0.0.2, x",
    "10.0.0.3, 10.0.0.2",
    "[]",
    "1.2.3",
  ])("is hidden when the header is %j", (header) => {
    expect(forwardedFor("10.0.0.1", header)).toBe("hidden 10.0.0.1");
  });

  it.each(["for=unknown", 'for="_hidden"', "proto=https", "", 'for="a,b"', "xfor=8.8.8.8"])(
    "is hidden when Forwarded is %j",
    (header) => {
      expect(forwarded("10.0.0.1", header)).toBe("hidden 10.0.0.1");
    },
  );

  it("is hidden when there is no header, or when two headers say two things", () => {
    expect(seen("10.0.0.1")).toBe("hidden 10.0.0.1");
    const both = { "x-forwarded-for": "8.8.8.8", forwarded: "for=8.8.4.4" };
    expect(seen("10.0.0.1", both)).toBe("hidden 10.0.0.1");
    expect(seen("10.0.0.1", { ...both, forwarded: "for=8.8.8.8" })).toBe("known 8.8.8.8");
    expect(seen("10.0.0.1", { ...both, forwarded: "for=unknown" })).toBe("hidden 10.0.0.1");
  });
});

describe("without a declared proxy, a client's address", () => {
  it("[J8b] is the connection's, for any header", () => {
    fc.assert(
      fc.property(publicIpv4, fc.string(), (peer, header) => {
        expect(forwardedFor(peer, header)).toMatch(new RegExp(` ${peer.replaceAll(".", "\\.")}$`));
      }),
    );
    expect(seen("8.8.8.8")).toBe("known 8.8.8.8");
    expect(seen(undefined)).toBeUndefined();
  });

  it("[J8d] is shared when a proxy beside the server shows itself", () => {
    for (const name of ["x-forwarded-for", "x-forwarded-proto", "x-real-ip", "via", "forwarded"])
      expect(seen("127.0.0.1", { [name]: "whatever" })).toBe("shared 127.0.0.1");
    expect(seen("127.0.0.1", { host: "localhost" })).toBe("known 127.0.0.1");
  });

  it("[J8d] is shared when a proxy at a public address names public clients, and not when it names private ones", () => {
    expect(forwardedFor("8.8.8.8", "203.0.113.1")).toBe("shared 8.8.8.8");
    expect(forwardedFor("8.8.8.8", "10.1.2.3")).toBe("known 8.8.8.8");
    expect(seen("8.8.8.8", { via: "1.1 squid" })).toBe("known 8.8.8.8");
  });
});

it("a hop of any text is parsed without exceptions", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseHop(text)));
});
