/** Makes the command line one file of JavaScript, which Node 20 runs as it is. Libraries stay in node_modules. */
import { build } from "rolldown";

const LIBRARY = /^(?!@swapmeet\/)(@[\w-]+\/)?\w[\w.-]*(\/[\w.-]+)*$/;

await build({
  cwd: import.meta.dirname,
  input: "src/main.ts",
  platform: "node",
  external: LIBRARY,
  output: { file: "dist/main.js", sourcemap: true, codeSplitting: false },
});
