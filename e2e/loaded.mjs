/**
 * `npm run test:loaded`: everything that must hold, on a machine that has something else to do: beside the tests one
 * process a core spins. Arguments are another command to run there: `npm run test:loaded -- npx vitest run`.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";

const [command = "npm", ...args] = process.argv.length > 2 ? process.argv.slice(2) : ["npm", "test"];

/** Ends by itself when this process is gone, however it went: its input is a pipe from here. */
const SPIN = `
  process.stdin.resume().on("end", () => process.exit());
  const spin = () => { for (const until = Date.now() + 100; Date.now() < until;); setImmediate(spin); };
  spin();
`;
const spinners = Array.from({ length: availableParallelism() }, () =>
  spawn(process.execPath, ["-e", SPIN], { stdio: ["pipe", "ignore", "inherit"] }),
);

const child = spawn(command, args, { stdio: "inherit", shell: process.platform === "win32" });
child.on("error", (error) => {
  console.error(`${command} cannot be run: ${error.message}`);
  end(1);
});
child.on("exit", (code) => end(code ?? 1));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));

function end(code) {
  for (const spinner of spinners) spinner.kill();
  process.exit(code);
}
