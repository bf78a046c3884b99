import { fail } from "@swapmeet/shared";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockOf, networkOf, openRoomTag, parseAddress, parseCidr } from "../../src/base/network.ts";

const address = (text: string) => {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(`not an address: ${text}`);
  return parsed;
};
const network = (text: string) => networkOf(address(text));
const byte = fc.integer({ min: 0, max: 255 });
const publicIpv4 = fc
  .tuple(fc.integer({ min: 1, max: 223 }), byte, byte, byte)
  .map((bytes) => bytes.join("."))
  .filter((text) => address(text).range() === "unicast");
const localIpv4 = fc.oneof(
  fc.tuple(byte, byte, byte).map((rest) => `10.${rest.join(".")}`),
  fc.tuple(fc.integer({ min: 16, max: 31 }), byte, byte).map((rest) => `172.${rest.join(".")}`),
  fc.tuple(byte, byte).map((rest) => `192.168.${rest.join(".")}`),
  fc.tuple(byte, byte).map((rest) => `169.254.${rest.join(".")}`),
  fc.tuple(byte, byte, byte).map((rest) => `127.${rest.join(".")}`),
  fc.tuple(fc.integer({ min: 64, max: 127 }), byte, byte).map((rest) => `100.${rest.join(".")}`),
);
const hextet = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16));
const hextets = (n: number) => fc.array(hextet, { minLength: n, maxLength: n }).map((all) => all.join(":"));

describe("networks", () => {
  it("[J8] every private, loopback, link-local or carrier address is in the one network lan", () => {
    fc.assert(
      fc.property(localIpv4, (text) => {
        expect(network(text)).toBe("lan");
        expect(network(`::ffff:${text}`)).toBe("lan");
      }),
    );
    fc.assert(fc.property(hextets(6), (rest) => network(`fd12:${rest}:1`) === "lan"));
    fc.assert(fc.property(hextets(6), (rest) => network(`fe80:${rest}:1`) === "lan"));
    expect(network("::1")).toBe("lan");
    expect(network("fe80::1%eth0")).toBe("lan");
  });

  it("[J8] a public IPv4 address is a network of its own, IPv4-mapped or not", () => {
    fc.assert(
      fc.property(publicIpv4, publicIpv4, (a, b) => {
        expect(network(a) === network(b)).toBe(a === b);
        expect(network(`::ffff:${a}`)).toBe(network(a));
        expect(network(a)).not.toBe("lan");
      }),
    );
  });

  it("[J8] public IPv6 addresses share a network exactly when they share a /64", () => {
    fc.assert(
      fc.property(hextets(3), hextets(3), hextets(4), hextets(4), (net, otherNet, host, otherHost) => {
        const here = address(`2a00:${net}:${host}`);
        const there = address(`2a00:${otherNet}:${otherHost}`);
        expect(networkOf(here)).toBe(network(`2a00:${net}:${otherHost}`));
        const samePrefix = blockOf(here) === blockOf(address(`2a00:${otherNet}:${host}`));
        expect(networkOf(here) === networkOf(there)).toBe(samePrefix);
      }),
    );
    expect(network("2a00:1:2:3::1")).toBe("2a00:1:2:3::/64");
    expect(network("2a00:1:2:4::1")).not.toBe("2a00:1:2:3::/64");
  });

  it("[J8a] the open tag is a hash of the network: the same for neighbours, another for others", () => {
    expect(openRoomTag(network("10.0.0.1"))).toBe(openRoomTag(network("fe80::7")));
    expect(openRoomTag(network("8.8.8.8"))).not.toBe(openRoomTag(network("8.8.8.9")));
    expect(openRoomTag(network("8.8.8.8"))).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("an address or a range", () => {
  it("is parsed without exceptions, and a text that is no address or range is refused", () => {
    fc.assert(fc.property(fc.string(), (text) => void [parseAddress(text), parseCidr(text)]));
    expect(parseCidr("10.0.0.0/33")).toEqual(
      fail('"10.0.0.0/33" is not an address or a range like 10.0.0.0/8.'),
    );
    expect(parseAddress("1")).toBeUndefined();
  });
});
