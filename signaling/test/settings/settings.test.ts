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
    const TRANSPORTS = ["websocket", "polling"];
    const defaults = { PORT: 3000, TRUSTED_PROXIES: [], STUN_URLS: [], TRANSPORTS };
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

describe("the command line", () => {
  it("knows its flags, and refuses others by name", () => {
    expect(readFlags([])).toEqual({ ok: true, value: { help: false, noClient: false } });
    expect(readFlags(["--no-client", "-h"])).toEqual({ ok: true, value: { help: true, noClient: true } });
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
