/** Programs that can try a file of signaling/deploy: found, else installed by apt, else missing. */
import { aptInstall, onPath } from "../../../e2e/lib/install/installing.mjs";
import { existsSync } from "node:fs";

/** Its path; undefined where there can be none, which one line on the terminal says. */
export function findProgram(name: string, aptPackage?: string): string | undefined {
  const found = () => onPath([name]).find((path) => existsSync(path));
  if (!found() && aptPackage !== undefined) aptInstall(aptPackage);
  const program = found();
  if (!program) process.stderr.write(`SKIPPED: a test of signaling/deploy: there is no ${name} here.\n`);
  return program;
}
