/** The terminal shows this on start: the addresses of the page, a QR code for phones, and what to do next. */
import type { NetworkInterfaceInfo } from "node:os";
import { renderUnicodeCompact } from "uqr";
import { isLoopbackHost, parseAddress } from "./base/network.ts";

type Interfaces = Record<string, NetworkInterfaceInfo[] | undefined>;

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

/** The addresses of the page for others; none when the server listens for this computer alone. */
export function lanUrls(port: number, host: string | undefined, interfaces: Interfaces): string[] {
  if (!isEverywhere(host)) return isLoopbackHost(host) ? [] : [`http://${bracketed(host)}:${port}/`];
  return lanAddresses(interfaces).map((address) => `http://${address}:${port}/`);
}

export function announce(port: number, host: string | undefined, interfaces: Interfaces): string {
  const local = `http://${isEverywhere(host) ? "localhost" : bracketed(host)}:${port}/`;
  const lan = lanUrls(port, host, interfaces);
  const alone = isEverywhere(host) ? "No network found" : `HOST=${host} is for this computer alone`;
  const advice =
    lan.length > 0
      ? [
          "Everyone on this network: scan the code or type the address.",
          "If a firewall asks, allow Node.js on private networks. If others still can't open the page,",
          `allow port ${port}, TCP and UDP, in the settings of this computer's firewall.`,
        ]
      : [`${alone}: only this computer can open the page.`];
  return [
    "Swapmeet is running.",
    "",
    `  On this computer   ${local}`,
    ...lan.map((url) => `  On this network    ${url}`),
    "",
    renderUnicodeCompact(lan[0] ?? local, { border: 2 }),
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
