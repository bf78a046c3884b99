import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { NetworkInterfaceInfo } from "node:os";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { announce, lanAddresses } from "../src/announcement.ts";
import { withoutStartAndStop } from "../src/base/log.ts";
import { readSettings } from "../src/settings/settings.ts";
import { startServer } from "./harness.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = fileURLToPath(new URL("../build.js", import.meta.url));
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const built = mkdtempSync(join(tmpdir(), "swapmeet-built-"));
writeFileSync(join(built, "index.html"), "<!doctype html>");
afterAll(() => rmSync(built, { recursive: true }));

function run(command: string, args: string[], env: Record<string, string>) {
  const shell = command === "npm" && process.platform === "win32";
  const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, shell });
  const said = { out: "", err: "" };
  child.stdout.on("data", (text) => (said.out += text));
  child.stderr.on("data", (text) => (said.err += text));
  return { child, said, ended: once(child, "close") };
}

const start = (env: Record<string, string>) => run(process.execPath, [MAIN], env);

describe("the command", () => {
  beforeAll(() => execFileSync(process.execPath, [BUILD]));

  it("says where the page is, and ends cleanly on SIGTERM", async () => {
    const { child, said, ended } = start({ PORT: "0", HOST: "127.0.0.1", CLIENT_DIR: built });
    await expect.poll(() => said.out).toContain("Stop with Ctrl+C.");
    const url = /On this computer\s+(\S+)/.exec(said.out)?.[1];
    expect((await fetch(url!)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(said.out).toContain('"event":"stop"');
    expect(said.err).toBe("");
  });

  it("with its port in use: one sentence, exit code 1", async () => {
    const { port } = await startServer();
    const { said, ended } = start({ PORT: String(port), HOST: "127.0.0.1", CLIENT_DIR: built });
    expect(await ended).toEqual([1, null]);
    expect(said.err).toMatch(/^Port \d+ is already in use.*\n$/);
  });
});

describe("the build of the page", () => {
  const outDir = join(built, "out");

  /** As `npm start` does it, into another folder. */
  async function build(...args: string[]) {
    const script = ["run", "--silent", "build", "--workspace", "@swapmeet/client", "--"];
    const options = ["--outDir", outDir, "--emptyOutDir"];
    // Vitest names a mode of its own here, in which nobody builds.
    const { said, ended } = run("npm", [...script, ...args, ...options], { NODE_ENV: "" });
    const [code] = (await ended) as [number];
    return { code, ...said };
  }

  /** A page of this one script, with the settings of the real one. */
  function buildPageOf(script: string) {
    const page = mkdtempSync(join(built, "page-"));
    writeFileSync(join(page, "index.html"), '<!doctype html><script type="module" src="/main.js"></script>');
    writeFileSync(join(page, "main.js"), script);
    return build(page, "--config", "vite.config.ts");
  }

  it("says one line", async () => {
    expect(await build()).toEqual({ code: 0, out: "Building the page…\n", err: "" });
    expect(existsSync(join(outDir, "index.html"))).toBe(true);
  });

  it("shows warnings", async () => {
    const { code, err } = await buildPageOf('eval("1")');
    expect([code, err]).toEqual([0, expect.stringContaining("Use of direct `eval`")]);
  });

  it("shows errors in full", async () => {
    const { code, err } = await buildPageOf('import "./gone.js";');
    expect([code, err]).toEqual([1, expect.stringMatching(/Could not resolve '\.\/gone\.js'[^]*main\.js/)]);
  });
});

describe("the log at a terminal", () => {
  it("leaves out the events that the announcement tells in words, and nothing else", () => {
    const lines: unknown[][] = [];
    const log = withoutStartAndStop((...line) => void lines.push(line));
    log("start", { port: 3000 });
    log("no-stun", { cause: "EADDRINUSE" });
    log("failed", { where: "here" });
    log("stop");
    expect(lines).toEqual([
      ["no-stun", { cause: "EADDRINUSE" }],
      ["failed", { where: "here" }],
    ]);
  });
});

describe("settings", () => {
  it("default to port 3000, every address, and the client as built", () => {
    expect(readSettings({}, [], built)).toEqual({
      ok: true,
      value: { port: 3000, host: undefined, clientDir: built, trustedProxies: [], iceServers: undefined },
    });
  });

  it("name what is wrong and what to do", () => {
    const problem = (env: Record<string, string>, dir = built) => {
      const settings = readSettings(env, [], dir);
      return settings.ok ? "" : settings.problem;
    };
    for (const port of ["http", "-1", "65536", "3.5", "0x1000", "1e3", "+80", " 80", "3000.0", "Infinity"])
      expect(problem({ PORT: port })).toContain(`PORT=${port} is not`);
    expect(problem({ TRUSTED_PROXIES: "10.0.0.0/8, proxy" })).toContain(
      'TRUSTED_PROXIES: " proxy" is not an address',
    );
    // Anybody's header would be believed.
    for (const range of ["0.0.0.0/0", "::/0", "0.0.0.0/1", "::ffff:0:0/96"])
      expect(problem({ TRUSTED_PROXIES: `10.0.0.5,${range}` })).toContain(
        `TRUSTED_PROXIES: "${range}" would let anybody`,
      );
    // These would be other addresses than they look like.
    for (const range of ["10/8", "0x7f.1/8", "0300.1.1.1/8", "10.0.0.0/33", "10.0.0.0/", "fd00::/129"])
      expect(problem({ TRUSTED_PROXIES: range })).toContain(`TRUSTED_PROXIES: "${range}" is not`);
    expect(problem({}, "/nowhere")).toContain("npm run build");
  });

  it("take the widest private ranges, and IPv4 ranges in IPv6's notation", () => {
    const ranges = "10.0.0.0/8,fc00::/7,::ffff:10.1.0.0/112";
    expect(readSettings({ TRUSTED_PROXIES: ranges }, [], built)).toMatchObject({
      value: { trustedProxies: [{ 1: 8 }, { 1: 7 }, { 1: 16 }] },
    });
  });

  it("[J14] take STUN servers, and refuse by name those that no browser would take", () => {
    const urls = "stun:stun.example.org:3478, stun:[2001:db8::1]:3478,stun:10.0.0.1";
    expect(readSettings({ STUN_URLS: urls }, [], built)).toMatchObject({
      value: {
        iceServers: [{ urls: ["stun:stun.example.org:3478", "stun:[2001:db8::1]:3478", "stun:10.0.0.1"] }],
      },
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
      expect(readSettings({ STUN_URLS: `stun:b,${url}` }, [], built), url).toMatchObject({
        ok: false,
        problem: expect.stringContaining(`STUN_URLS: "${url}" is not`) as unknown,
      });
    const five = Array.from({ length: 5 }, (_, i) => `stun:s${i}`).join();
    expect(readSettings({ STUN_URLS: five }, [], built)).toMatchObject({
      ok: false,
      problem: expect.stringContaining("STUN_URLS names 5") as unknown,
    });
  });

  it("take several proxies, and leave the page to a development server when told", () => {
    expect(readSettings({ TRUSTED_PROXIES: "10.0.0.0/8, ::1" }, ["--no-client"], "/nowhere")).toMatchObject({
      value: { clientDir: undefined, trustedProxies: [{ 1: 8 }, { 1: 128 }] },
    });
  });
});

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

  it("every notation of every address means all of them", () => {
    for (const host of ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"])
      expect(announce(3000, host, interfaces)).toContain("http://192.168.1.20:3000/");
  });
});
