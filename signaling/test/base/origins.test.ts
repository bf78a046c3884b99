import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/network.ts";
import { Origins, type OriginsOptions } from "../../src/base/origins.ts";

const PUBLIC = "https://share.example.org";
const PROXY = { trustedProxies: [[parseAddress("10.0.0.1")!, 32]] } as const;

/** Why a browser, straight from its own computer unless `peer` says otherwise, gets no socket. */
function refusal(
  headers: Record<string, string>,
  options: Partial<OriginsOptions> = {},
  { peer = "192.168.1.77", url = "/" } = {},
) {
  const origins = new Origins({
    publicOrigin: undefined,
    trustedProxies: [],
    ownNames: { has: () => false },
    ...options,
  });
  return origins.refusalOf({ socket: { remoteAddress: peer } as never, headers, url });
}
/** As a browser asks from a page at this host. */
const at = (host: string, ...more: [Partial<OriginsOptions>?]) =>
  refusal({ host, origin: `http://${host}` }, ...more);

describe("[J10d] [J10f] without a setting, a page gets a socket", () => {
  it.each([
    ...["localhost:3000", "swapmeet.localhost", "127.0.0.1:3000", "[::1]:3000", "192.168.1.20:3000"],
    ...["8.8.8.8", "[2001:db8::1]:3000", "laptop", "laptop:3000", "laptop.local", "laptop.local.:3000"],
    ...["pi.home.arpa", "laptop.lan", "swap.internal", "lan.test"],
  ])("at %s, which no foreign page can have", (host) => {
    expect(at(host)).toBeUndefined();
  });

  it("at this computer's own names, in any spelling", () => {
    const ownNames = { has: (name: string) => name === "teacher.school.example" };
    expect(at("teacher.school.example:3000", { ownNames })).toBeUndefined();
    expect(at("TEACHER.school.example.", { ownNames })).toBeUndefined();
    expect(at("other.school.example", { ownNames })).toBe("unknown-host");
  });

  it.each([
    ...[
      "rebound.example",
      "rebound.example:3000",
      "127.0.0.1.rebound.example",
      "local.example",
      "xlocal.com",
    ],
    ...[
      "notlan.example",
      "fritz.box",
      "localhost.example",
      "lab-3.example",
      "192.168.1.20.nip.io",
      "a.locale",
    ],
  ])("not at %s, which a foreign page can have", (host) => {
    expect(at(host)).toBe("unknown-host");
    expect(refusal({ host })).toBe("unknown-host");
  });
});

describe("[J10d] [J10f] the public origin", () => {
  const options = { publicOrigin: PUBLIC };

  it("lets its page in, also where a proxy passes another host or none", () => {
    for (const host of ["share.example.org", "127.0.0.1:3000", "upstream.example.net", ""])
      expect(refusal({ host, origin: PUBLIC }, options)).toBeUndefined();
    expect(refusal({ origin: PUBLIC }, options)).toBeUndefined();
    expect(refusal({}, options)).toBeUndefined();
    expect(refusal({ host: "share.example.org" }, options)).toBeUndefined();
  });

  it("lets no other public name in, not even by a declared proxy", () => {
    expect(at("rebound.example", options)).toBe("unknown-host");
    const declared = { ...options, ...PROXY };
    const rebound = { host: "rebound.example", origin: "https://rebound.example" };
    expect(refusal(rebound, declared, { peer: "10.0.0.1" })).toBe("unknown-host");
    const hidden = { host: "127.0.0.1", origin: "https://rebound.example" };
    expect(refusal(hidden, declared, { peer: "10.0.0.1" })).toBe("foreign-origin");
    expect(refusal({ origin: "https://rebound.example" }, options)).toBe("foreign-origin");
  });

  it("leaves the names of the network as they are", () => {
    for (const host of ["localhost:3000", "192.168.1.20:3000", "laptop.local"])
      expect(at(host, options)).toBeUndefined();
  });
});

describe("[J10d] [J10f] a declared proxy", () => {
  const behind = (headers: Record<string, string>) => refusal(headers, PROXY, { peer: "10.0.0.1" });

  it("says the name, where the operator has set no origin", () => {
    expect(behind({ host: "a.example", origin: "https://a.example" })).toBeUndefined();
    const forwarded = { host: "inside", "x-forwarded-host": "a.example", origin: "https://a.example:8443" };
    expect(behind(forwarded)).toBeUndefined();
    expect(refusal(forwarded)).toBe("foreign-origin");
  });

  it("[J10b] keeps a page of another origin out", () => {
    expect(behind({ host: "a.example", origin: "https://b.example" })).toBe("foreign-origin");
    expect(behind({ host: "127.0.0.1:3000", origin: "https://a.example" })).toBe("foreign-origin");
    expect(behind({ host: "a.example", origin: "null" })).toBe("foreign-origin");
  });

  it("that passes no host needs the public origin", () => {
    expect(behind({})).toBe("unknown-host");
    expect(behind({ origin: "https://a.example" })).toBe("unknown-host");
  });
});

describe("[J10e] the origin in a page's query", () => {
  const polling = (host: string, origin: string, options: Partial<OriginsOptions> = {}) =>
    refusal({ host }, options, { url: `/socket.io/?EIO=4&origin=${encodeURIComponent(origin)}` });

  it("counts against a page whose browser says none", () => {
    expect(polling("127.0.0.1:3000", "https://a.example")).toBe("foreign-origin");
    expect(polling("127.0.0.1:3000", "http://127.0.0.1:3000")).toBeUndefined();
    expect(polling("127.0.0.1:3000", PUBLIC, { publicOrigin: PUBLIC })).toBeUndefined();
  });

  it("never counts for one", () => {
    expect(polling("rebound.example", PUBLIC, { publicOrigin: PUBLIC })).toBe("unknown-host");
    const url = `/?origin=${encodeURIComponent(PUBLIC)}`;
    const headers = { host: "127.0.0.1", origin: "https://rebound.example" };
    expect(refusal(headers, { publicOrigin: PUBLIC }, { url })).toBe("foreign-origin");
  });
});
