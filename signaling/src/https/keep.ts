/** Certificates with their keys in files of one folder, which their owner alone can read. It knows nothing of contents. */
import { randomUUID } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Pair } from "./authority.ts";

const OWNER_ALONE = 0o600;

/** The file's pair; undefined: there is no such file. A file that holds no pair, or a folder, gives empty texts. */
export async function readPair(folder: string, name: string): Promise<Pair | undefined> {
  const path = join(folder, name);
  try {
    const text = await readFile(path, "utf8");
    // A copy may have lost the mode.
    if (process.platform !== "win32" && ((await stat(path)).mode & 0o077) !== 0)
      await chmod(path, OWNER_ALONE);
    return { certificate: block(text, "CERTIFICATE"), key: block(text, "PRIVATE KEY") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "EISDIR") return { certificate: "", key: "" };
    throw error;
  }
}

/**
 * Writes both into one file, all of it or nothing, so that no certificate stands beside the key of another.
 * `replace` false: a file that another process wrote meanwhile stays, and the answer is false.
 */
export async function writePair(
  folder: string,
  name: string,
  { certificate, key }: Pair,
  { replace }: { readonly replace: boolean },
): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, "wx", OWNER_ALONE);
  try {
    await file.writeFile(certificate + key);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    if (replace) await rename(draft, path);
    else await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function block(text: string, label: string): string {
  const [pem = ""] = new RegExp(`-----BEGIN ${label}-----[^]*?-----END ${label}-----\n`).exec(text) ?? [];
  return pem;
}
