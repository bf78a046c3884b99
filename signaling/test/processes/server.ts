/** A server as a process of its own. Its argument is its options in JSON; it writes its port, and ends on SIGTERM. */
import { createSignalingServer, type SignalingOptions } from "../../src/server.ts";

const options = JSON.parse(process.argv[2]!) as SignalingOptions;
const log = (event: string, facts = {}) => process.stderr.write(`${JSON.stringify({ event, ...facts })}\n`);
const server = createSignalingServer({ host: "127.0.0.1", log, ...options });
const listening = await server.listen();
if (!listening.ok) throw new Error(listening.problem);
process.stdout.write(`${listening.value}\n`);
process.once("SIGTERM", () => void server.close());
