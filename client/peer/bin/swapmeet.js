#!/usr/bin/env node
/** Starts the built command line. It is here, and not in dist, because npm links commands before anything is built. */
import { existsSync } from "node:fs";
import process from "node:process";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  process.stderr.write("swapmeet is not built yet: run `npm run build` in the folder of Swapmeet.\n");
  process.exitCode = 1;
}
