/** Starts the server from the environment and the command line. Nothing else reads them. */
import { hostname, networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import envPaths from "env-paths";
import { announce, lanAddresses } from "./announcement.ts";
import { logToStdout, whereFrom, withoutStartAndStop } from "./base/log.ts";
import { Ending } from "./ending.ts";
import { Certificates } from "./https/certificates.ts";
import { createSignalingServer, type SecureOptions } from "./server.ts";
import { helpText, readFlags } from "./settings/command.ts";
import { readSettings } from "./settings/settings.ts";

/** EX_CONFIG of BSD's sysexits: something is wrong with a setting. */
const BAD_SETTING = 78;

const builtClient = fileURLToPath(new URL("../../client/dist", import.meta.url));
const trustDir = fileURLToPath(new URL("../trust", import.meta.url));
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
  HTTPS_PORT: httpsPort,
  HOST: host,
  BASE_PATH: basePath,
  PUBLIC_ORIGIN: publicOrigin,
  CLIENT_DIR: clientDir,
  TRUSTED_PROXIES: trustedProxies,
  METRICS_PORT: metricsPort,
  METRICS_HOST: metricsHost,
  METRICS_TOKEN: metricsToken,
  DRAIN_SECONDS: drainSeconds,
  STUN_URLS: stunUrls,
  TURN_URLS: turnUrls,
  TURN_SECRET: turnSecret,
  TURN_TTL_SECONDS: ttlSeconds,
  REDIS_URL: redisUrl,
  TRANSPORTS: transports,
} = settings.value;

// A log whose reader is gone is lost, and each lost line would be an exception to log.
process.stdout.on("error", () => {});
const log = process.stdout.isTTY ? withoutStartAndStop(logToStdout) : logToStdout;
const server = createSignalingServer({
  port,
  host,
  basePath,
  publicOrigin,
  clientDir: flags.value.noClient ? undefined : clientDir,
  trustedProxies,
  https: flags.value.https ? await openHttps() : undefined,
  iceServers: stunUrls.length > 0 ? [{ urls: [...stunUrls] }] : undefined,
  turn: turnSecret === undefined ? undefined : { urls: turnUrls, secret: turnSecret, ttlSeconds },
  redis: redisUrl === undefined ? undefined : { url: redisUrl },
  transports,
  stun: true,
  metrics: { port: metricsPort, host: metricsHost, token: metricsToken },
  log,
});
const listening = await server.listen();
if (!listening.ok) giveUp(listening.problem, 1);
const isAtTerminal = process.stdin.isTTY || process.stdout.isTTY;
const ending = new Ending(
  () => process.exit(),
  () => performance.now(),
);
process.on("SIGINT", () => ending.begin(() => server.close()));
process.on("SIGTERM", () => ending.begin(() => server.drain(drainSeconds * 1_000)));
// A terminal that closes ends the server, or it would keep the port unseen. Without one, SIGHUP asks to read the
// configuration again (systemd, nohup, log rotation). It is the environment, which stays as it is.
process.on("SIGHUP", () => (isAtTerminal ? ending.begin(() => server.close()) : log("hangup")));

// Rooms are all there is to lose, and losing them for everybody is worse than going on after one event's failure.
process.on("uncaughtException", (error) => log("failed", { where: whereFrom(error) }));

// Last: a reader may send signals from now on.
console.log(announce(listening.value, host, networkInterfaces(), { basePath, publicOrigin }, server.secured));

async function openHttps(): Promise<SecureOptions> {
  if (httpsPort === port && port !== 0)
    giveUp(`HTTPS_PORT=${httpsPort} is the port of plain http too. Use two ports.`, BAD_SETTING);
  const certificates = await Certificates.open({
    folder: envPaths("swapmeet", { suffix: "" }).data,
    hostName: hostname(),
    addresses: () => lanAddresses(networkInterfaces()),
    now: () => new Date(),
    log,
  });
  if (!certificates.ok) giveUp(certificates.problem, 1);
  return { port: httpsPort, certificates: certificates.value, trustDir };
}

function giveUp(problem: string, exitCode: number): never {
  console.error(problem);
  process.exit(exitCode);
}
