/** The settings that an operator gives, read once. Nothing else reads the environment. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fail, MAX_ICE_URLS, ok, StunUrl, type Result } from "@swapmeet/shared";
import * as v from "valibot";
import { isTooWide, parseCidr, type Cidr } from "../base/network.ts";
import { listOf, readAll, wholeNumber, type Setting, type ValuesOf } from "./setting.ts";

/** All of them, in the order in which `--help` shows them. */
export const SETTINGS = {
  PORT: {
    means: "The port of the page, the sockets and, over UDP, of STUN. 0 takes any free one.",
    use: "a whole number up to 65535, such as PORT=3000",
    otherwise: "3000",
    schema: wholeNumber(0, 65_535, "is not a port"),
  },
  HOST: {
    means: "The address to listen on. Without it the server listens on all of them.",
    use: "an address of this computer, such as HOST=127.0.0.1",
    schema: v.string(),
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
    means: "The proxies before this server whose X-Forwarded-For and X-Forwarded-Host are believed.",
    use: "the addresses or ranges of the proxies alone, such as TRUSTED_PROXIES=10.0.0.5,10.1.0.0/16",
    otherwise: "",
    schema: listOf(proxyFrom),
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
export const readSettings = (env: Readonly<Record<string, string | undefined>>): Result<Settings, string> =>
  readAll(SETTINGS, env);

function transportFrom(text: string): Result<"websocket" | "polling", string> {
  return text === "websocket" || text === "polling" ? ok(text) : fail("is not a transport");
}

function proxyFrom(text: string): Result<Cidr, string> {
  const cidr = parseCidr(text);
  if (!cidr.ok) return fail("is not an address or a range");
  return isTooWide(cidr.value) ? fail("would let anybody say where they come from") : cidr;
}
