/** Input for the tests: bytes from a seed, names that nobody should trust, and the hash of a file. */
import { createCipheriv, createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

export const MiB = 1024 * 1024;

/** The same incompressible bytes for the same seed, everywhere. */
export function randomBytes(seed: number, length: number): Buffer {
  const key = createHash("sha256").update(`swapmeet test ${seed}`).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

export async function randomFile(path: string, seed: number, length: number): Promise<string> {
  await writeFile(path, randomBytes(seed, length));
  return path;
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

export interface AwkwardFile {
  readonly path: string;
  /** In the name and in no other: finds the file by search, however the rest of the name is shown. */
  readonly token: string;
  readonly sha256: string;
}

/** Names as a hostile, a careless or a foreign disk has them; `§` stands for the token. All are legal on Linux. */
const AWKWARD_NAMES = [
  // spaces
  "two words §.txt",
  " leading space §.txt",
  "trailing space § ",
  "many     spaces     §.txt",
  "tab\there §.txt",
  "line\nbreak §.txt",
  "\u00a0no-break\u00a0space §.txt",
  "zero\u200bwidth\u200b§.txt",
  // every script has a right to be found
  "🎸 loud 🎸 §.mp3",
  "👩‍👩‍👧‍👦 family §.jpg",
  "🏴‍☠️ flag §.png",
  "naïve café §.txt",
  "nai\u0308ve cafe\u0301 decomposed §.txt",
  "Ελληνικά §.txt",
  "кириллица §.txt",
  "日本語 §.txt",
  "한국어 §.txt",
  "العربية §.txt",
  "עברית §.txt",
  "ไทย §.txt",
  // names that look like other names
  "invoice \u202egpj.§ exe",
  "\u202eall of it reversed §.txt",
  "embedded \u202agpj\u202c §.exe",
  "isolated \u2066gpj\u2069 §.exe",
  "\ufeffmarked §.txt",
  // 255 bytes, in one-byte and in four-byte characters
  `§${"a".repeat(247)}.txt`,
  `§${"🎷".repeat(62)}.md`,
  // leading dots, and steps upwards that are none
  ".hidden §",
  "..two dots §",
  "... §",
  "..\\..\\windows\\§.dll",
  "..%2f..%2fetc%2f§",
  "trailing dots §...",
  "C:\\temp\\§.txt",
  // names that Windows reserves
  "CON.§",
  "nul.§.txt",
  "AUX.§",
  "com1.§",
  "LPT9.§.log",
  'a<b>c:d"e|f?g*h §.txt',
  // names that programs mistake for something else
  "<img src=x onerror=alert(1)> §.html",
  "{{7*7}} ${7*7} §.txt",
  "$(reboot) `reboot` §.sh",
  "-rf §",
  "~ §",
  "__proto__ §",
  "constructor §",
  "100% §.txt",
  "a&b=c#d?e §.txt",
  "'quoted' \"twice\" §.txt",
];

/** A folder of 50 files with awkward names and different lengths, two of which are 0 and 1. */
export async function awkwardFolder(parent: string): Promise<{ path: string; files: AwkwardFile[] }> {
  const path = join(parent, "awkward");
  await mkdir(path);
  const files = await Promise.all(
    AWKWARD_NAMES.map(async (name, i): Promise<AwkwardFile> => {
      const token = `k${String(i).padStart(2, "0")}z`;
      const file = join(path, name.replace("§", token));
      await randomFile(file, 1_000 + i, i < 2 ? i : i * 1_009);
      return { path: file, token, sha256: await sha256(file) };
    }),
  );
  return { path, files };
}

/** A folder of `count` small files, for tests that a page does not stall. */
export async function folderOfSmallFiles(parent: string, count: number): Promise<string> {
  const path = join(parent, "small");
  await mkdir(path);
  const bytes = randomBytes(2, 4_096 + count);
  for (let i = 0; i < count; i++)
    await writeFile(join(path, `note ${i}.txt`), bytes.subarray(i, i + 1_024 + (i % 3_072)));
  return path;
}

const NEVER_IN_A_NAME =
  // eslint-disable-next-line no-control-regex
  /[/\\\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;
const RESERVED_ON_WINDOWS = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/iu;

/** Why a saved file's name is unsafe on somebody's disk, or undefined when it is fine. */
export function unsafeName(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return "no name";
  if (NEVER_IN_A_NAME.test(name)) return "path, control or bidirectional character";
  if (process.platform === "win32" && RESERVED_ON_WINDOWS.test(name)) return "reserved on Windows";
  if (/[. ]$/u.test(name)) return "ends in a dot or space";
  if (name !== name.normalize("NFC")) return "not NFC";
  if (Buffer.byteLength(name) > 255) return "over 255 bytes";
  return undefined;
}
