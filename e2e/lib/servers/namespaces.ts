/**
 * Computers of a small network, on one machine: per peer a network namespace of its own, joined by a bridge, with a
 * limited uplink. Linux, root and iproute2 only.
 */
import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium, type BrowserContext } from "playwright";
import { launchOptions } from "../browser.ts";
import { aptInstall } from "../install/installing.mjs";

/** The bridge's own address: here the servers listen. */
export const BRIDGE_ADDRESS = "10.213.77.1";
const BRIDGE = "swapmeet-br";
const namespaceOf = (peer: number): string => `swapmeet-${peer}`;
/** An interface's name has 15 characters at most. */
const outerOf = (peer: number): string => `swapmeet-v${peer}`;
const routerOf = (peer: number): string => `swapmeet-router-${peer}`;
const addressOf = (peer: number): string => `10.213.77.${10 + peer}`;

/** Beside a classroom's uplinks, downlinks are no limit. */
const DOWNLINK = "100mbit";
const MAX_PEERS = 16;

const run = async (command: string, ...args: string[]): Promise<void> => {
  await promisify(execFile)(command, args);
};

/** Why there can be none here, or null. */
export const whyNoNamespaces = async (): Promise<string | null> => {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    if ((await hasNone("ip", "-V")) || (await hasNone("tc", "-V"))) {
      await run("apt-get", "update");
      await run("apt-get", "install", "--yes", "iproute2");
    }
    await run("ip", "netns", "add", "swapmeet-try");
    await run("ip", "netns", "delete", "swapmeet-try");
    return null;
  } catch (error) {
    return `network namespaces do not work here: ${(error as Error).message.trim()}`;
  }
};

const hasNone = (command: string, ...args: string[]): Promise<boolean> =>
  run(command, ...args).then(
    () => false,
    () => true,
  );

/** Why there can be no NATs here, or null. */
export const whyNoNats = async (): Promise<string | null> => {
  const why = await whyNoNamespaces();
  if (why !== null) return why;
  if (await hasNone("nft", "--version")) aptInstall("nftables");
  return (await hasNone("nft", "--version")) ? "NATs need nftables" : null;
};

export class Namespaces {
  readonly #peers: number;
  readonly #folder: string;
  readonly #contexts: BrowserContext[] = [];

  /** @param uplinksMbit the uplink of each peer in Mbit/s; null for one without a limit. */
  static async open(folder: string, uplinksMbit: readonly (number | null)[]): Promise<Namespaces> {
    if (uplinksMbit.length > MAX_PEERS) throw new Error(`at most ${MAX_PEERS} peers`);
    await removeAll();
    const namespaces = new Namespaces(folder, uplinksMbit.length);
    try {
      await run("ip", "link", "add", BRIDGE, "type", "bridge");
      await run("ip", "address", "add", `${BRIDGE_ADDRESS}/24`, "dev", BRIDGE);
      await run("ip", "link", "set", BRIDGE, "up");
      for (const [peer, uplinkMbit] of uplinksMbit.entries()) await addPeer(peer, uplinkMbit);
      return namespaces;
    } catch (error) {
      await namespaces.close();
      throw error;
    }
  }

  /** Every peer behind a router of its own, which lets nobody in and keeps the port that it is sent from. */
  static async openBehindNats(folder: string, peers: number): Promise<Namespaces> {
    const namespaces = await Namespaces.open(
      folder,
      Array.from({ length: peers }, () => null),
    );
    try {
      for (let peer = 0; peer < peers; peer++) await putBehindNat(peer);
      return namespaces;
    } catch (error) {
      await namespaces.close();
      throw error;
    }
  }

  private constructor(folder: string, peers: number) {
    this.#folder = folder;
    this.#peers = peers;
  }

  /** Every peer's browser, each with a profile on disk. `origins` are trusted as https would be, for their storage. */
  async launch(origins: readonly string[], flags: readonly string[] = []): Promise<BrowserContext[]> {
    const trusted = `--unsafely-treat-insecure-origin-as-secure=${origins.join(",")}`;
    const options = launchOptions([trusted, ...flags]);
    for (let peer = 0; peer < this.#peers; peer++) {
      const folder = join(this.#folder, `peer-${peer}`);
      const executablePath = join(folder, "chromium");
      await mkdir(folder, { recursive: true });
      await writeFile(
        executablePath,
        `#!/bin/sh\nexec ip netns exec "${namespaceOf(peer)}" "${options.executablePath}" "$@"\n`,
      );
      await chmod(executablePath, 0o755);
      const context = await chromium.launchPersistentContext(join(folder, "profile"), {
        ...options,
        executablePath,
      });
      // tsx names inner functions with a helper that pages don't have.
      await context.addInitScript("globalThis.__name = (f) => f");
      this.#contexts.push(context);
    }
    return this.#contexts;
  }

  /** The words before a command that runs it on this peer's computer. */
  within(peer: number): readonly string[] {
    return ["ip", "netns", "exec", namespaceOf(peer)];
  }

  /** Nothing passes between these two any more; both reach everybody else. */
  async separate(one: number, other: number): Promise<void> {
    await run("ip", "-n", namespaceOf(one), "route", "add", "blackhole", `${addressOf(other)}/32`);
    await run("ip", "-n", namespaceOf(other), "route", "add", "blackhole", `${addressOf(one)}/32`);
  }

  /** This computer reaches nobody and is not told so, as behind a switch that lost its own cable. */
  async cut(peer: number): Promise<void> {
    await run("ip", "link", "set", outerOf(peer), "nomaster");
  }

  async heal(peer: number): Promise<void> {
    await run("ip", "link", "set", outerOf(peer), "master", BRIDGE);
  }

  /** Twice is harmless. */
  async close(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close();
    await removeAll();
  }
}

const addPeer = async (peer: number, uplinkMbit: number | null): Promise<void> => {
  const [namespace, outer] = [namespaceOf(peer), outerOf(peer)];
  await run("ip", "netns", "add", namespace);
  await run("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", namespace);
  await run("ip", "link", "set", outer, "master", BRIDGE, "up");
  await run("ip", "-n", namespace, "address", "add", `${addressOf(peer)}/24`, "dev", "eth0");
  await run("ip", "-n", namespace, "link", "set", "lo", "up");
  await run("ip", "-n", namespace, "link", "set", "eth0", "up");
  await run("ip", "-n", namespace, "route", "add", "default", "via", BRIDGE_ADDRESS);
  if (uplinkMbit !== null) await run("tc", "-n", namespace, ...limit("eth0", `${uplinkMbit}mbit`));
  await run("tc", ...limit(outer, DOWNLINK));
};

/** The peer's place on the bridge becomes its router's, and the peer moves to a network behind it. */
const putBehindNat = async (peer: number): Promise<void> => {
  const [namespace, router] = [namespaceOf(peer), routerOf(peer)];
  const network = `192.168.${10 + peer}`;
  await run("ip", "netns", "add", router);
  await run("ip", "-n", namespace, "link", "set", "eth0", "netns", router);
  await run("ip", "-n", router, "address", "add", `${addressOf(peer)}/24`, "dev", "eth0");
  await run("ip", "-n", router, "link", "set", "eth0", "up");
  await run(
    "ip",
    "-n",
    router,
    "link",
    "add",
    "inside",
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    namespace,
  );
  await run("ip", "-n", router, "address", "add", `${network}.1/24`, "dev", "inside");
  await run("ip", "-n", router, "link", "set", "inside", "up");
  await run("ip", "-n", namespace, "address", "add", `${network}.2/24`, "dev", "eth0");
  await run("ip", "-n", namespace, "link", "set", "eth0", "up");
  await run("ip", "-n", namespace, "route", "add", "default", "via", `${network}.1`);
  const within = ["ip", "netns", "exec", router] as const;
  await run(...within, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1");
  await run(...within, "nft", "add table ip nat");
  await run(...within, "nft", "add chain ip nat out { type nat hook postrouting priority 100 ; }");
  await run(...within, "nft", 'add rule ip nat out oifname "eth0" masquerade');
  // Unasked packets from outside are dropped before NAT records them; otherwise they would take the port from the peer.
  await run(...within, "nft", "add table ip filter");
  await run(...within, "nft", "add chain ip filter in { type filter hook input priority 0 ; }");
  await run(...within, "nft", 'add rule ip filter in iifname "eth0" ct state new drop');
};

const limit = (device: string, rate: string): string[] =>
  `qdisc add dev ${device} root tbf rate ${rate} burst 32kb latency 100ms`.split(" ");

/** Removes also the namespaces that an earlier run left behind when it was killed. */
const removeAll = async (): Promise<void> => {
  for (let peer = 0; peer < MAX_PEERS; peer++) {
    // With a namespace go its interfaces too, but some time later, and the next one wants the same name.
    await hasNone("ip", "link", "delete", outerOf(peer));
    await hasNone("ip", "netns", "delete", namespaceOf(peer));
    await hasNone("ip", "netns", "delete", routerOf(peer));
  }
  await hasNone("ip", "link", "delete", BRIDGE);
};
