/** Measures the signaling server: `npm run bench:server`, or some of it: `npm run bench:server -- idle ramp`. */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { MEASURES, type Row } from "./measures.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const names = positionals.length > 0 ? positionals : Object.keys(MEASURES);
const unknown = names.filter((name) => !(name in MEASURES));
if (unknown.length > 0) {
  console.error(`There is no measure ${unknown.join(", ")}. There are: ${Object.keys(MEASURES).join(", ")}.`);
  process.exit(1);
}

console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, Node ${process.version}\n`);
const rows: Row[] = [];
for (const name of names) {
  console.log(`${name} …`);
  rows.push(...(await MEASURES[name]!()));
}
const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length), 6));
const lineOf = (cells: readonly string[]) =>
  `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
console.log(`\n${lineOf(["figure", "aim", "now"])}\n${lineOf(widths.map((width) => "-".repeat(width)))}`);
for (const row of rows) console.log(lineOf(row));
process.exit();
