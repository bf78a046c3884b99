/** The settings that an operator gives, parsed once. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fail, MAX_ICE_URLS, ok, StunUrl, type IceServers, type Result } from "@swapmeet/shared";
import * as v from "valibot";
import { isTooWide, parseCidr, type Cidr } from "../base/network.ts";

export interface Settings {
  readonly port: number;
  readonly host: string | undefined;
  readonly clientDir: string | undefined;
  readonly trustedProxies: readonly Cidr[];
  /** Undefined: the server's own STUN. */
  readonly iceServers: IceServers | undefined;
}

/** The settings, or a sentence that says what to change. `--no-client` leaves the page to a development server. */
export function readSettings(
  env: Record<string, string | undefined>,
  argv: readonly string[],
  defaultClientDir: string,
): Result<Settings, string> {
  const digits = env["PORT"] || "3000";
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : NaN; // Number itself takes 0x1000 and 1e3 as well
  if (!(port <= 65_535))
    return fail(`PORT=${env["PORT"]} is not a port. Use a whole number up to 65535, such as PORT=3000.`);

  const trustedProxies: Cidr[] = [];
  for (const text of (env["TRUSTED_PROXIES"] ?? "").split(",").filter((part) => part.trim() !== "")) {
    const cidr = parseCidr(text);
    if (!cidr.ok) return fail(`TRUSTED_PROXIES: ${cidr.problem}`);
    if (isTooWide(cidr.value))
      return fail(
        `TRUSTED_PROXIES: "${text.trim()}" would let anybody say where they come from. Name the proxies alone, such as 10.0.0.5 or 10.0.0.0/8.`,
      );
    trustedProxies.push(cidr.value);
  }

  const stunUrls = listIn(env["STUN_URLS"]);
  const notStun = stunUrls.find((url) => !v.is(StunUrl, url));
  if (notStun !== undefined)
    return fail(
      `STUN_URLS: "${notStun}" is not the address of a STUN server. Write it as stun:HOST:PORT, such as stun:stun.example.org:3478.`,
    );
  if (stunUrls.length > MAX_ICE_URLS)
    return fail(`STUN_URLS names ${stunUrls.length} servers; at most ${MAX_ICE_URLS} are told to browsers.`);
  const iceServers: IceServers | undefined = stunUrls.length > 0 ? [{ urls: stunUrls }] : undefined;

  const clientDir = argv.includes("--no-client") ? undefined : env["CLIENT_DIR"] || defaultClientDir;
  if (clientDir !== undefined && !existsSync(join(clientDir, "index.html")))
    return fail(`The page is not built: there is no index.html in ${clientDir}. Run "npm run build" first.`);

  return ok({ port, host: env["HOST"] || undefined, clientDir, trustedProxies, iceServers });
}

const listIn = (text = ""): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
