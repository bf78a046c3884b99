/** The files of signaling/deploy, where no engine can run them: their syntax, and that they fit this repository. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DCLinter } from "dclint";
import { DockerfileParser, type Copy, type From } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { io } from "socket.io-client";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { SETTINGS } from "../../src/settings/settings.ts";
import { connect, openly, startServer } from "../harness.ts";
import { findProgram } from "./programs.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const DEPLOY = join(ROOT, "signaling/deploy");
const textOf = (name: string) => readFileSync(join(DEPLOY, name), "utf8");
const folder = mkdtempSync(join(tmpdir(), "swapmeet-deploy-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Variables that Node itself reads. */
const OF_NODE = ["NODE_ENV"];
const unknown = (names: Iterable<string>) =>
  [...names].filter((name) => ![...Object.keys(SETTINGS), ...OF_NODE].includes(name));

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<"caddy" | "swapmeet" | "redis" | "coturn", Service>>;
}
const compose = parse(textOf("compose.yaml")) as Compose;

describe("the settings that these files give", () => {
  it("are settings of the server", () => {
    expect(unknown(Object.keys(compose.services.swapmeet.environment!))).toEqual([]);
    const unit = [...textOf("swapmeet.service").matchAll(/^Environment=(.*)$/gm)].flatMap(([, line]) =>
      line!.split(" ").map((variable) => variable.split("=")[0]!),
    );
    expect(unit).toContain("PORT");
    expect(unknown(unit)).toEqual([]);
    expect(
      unknown(dockerfile.getENVs().flatMap((env) => env.getProperties().map((p) => p.getName()))),
    ).toEqual([]);
  });

  it("come from variables that .env.example explains", () => {
    const asked = [...textOf("compose.yaml").matchAll(/\$\{(\w+)/g)].map(([, name]) => name!);
    const offered = [...textOf(".env.example").matchAll(/^(\w+)=/gm)].map(([, name]) => name!);
    expect([...new Set(asked)].sort()).toEqual(offered.sort());
  });
});

const dockerfile = DockerfileParser.parse(textOf("Dockerfile"));

describe("Dockerfile", () => {
  const last = dockerfile.getFROMs().at(-1) as From;
  const finalStage = dockerfile
    .getInstructions()
    .filter((instruction) => instruction.getRange().start.line > last.getRange().start.line);
  const copies = dockerfile.getCOPYs();
  const pathsOf = (copy: Copy) => copy.getArguments().map((argument) => argument.getValue());
  const isFromStage = (copy: Copy) => copy.getFlags().some((flag) => flag.getName() === "from");

  it("has no mistake that its validator knows", () => {
    expect(
      validate(textOf("Dockerfile")).map(({ message, range }) => [range.start.line + 1, message]),
    ).toEqual([]);
  });

  it("copies paths that exist, and that .dockerignore lets through", () => {
    const sources = copies.filter((copy) => !isFromStage(copy)).flatMap((copy) => pathsOf(copy).slice(0, -1));
    expect(sources.length).toBeGreaterThan(8);
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const allowed = readFileSync(join(ROOT, ".dockerignore"), "utf8").match(/(?<=^!).+$/gm)!;
    const isAllowed = (path: string) => allowed.some((root) => path === root || path.startsWith(`${root}/`));
    expect(sources.filter((path) => !isAllowed(path))).toEqual([]);
    expect(allowed.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("copies from stages what they make", () => {
    const stages = dockerfile.getFROMs().flatMap((from) => from.getBuildStage() ?? []);
    for (const copy of copies.filter(isFromStage)) {
      expect(stages).toContain(copy.getFlags()[0]!.getValue());
      expect(pathsOf(copy)[0]).toMatch(/^\/app\/(node_modules|signaling\/dist|client\/dist)$/);
    }
  });

  it("has the manifest of every workspace, because npm compares all with the lock", () => {
    const { workspaces } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      workspaces: string[];
    };
    const manifests = copies.flatMap(pathsOf).filter((path) => path.endsWith("/package.json"));
    expect([...new Set(manifests)].sort()).toEqual(workspaces.map((path) => `${path}/package.json`).sort());
  });

  it("starts the built server as an ordinary user, and asks it how it is", () => {
    const keywords = finalStage.map((instruction) => instruction.getKeyword());
    expect(keywords).toEqual(expect.arrayContaining(["USER", "HEALTHCHECK", "CMD"]));
    expect(keywords).not.toContain("RUN");
    expect(
      finalStage.find((instruction) => instruction.getKeyword() === "USER")!.getRawArgumentsContent(),
    ).toBe("node");
    const command = JSON.parse(finalStage.at(-1)!.getRawArgumentsContent()!) as string[];
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "signaling/package.json"), "utf8")) as {
      scripts: { start: string };
    };
    expect(command.join(" ")).toBe(scripts.start.replace("dist/", "signaling/dist/"));
  });

  it("fetches nothing but its base image and npm packages", () => {
    expect(new Set(dockerfile.getFROMs().map((from) => from.getImage()))).toEqual(
      new Set(["node:24-slim", "manifests"]),
    );
    const commands = dockerfile.getInstructions().filter((instruction) => instruction.getKeyword() === "RUN");
    for (const run of commands)
      for (const part of run.getRawArgumentsContent()!.split("&&"))
        expect(part).toMatch(/^[\s\\]*npm (ci|pkg|run) /);
    expect(textOf("Dockerfile")).not.toMatch(/^ADD|curl|wget|apt-get/m);
  });

  it("the health check fails where the server does not answer, and passes where it does", async () => {
    const check = /^\s*CMD (\["node", "-e", .*\])$/m.exec(textOf("Dockerfile"))![1]!;
    const [, ...args] = JSON.parse(check) as string[];
    const { port, server } = await startServer();
    const ask = async () => {
      const asking = spawn(process.execPath, args, { env: { ...process.env, PORT: String(port) } });
      return ((await once(asking, "exit")) as [number])[0];
    };
    expect(await ask()).toBe(0);
    await server.close();
    expect(await ask()).toBe(1);
  });
});

describe("compose.yaml", () => {
  /** Rules of taste: this file is in the order of reading, and its ports are for everybody. */
  const rules = Object.fromEntries(
    [
      "service-keys-order",
      "services-alphabetical-order",
      "require-quotes-in-ports",
      "no-unbound-port-interfaces",
    ].map((rule) => [rule, 0 as const]),
  );
  const lint = (path: string) =>
    new DCLinter({ rules, quiet: true, debug: false, exclude: [] })
      .lintFiles([path], false)
      .flatMap(({ messages }) => messages.map(({ line, message }) => `${line}: ${message}`));

  it("fits the schema of the Compose Specification", () => {
    expect(lint(join(DEPLOY, "compose.yaml"))).toEqual([]);
    const broken = join(folder, "compose.yaml");
    writeFileSync(broken, textOf("compose.yaml").replace("read_only: true", "read_only: [1]"));
    expect(lint(broken)).not.toEqual([]);
  });

  it("builds from files that exist, and mounts files that exist", () => {
    const { context, dockerfile: file } = compose.services.swapmeet.build!;
    expect(join(DEPLOY, context, "/")).toBe(join(ROOT, "/"));
    expect(existsSync(join(ROOT, file))).toBe(true);
    const mounts = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes);
    const files = mounts.flatMap((mount) => (mount.startsWith(".") ? mount.split(":")[0]! : []));
    expect(files.filter((path) => !existsSync(join(DEPLOY, path)))).toEqual([]);
  });

  it("gives no service a writable root, nor capabilities that it does not need", () => {
    for (const [name, { read_only, cap_drop }] of Object.entries(compose.services))
      expect({ name, read_only, cap_drop }).toEqual({ name, read_only: true, cap_drop: ["ALL"] });
  });

  it("the real turnserver starts with these arguments, and passes the health check", async ({ skip }) => {
    const program = findProgram("turnserver", "coturn") ?? skip("no turnserver");
    const { command, healthcheck } = compose.services.coturn;
    const port = await freePort();
    const args = command!.map((argument) =>
      argument
        .replace(/^--listening-port=.*/, `--listening-port=${port}`)
        .replace("=/tmp/", `=${folder}/`)
        .replaceAll("${DOMAIN}", "swapmeet.example")
        .replaceAll("${TURN_SECRET}", "secret"),
    );
    const loopback = ["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"];
    const coturn = spawn(program, [...args, ...loopback], { stdio: ["ignore", "pipe", "pipe"] });
    const said = collect(coturn);
    try {
      const [, check, ...options] = healthcheck!.test;
      const asked = options.map((option) => (option === "3478" ? String(port) : option));
      // It asks once and waits for ever, so Docker ends it, as does this.
      const ask = () => spawnSync(check!, asked, { timeout: 2_000 }).status;
      await expect.poll(ask).toBe(0);
      expect(said.join("")).not.toMatch(/unrecognized|unknown option|invalid/i);
      expect(coturn.exitCode).toBeNull();
    } finally {
      await end(coturn);
    }
  });

  it("the real redis-server starts with these arguments", async ({ skip }) => {
    const program = findProgram("redis-server", "redis-server") ?? skip("no redis-server");
    const port = await freePort();
    const args = compose.services.redis.command!.slice(1);
    const redis = spawn(program, [...args, "--port", String(port), "--bind", "127.0.0.1"], { cwd: folder });
    const said = collect(redis);
    try {
      await expect.poll(() => said.join("")).toContain("Ready to accept connections");
    } finally {
      await end(redis);
    }
  });
});

describe("Caddyfile", () => {
  it("the real Caddy passes pages and WebSockets on, with the client's own address and origin", async ({
    skip,
  }) => {
    const program = findProgram("caddy", "caddy") ?? skip("no caddy");
    writeFileSync(join(folder, "index.html"), "<!doctype html><title>page</title>");
    const { parseCidr } = await import("../../src/base/network.ts");
    const loopback = parseCidr("127.0.0.1");
    if (!loopback.ok) throw new Error(loopback.problem);
    const { port, url, server } = await startServer({ clientDir: folder, trustedProxies: [loopback.value] });
    const site = `http://127.0.0.1:${await freePort()}`;
    const env = {
      ...process.env,
      SITE: site,
      UPSTREAM: `127.0.0.1:${port}`,
      CADDY_ADMIN: `127.0.0.1:${await freePort()}`,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
    };
    const config = ["--adapter", "caddyfile", "--config", join(DEPLOY, "Caddyfile")];
    execFileSync(program, ["validate", ...config], { env, stdio: "ignore" });
    const caddy = spawn(program, ["run", ...config], { env });
    const said = collect(caddy);
    try {
      await expect.poll(() => said.join("")).toContain("serving initial configuration");
      expect(await (await fetch(site)).text()).toContain("<title>page</title>");
      const direct = await (await connect(url, { "X-Forwarded-For": "127.0.0.2" })).join(openly(1));
      const through = io(site, {
        ...{ transports: ["websocket"], forceNew: true, reconnection: false },
        extraHeaders: { Origin: site, "X-Forwarded-For": "203.0.113.9" },
        agent: new Agent({ localAddress: "127.0.0.2" }) as never,
      });
      const joined = (await through.emitWithAck("join", openly(2))) as { tag: string };
      through.disconnect();
      expect(joined.tag).toBe(direct.tag);
      await expect(connect(site, { Origin: "https://elsewhere.example" })).rejects.toThrow();
      expect(server.counters.refused["foreign-origin"]).toBe(1);
    } finally {
      await end(caddy);
    }
  });
});

describe("swapmeet.service", () => {
  const unit = join(folder, "swapmeet.service");

  it("starts the built server with the command of `npm start`", () => {
    expect(textOf("swapmeet.service")).toContain(
      "\nExecStart=/usr/bin/node --enable-source-maps /opt/swapmeet/signaling/dist/main.js\n",
    );
  });

  it("passes the checks of systemd, and leaves an intruder little", ({ skip }) => {
    const program = findProgram("systemd-analyze") ?? skip("no systemd-analyze");
    // The checks want the program and the folder, which lie elsewhere here.
    const here = textOf("swapmeet.service")
      .replace("/usr/bin/node", process.execPath)
      .replace("WorkingDirectory=/opt/swapmeet", `WorkingDirectory=${folder}`);
    writeFileSync(unit, here);
    const verify = spawnSync(program, ["verify", unit], { encoding: "utf8" });
    expect([verify.status, verify.stderr]).toEqual([0, ""]);
    const security = spawnSync(program, ["security", "--offline=true", "--threshold=20", unit], {
      encoding: "utf8",
    });
    expect(security.status, security.stdout).toBe(0);
    // Known mistakes are found, so silence means something.
    writeFileSync(unit, here.replace("Restart=on-failure", "Restart=sometimes"));
    expect(spawnSync(program, ["verify", unit], { encoding: "utf8" }).stderr).toContain("sometimes");
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function collect(child: ChildProcess): string[] {
  const said: string[] = [];
  child.stdout?.on("data", (text) => said.push(String(text)));
  child.stderr?.on("data", (text) => said.push(String(text)));
  return said;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
