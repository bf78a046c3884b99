import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { helpText, readFlags } from "../../src/settings/command.ts";
import { readSettings, SETTINGS } from "../../src/settings/settings.ts";

const built = mkdtempSync(join(tmpdir(), "swapmeet-built-"));
writeFileSync(join(built, "index.html"), "<!doctype html>");
afterAll(() => rmSync(built, { recursive: true }));

const problem = (env: Record<string, string>): string => {
  const settings = readSettings(env);
  return settings.ok ? "" : settings.problem;
};

describe("settings", () => {
  it("default to port 3000, every address and this server's own STUN", () => {
    const defaults = {
      PORT: 3000,
      HTTPS_PORT: 3443,
      BASE_PATH: "/",
      TRUSTED_PROXIES: [],
      DRAIN_SECONDS: 5,
      STUN_URLS: [],
      TURN_URLS: [],
      TURN_TTL_SECONDS: 3600,
      TRANSPORTS: ["websocket", "polling"],
    };
    expect(readSettings({})).toEqual({ ok: true, value: defaults });
    expect(readSettings({ PORT: "", HOST: "", STUN_URLS: "" })).toEqual({ ok: true, value: defaults });
  });

  it("name what is wrong and what is allowed, each in a line", () => {
    for (const port of ["http", "-1", "65536", "3.5", "0x1000", "1e3", "+80", " 80", "3000.0", "Infinity"])
      expect(problem({ PORT: port })).toBe(
        `PORT=${port} is not a port. Use a whole number up to 65535, such as PORT=3000.`,
      );
    expect(problem({ PORT: "x", CLIENT_DIR: "/nowhere", STUN_URLS: "y" }).split("\n")).toEqual([
      expect.stringContaining("PORT=x"),
      expect.stringMatching(/^CLIENT_DIR=\/nowhere has no index\.html.*npm run build/),
      expect.stringContaining("STUN_URLS=y"),
    ]);
    expect(readSettings({ CLIENT_DIR: built })).toMatchObject({ value: { CLIENT_DIR: built } });
  });

  it("take a base path with and without its slashes, and refuse what is none", () => {
    for (const path of ["swap", "/swap", "swap/", "/swap/"])
      expect(readSettings({ BASE_PATH: path })).toMatchObject({ value: { BASE_PATH: "/swap/" } });
    expect(readSettings({ BASE_PATH: "/a/b-1.2_c" })).toMatchObject({ value: { BASE_PATH: "/a/b-1.2_c/" } });
    expect(readSettings({ BASE_PATH: "/" })).toMatchObject({ value: { BASE_PATH: "/" } });
    for (const path of [
      "//",
      "//swap",
      "/swap//",
      "/../",
      "/a/..",
      "/.a",
      "/a b",
      "/a?b",
      "/%61",
      "https://a/b",
    ])
      expect(problem({ BASE_PATH: path }), path).toContain("is not a path. Use a path of letters");
    expect(problem({ BASE_PATH: "a".repeat(129) })).toContain("is too long");
  });

  it("take one public origin, and refuse what is none or has a path", () => {
    for (const [text, origin] of [
      ["https://share.example.org", "https://share.example.org"],
      ["https://Share.Example.org:443/", "https://share.example.org"],
      ["http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"],
    ] as const)
      expect(readSettings({ PUBLIC_ORIGIN: text })).toMatchObject({ value: { PUBLIC_ORIGIN: origin } });
    for (const text of [
      "share.example.org",
      "https://share.example.org/swap/",
      "https://a.example,https://b.example",
      "https://user@a.example",
      "https://a.example/?",
      "https://a.example#",
      "ftp://a.example",
      "https://",
      "null",
    ])
      expect(problem({ PUBLIC_ORIGIN: text }), text).toContain("is not an origin. Use one scheme");
  });

  it("take proxies, the widest private ranges, and IPv4 ranges in IPv6's notation", () => {
    expect(readSettings({ TRUSTED_PROXIES: "10.0.0.0/8, ::1" })).toMatchObject({
      value: { TRUSTED_PROXIES: [{ 1: 8 }, { 1: 128 }] },
    });
    expect(readSettings({ TRUSTED_PROXIES: "10.0.0.0/8,fc00::/7,::ffff:10.1.0.0/112" })).toMatchObject({
      value: { TRUSTED_PROXIES: [{ 1: 8 }, { 1: 7 }, { 1: 16 }] },
    });
  });

  it("refuse by name what is no proxy", () => {
    expect(problem({ TRUSTED_PROXIES: "10.0.0.0/8, proxy" })).toContain(
      'names "proxy", which is not an address',
    );
    // Anybody's header would be believed.
    for (const range of ["0.0.0.0/0", "::/0", "0.0.0.0/1", "::ffff:0:0/96"])
      expect(problem({ TRUSTED_PROXIES: `10.0.0.5,${range}` })).toContain(
        `names "${range}", which would let anybody`,
      );
    // These would be other addresses than they look like.
    for (const range of ["10/8", "0x7f.1/8", "0300.1.1.1/8", "10.0.0.0/33", "10.0.0.0/", "fd00::/129"])
      expect(problem({ TRUSTED_PROXIES: range })).toContain(`names "${range}", which is not`);
  });

  it("take a token that cannot be guessed easily, and that a header can carry", () => {
    const token = "0123456789abcdef";
    expect(readSettings({ METRICS_TOKEN: token })).toMatchObject({ value: { METRICS_TOKEN: token } });
    expect(problem({ METRICS_TOKEN: token.slice(1) })).toContain("is too short. Use at least 16");
    for (const other of [`${token} `, `${token}é`, `${token}\n`])
      expect(problem({ METRICS_TOKEN: other })).toContain("cannot carry");
  });

  it("take a Redis, and do not show a password in one that they refuse", () => {
    for (const url of ["redis://127.0.0.1:6379", "rediss://user:secret@redis.example.org/1"])
      expect(readSettings({ REDIS_URL: url })).toMatchObject({ value: { REDIS_URL: url } });
    for (const url of ["redis:secret@example.org", "http://secret@example.org", "secret"]) {
      expect(problem({ REDIS_URL: url })).toMatch(
        /^REDIS_URL is not the address of a Redis\. Use an address/,
      );
      expect(problem({ REDIS_URL: url })).not.toContain("secret@");
    }
  });

  it("take one transport or both, and refuse others by name", () => {
    expect(readSettings({ TRANSPORTS: "websocket" })).toMatchObject({ value: { TRANSPORTS: ["websocket"] } });
    expect(problem({ TRANSPORTS: "websocket,pigeon" })).toContain('names "pigeon", which is not a transport');
    expect(problem({ TRANSPORTS: "," })).toContain("TRANSPORTS=, names none");
  });

  it("[J14] take STUN servers, and refuse by name those that no browser would take", () => {
    const urls = "stun:stun.example.org:3478, stun:[2001:db8::1]:3478,stun:10.0.0.1";
    expect(readSettings({ STUN_URLS: urls })).toMatchObject({
      value: { STUN_URLS: ["stun:stun.example.org:3478", "stun:[2001:db8::1]:3478", "stun:10.0.0.1"] },
    });
    for (const url of [
      "stun.example.org",
      "stun://stun.example.org",
      "stun:",
      "stun:a:0",
      "stun:a:65536",
      "stun:a:0x10",
      "stun:[::::]",
      "stun:a?transport=udp",
      "turn:a:3478",
      "https://a",
    ])
      expect(problem({ STUN_URLS: `stun:b,${url}` })).toContain(`names "${url}", which is not`);
    const five = Array.from({ length: 5 }, (_, i) => `stun:s${i}`).join();
    expect(problem({ STUN_URLS: five })).toContain("names too many servers. Use at most 4");
  });
});

describe("[J14d] the settings of relay servers", () => {
  const TURN_SECRET = "north-pier-at-dawn";

  it("take UDP, TCP and TLS, with a secret and a time", () => {
    const urls = ["turn:a.example:3478", "turn:a.example?transport=tcp", "turns:[2001:db8::1]:5349"];
    expect(readSettings({ TURN_URLS: urls.join(), TURN_SECRET, TURN_TTL_SECONDS: "86400" })).toMatchObject({
      value: { TURN_URLS: urls, TURN_SECRET, TURN_TTL_SECONDS: 86_400 },
    });
  });

  it("refuse by name those that no browser would take", () => {
    for (const url of ["turn.example.org", "stun:a", "turn:a:0", "turn:a?transport=sctp", "turn:u@a"])
      expect(problem({ TURN_URLS: `turn:b,${url}`, TURN_SECRET })).toContain(`names "${url}", which is not`);
    for (const seconds of ["9", "86401", "1h", "-1"])
      expect(problem({ TURN_TTL_SECONDS: seconds })).toMatch(/is not a time.*from 10 to 86400/);
  });

  it("come together, or not at all", () => {
    expect(problem({ TURN_URLS: "turn:a" })).toMatch(/^TURN_URLS needs TURN_SECRET\. Use the same/);
    expect(problem({ TURN_SECRET })).toMatch(/^TURN_SECRET needs TURN_URLS\. Use at most/);
  });

  it("never show a secret", () => {
    const said = problem({ TURN_URLS: "turn:a", TURN_SECRET: "hunter2" });
    expect(said).toMatch(/^TURN_SECRET is so short/);
    expect(said).not.toContain("hunter2");
  });
});

describe("the command line", () => {
  it("knows its flags, and refuses others by name", () => {
    expect(readFlags([])).toEqual({ ok: true, value: { help: false, https: false, noClient: false } });
    expect(readFlags(["--no-client", "-h", "--https"])).toEqual({
      ok: true,
      value: { help: true, https: true, noClient: true },
    });
    for (const args of [["--clients"], ["3000"], ["--help=x"]])
      expect(readFlags(args)).toEqual({ ok: false, problem: expect.stringContaining("--help") as unknown });
    expect(readFlags(["--clients"])).toMatchObject({
      problem: expect.stringContaining("--clients") as unknown,
    });
  });

  it("shows every setting in its help, with what is allowed and the default", () => {
    const help = helpText();
    for (const [name, { means, use }] of Object.entries(SETTINGS))
      for (const text of [`  ${name}\n`, means, use]) expect(help).toContain(text);
    expect(help).toContain("Default: 3000");
  });
});
