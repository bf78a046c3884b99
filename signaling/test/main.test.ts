import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { NetworkInterfaceInfo } from "node:os";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { announce, lanAddresses } from "../src/announcement.ts";
import { withoutStartAndStop } from "../src/base/log.ts";
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

describe("the command line", () => {
  it("with bad settings: a line for each, exit code 78", async () => {
    const { said, ended } = start({ PORT: "http", CLIENT_DIR: "/nowhere" });
    expect(await ended).toEqual([78, null]);
    expect(said.err).toMatch(/^PORT=http is not.*\nCLIENT_DIR=\/nowhere has.*\n$/);
  });

  it("--help lists the settings", async () => {
    const { said, ended } = run(process.execPath, [MAIN, "--help"], { PORT: "http" });
    expect(await ended).toEqual([0, null]);
    expect(said.out).toContain("TRUSTED_PROXIES");
    expect(said.err).toBe("");
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

  it("[J18] names what it loads from where it lies itself", async () => {
    await build();
    const files = readdirSync(outDir, { recursive: true, encoding: "utf8" });
    const texts = files.filter((file) => /\.(html|js|css|webmanifest)$/.test(file));
    expect(texts.length).toBeGreaterThan(5);
    const fromTheRoot =
      /["'`(]\/(?:assets|addresses\.json|favicon|manifest)|(?:href|src|start_url)"?[=:] ?"\//g;
    for (const file of texts)
      expect([file, readFileSync(join(outDir, file), "utf8").match(fromTheRoot)]).toEqual([file, null]);
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

  it("every notation of every address means all of them", () => {
    for (const host of ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"])
      expect(announce(3000, host, interfaces)).toContain("http://192.168.1.20:3000/");
  });
});
