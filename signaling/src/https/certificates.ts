/**
 * The certificates of this computer: kept in a folder, made where they are missing, and renewed before they end or when
 * the computer has other addresses. The authority is never replaced by itself, because devices trust that one.
 */
import { join } from "node:path";
import type { X509Certificate } from "node:crypto";
import { fail, ok, type Result } from "@swapmeet/shared";
import type { Log } from "../base/log.ts";
import { checkAuthority, domainsOf, issue, makeAuthority, whyReplace, type Pair } from "./authority.ts";
import { readPair, writePair } from "./keep.ts";
import { namesOf, type Names } from "./names.ts";

const AUTHORITY_FILE = "authority.pem";
const SERVER_FILE = "server.pem";

export interface CertificatesOptions {
  readonly folder: string;
  readonly hostName: string;
  /** The addresses of the network interfaces, now. */
  readonly addresses: () => readonly string[];
  readonly now: () => Date;
  readonly log: Log;
}

export class Certificates {
  readonly #options: CertificatesOptions;
  readonly #authority: Pair;
  readonly #authorityCertificate: X509Certificate;
  readonly #domains: readonly string[];
  #server: Pair;
  #names: Names;

  /** Reads or makes both. Or a sentence that names cause and remedy. */
  static async open(options: CertificatesOptions): Promise<Result<Certificates, string>> {
    const { folder, hostName, now } = options;
    const path = join(folder, AUTHORITY_FILE);
    try {
      const read = await readPair(folder, AUTHORITY_FILE);
      const authority = read ?? (await firstAuthority(folder, hostName, now()));
      const checked = checkAuthority(authority, now());
      if (!checked.ok)
        return fail(
          `The certificate authority in ${path} ${checked.problem}. ` +
            "Bring back a copy of the file, or set the clock right if that is wrong. Or delete the file, and start " +
            "again: a new authority is made, and every device has to trust that one anew.",
        );
      const domains = await domainsOf(authority);
      const names = namesOf(hostName, options.addresses(), domains);
      const server = await serverPair(options, authority, checked.value, names);
      return ok(new Certificates(options, authority, checked.value, domains, names, server));
    } catch (error) {
      return fail(
        `The certificates cannot be kept in ${folder}: ${(error as Error).message}. ` +
          "Let this user read and write that folder, or start without --https.",
      );
    }
  }

  private constructor(
    options: CertificatesOptions,
    authority: Pair,
    authorityCertificate: X509Certificate,
    domains: readonly string[],
    names: Names,
    server: Pair,
  ) {
    this.#options = options;
    this.#authority = authority;
    this.#authorityCertificate = authorityCertificate;
    this.#domains = domains;
    this.#names = names;
    this.#server = server;
  }

  /** The authority's certificate, as PEM: the one that devices are to trust. */
  get authority(): string {
    return this.#authority.certificate;
  }

  /** SHA-256 over the authority's certificate, in lines of eight hexadecimal pairs, as the page and the terminal show it. */
  get fingerprint(): readonly string[] {
    return this.#authorityCertificate.fingerprint256.match(/(..:){7}../g) ?? [];
  }

  get server(): Pair {
    return this.#server;
  }

  /** The names and addresses that `server` stands for. */
  get names(): Names {
    return this.#names;
  }

  /** Replaces the server's pair where that is due. True when it did. */
  async renew(): Promise<boolean> {
    const { hostName, addresses, now } = this.#options;
    const names = namesOf(hostName, addresses(), this.#domains);
    if (!whyReplace(this.#server, this.#authorityCertificate, names, now())) return false;
    this.#server = await serverPair(this.#options, this.#authority, this.#authorityCertificate, names);
    this.#names = names;
    return true;
  }
}

/** Two processes may start at once: both use the authority of the one that wrote first. */
async function firstAuthority(folder: string, hostName: string, now: Date): Promise<Pair> {
  const made = await makeAuthority(hostName, now);
  const isFirst = await writePair(folder, AUTHORITY_FILE, made, { replace: false });
  return isFirst ? made : ((await readPair(folder, AUTHORITY_FILE)) ?? made);
}

async function serverPair(
  { folder, now, log }: CertificatesOptions,
  authority: Pair,
  authorityCertificate: X509Certificate,
  names: Names,
): Promise<Pair> {
  const kept = await readPair(folder, SERVER_FILE);
  const because = kept && whyReplace(kept, authorityCertificate, names, now());
  if (kept && !because) return kept;
  const made = await issue(authority, names, now());
  if (because) log("new-certificate", { because });
  try {
    await writePair(folder, SERVER_FILE, made, { replace: true });
  } catch (error) {
    // It serves from memory as well; the next start makes another.
    log("certificate-not-kept", { cause: (error as NodeJS.ErrnoException).code });
  }
  return made;
}
