/** The far end of a passage (passage.ts), as a process: it passes each connection on to the Unix socket. */
import { connect, createServer } from "node:net";
import { join } from "./passage.ts";

const [address, port, path] = process.argv.slice(2);
const server = createServer((near) => join(near, connect(path!)));
server.listen(Number(port), address, () => process.send!("listening"));
process.once("disconnect", () => process.exit());
