/** The settings that an operator gives, read once. Nothing else reads the environment. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  fail,
  MAX_ICE_SECONDS,
  MAX_ICE_URLS,
  MIN_ICE_SECONDS,
  ok,
  StunUrl,
  TurnUrl,
  type Result,
} from "@swapmeet/shared";
import * as v from "valibot";
import { isTooWide, parseCidr, type Cidr } from "../base/network.ts";
import { listOf, readAll, wholeNumber, type Setting, type ValuesOf } from "./setting.ts";

/** Guess. */
const MIN_TOKEN_LETTERS = 16;
/** Anybody can get credentials, and try secrets at home until one makes them. 16 letters of base64 are 96 bits. */
const LEAST_SECRET_LETTERS = 16;
const MAX_PATH_LETTERS = 128;

/** All of them, in the order in which `--help` shows them. */
export const SETTINGS = {
  PORT: {
    means: "The port of the page, the sockets and, over UDP, of STUN. 0 takes any free one.",
    use: "a whole number up to 65535, such as PORT=3000",
    otherwise: "3000",
    schema: wholeNumber(0, 65_535, "is not a port"),
  },
  HTTPS_PORT: {
    means: "The port of https, which --https opens. 0 takes any free one.",
    use: "a whole number up to 65535 other than PORT, such as HTTPS_PORT=3443",
    otherwise: "3443",
    schema: wholeNumber(0, 65_535, "is not a port"),
  },
  HOST: {
    means: "The address to listen on. Without it the server listens on all of them.",
    use: "an address of this computer, such as HOST=127.0.0.1",
    schema: v.string(),
  },
  BASE_PATH: {
    means:
      "The path of the page, where a proxy gives it a part of a site. The proxy may keep the path or take it off.",
    use: "a path of letters, digits, dots, hyphens and underscores, such as BASE_PATH=/swap/",
    otherwise: "/",
    schema: v.pipe(
      v.string(),
      v.maxLength(MAX_PATH_LETTERS, "is too long"),
      v.transform((path) => path.replace(/^\/?/, "/").replace(/\/?$/, "/")),
      v.regex(/^\/(?:[\w-][\w.-]*\/)*$/, "is not a path"),
    ),
  },
  PUBLIC_ORIGIN: {
    means: "The origin at which people open the page, where a proxy hides it or the name is a public one.",
    use: "one scheme, name and port, without a path, such as PUBLIC_ORIGIN=https://share.example.org",
    schema: v.pipe(
      v.string(),
      v.check(isOrigin, "is not an origin"),
      v.transform((url) => new URL(url).origin),
    ),
  },
  CLIENT_DIR: {
    means: "The folder with the built page. Without it, the page that npm run build makes.",
    use: 'a folder with an index.html, or run "npm run build" first',
    schema: v.pipe(
      v.string(),
      v.check((folder) => existsSync(join(folder, "index.html")), "has no index.html: the page is not built"),
    ),
  },
  TRUSTED_PROXIES: {
    means:
      "The proxies before this server whose X-Forwarded-For, Forwarded and X-Forwarded-Host are believed.",
    use: "the addresses or ranges of the proxies alone, such as TRUSTED_PROXIES=10.0.0.5,10.1.0.0/16",
    otherwise: "",
    schema: listOf(proxyFrom),
  },
  METRICS_PORT: {
    means: "A port of its own for /metrics (Prometheus). 0 takes any free one.",
    use: "a whole number up to 65535, such as METRICS_PORT=9090",
    schema: wholeNumber(0, 65_535, "is not a port"),
  },
  METRICS_HOST: {
    means: "The address of METRICS_PORT. Without it, this computer alone reaches it.",
    use: "an address of this computer, such as METRICS_HOST=0.0.0.0",
    schema: v.string(),
  },
  METRICS_TOKEN: {
    means: "The bearer token for /metrics. With a token and no METRICS_PORT, /metrics is on PORT.",
    use: `at least ${MIN_TOKEN_LETTERS} letters that nobody guesses, for example from "openssl rand -hex 32"`,
    schema: v.pipe(
      v.string(),
      v.regex(/^[\x21-\x7e]*$/, "has letters that a header cannot carry"),
      v.minLength(MIN_TOKEN_LETTERS, "is too short"),
    ),
    isSecret: true,
  },
  DRAIN_SECONDS: {
    means: "On SIGTERM, the time over which open sockets are closed group by group. 0 closes all at once.",
    use: "a whole number up to 3600, such as DRAIN_SECONDS=5",
    otherwise: "5",
    schema: wholeNumber(0, 3_600, "is not a number of seconds"),
  },
  STUN_URLS: {
    means: "The STUN servers that browsers are told. Without them, this server's own UDP port.",
    use: `at most ${MAX_ICE_URLS} addresses, such as STUN_URLS=stun:stun.example.org:3478`,
    otherwise: "",
    schema: v.pipe(
      listOf((url) => (v.is(StunUrl, url) ? ok(url) : fail("is not the address of a STUN server"))),
      v.maxLength(MAX_ICE_URLS, "names too many servers"),
    ),
  },
  TURN_URLS: {
    means: "The relay servers (TURN) that browsers are told, for people whose networks keep them apart.",
    use: `at most ${MAX_ICE_URLS} addresses, such as TURN_URLS=turn:turn.example.org:3478,turns:turn.example.org:5349?transport=tcp`,
    otherwise: "",
    schema: v.pipe(
      listOf((url) => (v.is(TurnUrl, url) ? ok(url) : fail("is not the address of a TURN server"))),
      v.maxLength(MAX_ICE_URLS, "names too many servers"),
    ),
  },
  TURN_SECRET: {
    means: "The secret that the relay servers share with this one: coturn's static-auth-secret.",
    use: `the same ${LEAST_SECRET_LETTERS} or more characters as there, such as those that "openssl rand -hex 32" prints`,
    isSecret: true,
    schema: v.pipe(v.string(), v.minLength(LEAST_SECRET_LETTERS, "is so short that it could be guessed")),
  },
  TURN_TTL_SECONDS: {
    means: "How long a browser's credentials for the relay servers are good. It gets new ones in time.",
    use: `a whole number from ${MIN_ICE_SECONDS} to ${MAX_ICE_SECONDS}, such as TURN_TTL_SECONDS=3600`,
    otherwise: "3600",
    schema: wholeNumber(MIN_ICE_SECONDS, MAX_ICE_SECONDS, "is not a time that is allowed"),
  },
  REDIS_URL: {
    means: "The Redis, version 7 or newer, through which several processes of this server share their rooms.",
    use: "an address such as REDIS_URL=redis://127.0.0.1:6379 or rediss://user:password@redis.example.org",
    schema: v.pipe(
      v.string(),
      v.url("is not the address of a Redis"),
      v.regex(/^rediss?:\/\/./, "is not the address of a Redis"),
    ),
    isSecret: true,
  },
  TRANSPORTS: {
    means: "How browsers reach the sockets. With polling, one browser's requests must all reach one process.",
    use: "websocket, polling or both, such as TRANSPORTS=websocket",
    otherwise: "websocket,polling",
    schema: v.pipe(listOf(transportFrom), v.minLength(1, "names none")),
  },
} as const satisfies Record<string, Setting<unknown>>;

export type Settings = ValuesOf<typeof SETTINGS>;

/** The settings, or a line for each bad one that says what to change. */
export const readSettings = (env: Readonly<Record<string, string | undefined>>): Result<Settings, string> => {
  const settings = readAll(SETTINGS, env);
  if (!settings.ok) return settings;
  const { TURN_URLS: urls, TURN_SECRET: secret } = settings.value;
  if (urls.length > 0 && secret === undefined)
    return fail(`TURN_URLS needs TURN_SECRET. Use ${SETTINGS.TURN_SECRET.use}.`);
  if (urls.length === 0 && secret !== undefined)
    return fail(`TURN_SECRET needs TURN_URLS. Use ${SETTINGS.TURN_URLS.use}.`);
  return settings;
};

function isOrigin(text: string): boolean {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return false;
  const { origin, href } = new URL(text);
  return href === `${origin}/` && !/[?#]/.test(text);
}

function transportFrom(text: string): Result<"websocket" | "polling", string> {
  return text === "websocket" || text === "polling" ? ok(text) : fail("is not a transport");
}

function proxyFrom(text: string): Result<Cidr, string> {
  const cidr = parseCidr(text);
  if (!cidr.ok) return fail("is not an address or a range");
  return isTooWide(cidr.value) ? fail("would let anybody say where they come from") : cidr;
}
