import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { withoutStartAndStop } from "../src/base/log.ts";
import { Ending, ONE_PRESS_MS } from "../src/ending.ts";
import { connect, startServer } from "./harness.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = fileURLToPath(new URL("../build.js", import.meta.url));
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const built = mkdtempSync(join(tmpdir(), "swapmeet-built-"));
writeFileSync(join(built, "index.html"), "<!doctype html>");
afterAll(() => rmSync(built, { recursive: true }));

const children = new Set<ChildProcess>();
afterEach(() => children.forEach((child) => child.kill("SIGKILL")));

function run(command: string, args: string[], env: Record<string, string>) {
  const shell = command === "npm" && process.platform === "win32";
  const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, shell });
  children.add(child);
  child.once("close", () => children.delete(child));
  const said = { out: "", err: "" };
  child.stdout.on("data", (text) => (said.out += text));
  child.stderr.on("data", (text) => (said.err += text));
  return { child, said, ended: once(child, "close") };
}

const start = (env: Record<string, string>) => run(process.execPath, [MAIN], env);

const HERE = { PORT: "0", HOST: "127.0.0.1", CLIENT_DIR: built };

async function urlFrom(said: { readonly out: string }): Promise<string> {
  await expect.poll(() => said.out).toContain("Stop with Ctrl+C.");
  return /On this computer\s+(\S+)/.exec(said.out)![1]!;
}

/** A server that listens; the test ends it. */
async function startRunning(env: Record<string, string> = {}) {
  const running = start({ ...HERE, ...env });
  return { ...running, url: await urlFrom(running.said) };
}

/** One at a terminal of its own, which util-linux opens for it. */
async function startAtTerminal() {
  const { child: terminal, said } = run(
    "script",
    ["-qec", `"${process.execPath}" "${MAIN}"`, "/dev/null"],
    HERE,
  );
  return { terminal, url: await urlFrom(said) };
}

describe("the command", () => {
  beforeAll(() => execFileSync(process.execPath, [BUILD]));

  it("says where the page is, and ends cleanly on SIGTERM", async () => {
    const { child, said, ended, url } = await startRunning();
    expect((await fetch(url)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(said.out).toContain('"event":"drain"');
    expect(said.out).toContain('"event":"stop"');
    expect(said.err).toBe("");
  });

  /** One that has begun to drain for an hour, because clients are there. */
  async function startDraining() {
    const running = await startRunning({ DRAIN_SECONDS: "3600" });
    const clients = await Promise.all(Array.from({ length: 200 }, () => connect(running.url)));
    const firstGone = Promise.race(clients.map(({ socket }) => once(socket as never, "disconnect")));
    running.child.kill("SIGTERM");
    await firstGone;
    return running;
  }

  it("[J11a] drains on SIGTERM for as long as DRAIN_SECONDS allow; a second signal ends it at once", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const { child, ended, said } = await startDraining();
      await expect
        .poll(() => {
          child.kill(signal);
          return child.exitCode;
        })
        .toBe(0);
      expect(await ended).toEqual([0, null]);
      expect(said.out).toContain('"event":"drain"');
      expect(said.out).not.toContain('"event":"stop"');
    }
  });

  it("[J11] ends on SIGINT without draining", async () => {
    const { child, ended, said, url } = await startRunning({ DRAIN_SECONDS: "3600" });
    const { socket } = await connect(url);
    const gone = once(socket as never, "disconnect");
    child.kill("SIGINT");
    expect((await gone)[0]).toBe("transport close");
    expect(await ended).toEqual([0, null]);
    expect(said.out).toContain('"event":"stop"');
    expect(said.out).not.toContain('"event":"drain"');
  });

  it.skipIf(process.platform === "win32")(
    "without a terminal: goes on after SIGHUP, with a line",
    async () => {
      const { child, said, url } = await startRunning();
      child.kill("SIGHUP");
      await expect.poll(() => said.out).toContain('"event":"hangup"');
      expect((await fetch(url)).status).toBe(200);
      child.kill("SIGTERM");
    },
  );

  it.skipIf(process.platform !== "linux")("ends when its terminal closes", async () => {
    const { terminal, url } = await startAtTerminal();
    terminal.kill("SIGKILL");
    await expect.poll(() => fetch(url).then(Boolean, () => false)).toBe(false);
  });

  it("goes on without a log when nobody reads it any more", async () => {
    const { child, url, ended } = await startRunning();
    child.stdout.destroy();
    child.kill("SIGHUP");
    child.kill("SIGHUP");
    expect((await fetch(url)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  it("--https makes certificates in the data folder, and serves https beside http", async () => {
    const data = join(built, "data");
    const env = { PORT: "0", HTTPS_PORT: "0", HOST: "127.0.0.1", CLIENT_DIR: built, XDG_DATA_HOME: data };
    const { child, said, ended } = run(process.execPath, [MAIN, "--https"], {
      ...env,
      LOCALAPPDATA: data,
      HOME: data,
    });
    await expect.poll(() => said.out).toContain("Stop with Ctrl+C.");
    const secure = /With https\s+(\S+)/.exec(said.out)![1]!;
    const plain = /On this computer\s+(\S+)/.exec(said.out)![1]!;
    const ca = await (await fetch(`${plain}trust/swapmeet-ca.crt`)).text();
    const [response] = await once(get(secure, { ca, agent: false }), "response");
    expect(response.statusCode).toBe(200);
    expect(said.out).toContain(`type ${plain}trust\n`);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(said.err).toBe("");
  });

  it("--https with certificates that cannot be kept, or with one port for both: words, and an exit code", async () => {
    const env = { PORT: "0", HOST: "127.0.0.1", CLIENT_DIR: built };
    const inFile = join(built, "index.html");
    const unkept = run(process.execPath, [MAIN, "--https"], {
      ...env,
      XDG_DATA_HOME: inFile,
      LOCALAPPDATA: inFile,
      HOME: inFile,
    });
    expect(await unkept.ended).toEqual([1, null]);
    expect(unkept.said.err).toMatch(/^The certificates cannot be kept in .*\n$/);
    const { said, ended } = run(process.execPath, [MAIN, "--https"], { ...env, PORT: "3443" });
    expect(await ended).toEqual([78, null]);
    expect(said.err).toBe("HTTPS_PORT=3443 is the port of plain http too. Use two ports.\n");
  });

  it("with its port in use: one sentence, exit code 1", async () => {
    const { port } = await startServer();
    const { said, ended } = start({ PORT: String(port), HOST: "127.0.0.1", CLIENT_DIR: built });
    expect(await ended).toEqual([1, null]);
    expect(said.err).toMatch(/^Port \d+ is already in use.*\n$/);
  });
});

describe("an end", () => {
  it("is one for signals of one press; a later one does not wait for the work", async () => {
    let exits = 0;
    let nowMs = 1_000;
    const begun: string[] = [];
    const ending = new Ending(
      () => void exits++,
      () => nowMs,
    );
    const endless = (name: string) => () => new Promise<void>(() => begun.push(name));
    ending.begin(endless("first"));
    nowMs += ONE_PRESS_MS;
    ending.begin(endless("second"));
    expect([begun, exits]).toEqual([["first"], 0]);
    nowMs += 1;
    ending.begin(endless("third"));
    expect([begun, exits]).toEqual([["first"], 1]);
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
