/** JavaScript that the first paint needs, gzipped: the entry and everything that it imports statically. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = new URL("../../../client/dist/", import.meta.url);

export interface Weight {
  readonly firstPaintBytes: number;
  readonly laterBytes: number;
  readonly files: Readonly<Record<string, number>>;
}

export const benchWeight = async (): Promise<Weight> => {
  const html = await readFile(new URL("index.html", DIST), "utf8");
  const entry = /<script[^>]+src="\/([^"]+)"/.exec(html)?.[1];
  if (!entry) throw new Error("index.html names no script");
  const files: Record<string, number> = {};
  const later = new Set<string>();
  const weigh = async (file: string): Promise<void> => {
    if (file in files) return;
    const code = await readFile(new URL(file, DIST));
    files[file] = gzipSync(code).length;
    const folder = file.slice(0, file.lastIndexOf("/") + 1);
    const text = code.toString();
    for (const [, path] of text.matchAll(/\bimport\s*\(\s*["'`]\.\/([^"'`]+)["'`]/g))
      later.add(folder + path);
    for (const [, path] of text.matchAll(/(?:\bfrom|\bimport)\s*["']\.\/([^"']+)["']/g))
      await weigh(folder + path);
  };
  await weigh(entry);
  const firstPaint = new Set(Object.keys(files));
  for (const file of later) await weigh(file);
  const sum = (keep: (file: string) => boolean) =>
    Object.entries(files).reduce((total, [file, bytes]) => total + (keep(file) ? bytes : 0), 0);
  return {
    firstPaintBytes: sum((file) => firstPaint.has(file)),
    laterBytes: sum((file) => !firstPaint.has(file)),
    files,
  };
};

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await benchWeight());
