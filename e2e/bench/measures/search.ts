/**
 * Time per keystroke of the room's search beside the naive way, in a process of its own: the search is the engine's,
 * and nothing here imports the engine. Alone: `npx tsx e2e/bench/search.ts [rows]`.
 */
import { execFile } from "node:child_process";
import { argv, execPath } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

/** As client/sim/bench/search-bench.ts prints them. */
export interface SearchFigures {
  readonly rows: number;
  readonly keystrokes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly naiveP50Ms: number;
  readonly naiveP99Ms: number;
  /** To index all rows, once. */
  readonly indexMs: number;
}

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export const benchSearch = async (rows = 100_000): Promise<SearchFigures> => {
  const { stdout } = await promisify(execFile)(
    execPath,
    ["--import", "tsx", "client/sim/bench/search-bench.ts", String(rows)],
    {
      cwd: ROOT,
    },
  );
  return JSON.parse(stdout) as SearchFigures;
};

if (import.meta.url === pathToFileURL(argv[1] ?? "").href)
  console.table(await benchSearch(argv[2] === undefined ? undefined : Number(argv[2])));
