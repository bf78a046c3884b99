/** The terminal shows this on start: the addresses of the page, a QR code for phones, and what to do next. */
import { renderUnicodeCompact } from "uqr";
import { isLoopbackHost, parseAddress } from "./base/network.ts";
import type { Interfaces } from "./base/own-links.ts";

/** Where the page is under the origins that show it, and the one of them that only the operator knows. */
export interface Site {
  /** It begins and ends with a slash. */
  readonly basePath: string;
  readonly publicOrigin?: string | undefined;
}

const AT_THE_ROOT: Site = { basePath: "/" };

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
  const addresses = isEverywhere(host) ? lanAddresses(interfaces) : isLoopbackHost(host) ? [] : [host];
  return [
    ...(site.publicOrigin === undefined ? [] : [`${site.publicOrigin}${site.basePath}`]),
    ...addresses.map((address) => `http://${bracketed(address)}:${port}${site.basePath}`),
  ];
}

export function announce(
  port: number,
  host: string | undefined,
  interfaces: Interfaces,
  site = AT_THE_ROOT,
): string {
  const local = `http://${isEverywhere(host) ? "localhost" : bracketed(host)}:${port}${site.basePath}`;
  const outside = outsideUrls(port, host, interfaces, site);
  const lan = site.publicOrigin === undefined ? outside : outside.slice(1);
  const alone = isEverywhere(host) ? "No network found" : `HOST=${host} is for this computer alone`;
  const advice =
    lan.length > 0
      ? [
          "Everyone on this network: scan the code or type the address.",
          "If a firewall asks, allow Node.js on private networks. If others still can't open the page,",
          `allow port ${port}, TCP and UDP, in the settings of this computer's firewall.`,
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
    "",
    renderUnicodeCompact(outside[0] ?? local, { border: 2 }),
    "",
    ...advice,
    "Stop with Ctrl+C.",
  ].join("\n");
}

function isEverywhere(host: string | undefined): host is undefined | "0.0.0.0" | "::" {
  return host === undefined || parseAddress(host)?.range() === "unspecified";
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
