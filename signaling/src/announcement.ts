/** The terminal shows this on start: the addresses of the page, a QR code for phones, and what to do next. */
import { renderUnicodeCompact } from "uqr";
import { isLoopbackHost, parseAddress } from "./base/network.ts";
import type { Interfaces } from "./base/own-links.ts";
import type { Names } from "./https/names.ts";

/** Where the page is under the origins that show it, and the one of them that only the operator knows. */
export interface Site {
  /** It begins and ends with a slash. */
  readonly basePath: string;
  readonly publicOrigin?: string | undefined;
}

const AT_THE_ROOT: Site = { basePath: "/" };

/** https beside http: its port, the names in its certificate, and the lines of its authority's SHA-256 fingerprint. */
export interface Secured {
  readonly port: number;
  readonly names: Names;
  readonly fingerprint: readonly string[];
}

/** Networks inside this computer; a phone cannot reach them, so they are named last. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|lxc|tun|tap|utun|wg)/i;

/** The IPv4 addresses by which others on the network reach this computer, the likeliest first. */
export function lanAddresses(interfaces: Interfaces): string[] {
  return Object.entries(interfaces)
    .sort(([a], [b]) => Number(VIRTUAL.test(a)) - Number(VIRTUAL.test(b)))
    .flatMap(([, infos]) => infos ?? [])
    .filter((info) => info.family === "IPv4" && !info.internal && !info.address.startsWith("169.254."))
    .map((info) => info.address);
}

/** All addresses of this computer but those inside it, in either family. */
export function outsideAddresses(interfaces: Interfaces): string[] {
  const infos = Object.values(interfaces).flatMap((infos) => infos ?? []);
  return infos.filter((info) => !info.internal).map((info) => info.address);
}

/** The URLs of the page for others, the best first; none when the server listens for this computer alone. */
export function outsideUrls(
  port: number,
  host: string | undefined,
  interfaces: Interfaces,
  site = AT_THE_ROOT,
): string[] {
  return [
    ...(site.publicOrigin === undefined ? [] : [`${site.publicOrigin}${site.basePath}`]),
    ...lanHosts(host, interfaces).map((name) => `http://${bracketed(name)}:${port}${site.basePath}`),
  ];
}

/** The page about trust, at the addresses that the certificate stands for. It leads on, with https and without. */
export function trustUrls(
  port: number,
  host: string | undefined,
  interfaces: Interfaces,
  { names }: Secured,
): string[] {
  return securedHosts(host, interfaces, names).map((name) => `http://${bracketed(name)}:${port}/trust`);
}

export function announce(
  port: number,
  host: string | undefined,
  interfaces: Interfaces,
  site = AT_THE_ROOT,
  secured?: Secured,
): string {
  const local = `http://${isEverywhere(host) ? "localhost" : bracketed(host)}:${port}${site.basePath}`;
  const outside = outsideUrls(port, host, interfaces, site);
  const lan = site.publicOrigin === undefined ? outside : outside.slice(1);
  const https = secured && securedLines(port, host, interfaces, secured, site);
  const alone = isEverywhere(host) ? "No network found" : `HOST=${host} is for this computer alone`;
  const advice =
    lan.length > 0
      ? [
          ...(https?.trust ? [] : ["Everyone on this network: scan the code or type the address."]),
          "If a firewall asks, allow Node.js on private networks. If others still can't open the page,",
          `allow port ${port}, TCP and UDP,${secured ? ` and port ${secured.port}, TCP,` : ""} in the settings of this computer's firewall.`,
        ]
      : outside.length > 0
        ? ["Everyone: scan the code or type the public address."]
        : [`${alone}: only this computer can open the page.`];
  return [
    "Swapmeet is running.",
    "",
    `  On this computer   ${local}`,
    ...lan.map((url) => `  On this network    ${url}`),
    ...outside.slice(0, outside.length - lan.length).map((url) => `  For everyone       ${url}`),
    ...(https?.addresses ?? []),
    "",
    renderUnicodeCompact(https?.trust ?? outside[0] ?? local, { border: 2 }),
    "",
    ...(https?.advice ?? []),
    ...advice,
    "Stop with Ctrl+C.",
  ].join("\n");
}

interface SecuredLines {
  readonly addresses: readonly string[];
  /** The page about trust, for the code: a device that trusts this computer is one press from the room there. */
  readonly trust: string | undefined;
  readonly advice: readonly string[];
}

function securedLines(
  port: number,
  host: string | undefined,
  interfaces: Interfaces,
  { port: securePort, names, fingerprint }: Secured,
  { basePath }: Site,
): SecuredLines {
  const hosts = securedHosts(host, interfaces, names);
  if (hosts.length === 0 && lanHosts(host, interfaces).length > 0) {
    const advice = ["No https for others: this computer has no address in a local network.", ""];
    return { addresses: [], trust: undefined, advice };
  }
  const shown = hosts.length > 0 ? hosts : [isEverywhere(host) ? "localhost" : host];
  const trust = `http://${bracketed(shown[0]!)}:${port}/trust`;
  return {
    addresses: shown.map(
      (name) => `  With https         https://${bracketed(name)}:${securePort}${basePath}`,
    ),
    trust,
    advice: [
      `Scan the code, or type ${trust}`,
      "That page explains how a device comes to trust this computer, and leads on with https or without it.",
      "The fingerprint there must be the same as this one, of this computer's certificate authority (SHA-256):",
      "",
      ...fingerprint.map((line) => `  ${line}`),
      "",
    ],
  };
}

/** The names of this computer for others; none when the server listens for this computer alone. */
function lanHosts(host: string | undefined, interfaces: Interfaces): string[] {
  if (isEverywhere(host)) return lanAddresses(interfaces);
  return isLoopbackHost(host) ? [] : [host];
}

/** A public address is not among them: the authority of this computer may not vouch for one. */
function securedHosts(host: string | undefined, interfaces: Interfaces, { dns, ips }: Names): string[] {
  return lanHosts(host, interfaces).filter((name) => ips.includes(name) || dns.includes(name.toLowerCase()));
}

function isEverywhere(host: string | undefined): host is undefined | "0.0.0.0" | "::" {
  return host === undefined || parseAddress(host)?.range() === "unspecified";
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
