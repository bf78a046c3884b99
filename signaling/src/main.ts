/** Starts the server from the environment: PORT, HOST, CLIENT_DIR, TRUSTED_PROXIES, STUN_URLS. Nothing else reads it. */
import { networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { announce } from "./announcement.ts";
import { logToStdout, whereFrom, withoutStartAndStop } from "./base/log.ts";
import { createSignalingServer } from "./server.ts";
import { readSettings } from "./settings/settings.ts";

const builtClient = fileURLToPath(new URL("../../client/dist", import.meta.url));
const settings = readSettings(process.env, process.argv, builtClient);
if (!settings.ok) giveUp(settings.problem);

const log = process.stdout.isTTY ? withoutStartAndStop(logToStdout) : logToStdout;
const server = createSignalingServer({ ...settings.value, stun: true, log });
const listening = await server.listen();
if (!listening.ok) giveUp(listening.problem);
console.log(announce(listening.value, settings.value.host, networkInterfaces()));

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.close());

// Rooms are all there is to lose, and losing them for everybody is worse than going on after one event's failure.
process.on("uncaughtException", (error) => log("failed", { where: whereFrom(error) }));

function giveUp(problem: string): never {
  console.error(problem);
  process.exit(1);
}
