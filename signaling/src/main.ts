/** Starts the server from the environment and the command line. Nothing else reads them. */
import { networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { announce } from "./announcement.ts";
import { logToStdout, whereFrom, withoutStartAndStop } from "./base/log.ts";
import { createSignalingServer } from "./server.ts";
import { helpText, readFlags } from "./settings/command.ts";
import { readSettings } from "./settings/settings.ts";

/** EX_CONFIG of BSD's sysexits: something is wrong with a setting. */
const BAD_SETTING = 78;

const builtClient = fileURLToPath(new URL("../../client/dist", import.meta.url));
const flags = readFlags(process.argv.slice(2));
if (!flags.ok) giveUp(flags.problem, BAD_SETTING);
if (flags.value.help) {
  console.log(helpText());
  process.exit();
}
const settings = readSettings(
  flags.value.noClient
    ? process.env
    : { ...process.env, CLIENT_DIR: process.env["CLIENT_DIR"] || builtClient },
);
if (!settings.ok) giveUp(settings.problem, BAD_SETTING);
const {
  PORT: port,
  HOST: host,
  CLIENT_DIR: clientDir,
  TRUSTED_PROXIES: trustedProxies,
  STUN_URLS: stunUrls,
  REDIS_URL: redisUrl,
  TRANSPORTS: transports,
} = settings.value;

const log = process.stdout.isTTY ? withoutStartAndStop(logToStdout) : logToStdout;
const server = createSignalingServer({
  port,
  host,
  clientDir: flags.value.noClient ? undefined : clientDir,
  trustedProxies,
  iceServers: stunUrls.length > 0 ? [{ urls: [...stunUrls] }] : undefined,
  redis: redisUrl === undefined ? undefined : { url: redisUrl },
  transports,
  stun: true,
  log,
});
const listening = await server.listen();
if (!listening.ok) giveUp(listening.problem, 1);
console.log(announce(listening.value, host, networkInterfaces()));

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.close());

// Rooms are all there is to lose, and losing them for everybody is worse than going on after one event's failure.
process.on("uncaughtException", (error) => log("failed", { where: whereFrom(error) }));

function giveUp(problem: string, exitCode: number): never {
  console.error(problem);
  process.exit(exitCode);
}
