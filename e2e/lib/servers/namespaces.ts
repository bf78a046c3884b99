/**
 * Computers of a small network, on one machine: each has a network namespace of its own. They are joined by a bridge in
 * a further namespace, the middle, where the servers run. Nothing of it appears in the machine's own network: there,
 * each address that comes or goes would make every Chromium abort its loads. Linux, root and iproute2 only.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium, type BrowserContext } from "playwright";
import { launchOptions } from "../browser.ts";
import { aptInstall } from "../install/installing.mjs";
import { Passage } from "./passage.ts";
import type { Within } from "./within.ts";

/** The bridge's own address: here the servers listen. */
export const BRIDGE_ADDRESS = "10.213.77.1";
const BRIDGE = "bridge";
/** Other processes may have such networks too. */
const PREFIX = `swapmeet-${process.pid}-`;
const MIDDLE = `${PREFIX}middle`;
const namespaceOf = (peer: number): string => `${PREFIX}${peer}`;
const routerOf = (peer: number): string => `${PREFIX}router-${peer}`;
/** A peer's end in the middle. */
const outerOf = (peer: number): string => `outer-${peer}`;
const addressOf = (peer: number): string => `10.213.77.${10 + peer}`;

/** Beside a classroom's uplinks, downlinks are no limit. */
const DOWNLINK = "100mbit";
const MAX_PEERS = 16;

/**
 * A router that gives a peer the same port towards everybody, or another one towards each address; then STUN tells
 * nobody where to answer. (RFC 4787: endpoint-independent and address-and-port-dependent mapping.)
 */
export type Nat = "cone" | "symmetric";

const run = async (command: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(command, args)).stdout;

const ip = (command: string): Promise<string> => run("ip", ...command.split(" "));

const nft = (router: string, command: string): Promise<string> =>
  run("ip", "netns", "exec", router, "nft", command);

/** Why there can be none here, or null. */
export const whyNoNamespaces = async (): Promise<string | null> => {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    if ((await hasNone("ip", "-V")) || (await hasNone("tc", "-V"))) aptInstall("iproute2");
    await ip(`netns add ${PREFIX}try`);
    await ip(`netns delete ${PREFIX}try`);
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
  readonly #passages: Passage[] = [];

  /** @param uplinksMbit the uplink of each peer in Mbit/s; null for one without a limit. */
  static open(folder: string, uplinksMbit: readonly (number | null)[]): Promise<Namespaces> {
    return Namespaces.#open(folder, uplinksMbit.length, async () => {
      for (const [peer, uplinkMbit] of uplinksMbit.entries()) await addPeer(peer, uplinkMbit);
    });
  }

  /** Every peer behind a router of its own, which lets nobody in. */
  static openBehindNats(folder: string, nats: readonly Nat[]): Promise<Namespaces> {
    return Namespaces.#open(folder, nats.length, async () => {
      for (const [peer, nat] of nats.entries()) {
        await addPeer(peer, null);
        await putBehindNat(peer, nat);
      }
    });
  }

  static async #open(folder: string, peers: number, fill: () => Promise<void>): Promise<Namespaces> {
    if (peers > MAX_PEERS) throw new Error(`at most ${MAX_PEERS} peers`);
    await removeOrphans();
    const namespaces = new Namespaces(folder, peers);
    try {
      await ip(`netns add ${MIDDLE}`);
      await ip(`-n ${MIDDLE} link set lo up`);
      await ip(`-n ${MIDDLE} link add ${BRIDGE} type bridge`);
      await ip(`-n ${MIDDLE} address add ${BRIDGE_ADDRESS}/24 dev ${BRIDGE}`);
      await ip(`-n ${MIDDLE} link set ${BRIDGE} up`);
      await fill();
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

  /** On this peer's computer. */
  within(peer: number): Within {
    return ["ip", "netns", "exec", namespaceOf(peer)];
  }

  /** Where the servers run, at BRIDGE_ADDRESS. */
  get middle(): Within {
    return ["ip", "netns", "exec", MIDDLE];
  }

  /** From now on a TCP port at localhost of this machine can also be reached at BRIDGE_ADDRESS. */
  async bring(port: number): Promise<void> {
    const path = join(this.#folder, `port-${port}`);
    this.#passages.push(await Passage.open(this.middle, BRIDGE_ADDRESS, port, path));
  }

  /** Nothing passes between these two any more; both reach everybody else. */
  async separate(one: number, other: number): Promise<void> {
    await ip(`-n ${namespaceOf(one)} route add blackhole ${addressOf(other)}/32`);
    await ip(`-n ${namespaceOf(other)} route add blackhole ${addressOf(one)}/32`);
  }

  /** The peer's router drops all UDP, as those of some companies do. Only behind a NAT. */
  async dropUdp(peer: number): Promise<void> {
    const router = routerOf(peer);
    await nft(router, "add chain ip filter through { type filter hook forward priority 0 ; }");
    await nft(router, "add rule ip filter through meta l4proto udp drop");
  }

  /** This computer reaches nobody and is not told so, as behind a switch that lost its own cable. */
  async cut(peer: number): Promise<void> {
    await ip(`-n ${MIDDLE} link set ${outerOf(peer)} nomaster`);
  }

  async heal(peer: number): Promise<void> {
    await ip(`-n ${MIDDLE} link set ${outerOf(peer)} master ${BRIDGE}`);
  }

  /** Twice is harmless. */
  async close(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close();
    for (const passage of this.#passages.splice(0)) await passage.close();
    await remove(await namespacesThat((name) => name.startsWith(PREFIX)));
  }
}

const addPeer = async (peer: number, uplinkMbit: number | null): Promise<void> => {
  const [namespace, outer] = [namespaceOf(peer), outerOf(peer)];
  await ip(`netns add ${namespace}`);
  await addCable(MIDDLE, outer, namespace);
  await ip(`-n ${MIDDLE} link set ${outer} master ${BRIDGE} up`);
  await ip(`-n ${namespace} link set lo up`);
  await connect(namespace, addressOf(peer), BRIDGE_ADDRESS);
  if (uplinkMbit !== null) await run("tc", "-n", namespace, ...limit("eth0", `${uplinkMbit}mbit`));
  await run("tc", "-n", MIDDLE, ...limit(outer, DOWNLINK));
};

/** The peer's place on the bridge becomes its router's, and the peer moves to a network behind it. */
const putBehindNat = async (peer: number, nat: Nat): Promise<void> => {
  const [namespace, router] = [namespaceOf(peer), routerOf(peer)];
  const network = `192.168.${10 + peer}`;
  await ip(`netns add ${router}`);
  await ip(`-n ${namespace} link set eth0 netns ${router}`);
  await connect(router, addressOf(peer), BRIDGE_ADDRESS);
  await addCable(router, "inside", namespace);
  await ip(`-n ${router} address add ${network}.1/24 dev inside`);
  await ip(`-n ${router} link set inside up`);
  await connect(namespace, `${network}.2`, `${network}.1`);
  await ip(`netns exec ${router} sysctl -q -w net.ipv4.ip_forward=1`);
  await nft(router, "add table ip nat");
  await nft(router, "add chain ip nat out { type nat hook postrouting priority 100 ; }");
  const ports = nat === "symmetric" ? " fully-random" : "";
  await nft(router, `add rule ip nat out oifname "eth0" masquerade${ports}`);
  // Unasked packets from outside are dropped before NAT records them; otherwise they would take the port from the peer.
  await nft(router, "add table ip filter");
  await nft(router, "add chain ip filter in { type filter hook input priority 0 ; }");
  await nft(router, 'add rule ip filter in iifname "eth0" ct state new drop');
};

/** From an interface of this name in one namespace to `eth0` in the other. */
const addCable = async (from: string, name: string, to: string): Promise<void> => {
  await ip(`-n ${from} link add ${name} type veth peer name eth0 netns ${to}`);
};

const connect = async (namespace: string, address: string, gateway: string): Promise<void> => {
  await ip(`-n ${namespace} address add ${address}/24 dev eth0`);
  await ip(`-n ${namespace} link set eth0 up`);
  await ip(`-n ${namespace} route add default via ${gateway}`);
};

const limit = (device: string, rate: string): string[] =>
  `qdisc add dev ${device} root tbf rate ${rate} burst 32kb latency 100ms`.split(" ");

/** Removes what an earlier run left behind when it was killed. */
const removeOrphans = async (): Promise<void> =>
  remove(
    await namespacesThat((name) => {
      const { pid } = /^swapmeet-(?<pid>\d+)-/.exec(name)?.groups ?? {};
      return pid !== undefined && (Number(pid) === process.pid || !existsSync(`/proc/${pid}`));
    }),
  );

const namespacesThat = async (are: (name: string) => boolean): Promise<string[]> => {
  const lines = (await ip("netns list")).split("\n");
  return lines.map((line) => line.split(" ")[0]!).filter((name) => name !== "" && are(name));
};

/** With a namespace go its interfaces, as soon as nothing runs in it any more. */
const remove = async (names: readonly string[]): Promise<void> => {
  for (const name of names) await hasNone("ip", "netns", "delete", name);
};
