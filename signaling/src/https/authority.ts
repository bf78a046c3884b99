/**
 * The certificate authority of this computer, and the server certificates that it issues: contents and signatures
 * (RFC 5280). No files. Keys are ECDSA on P-256, which all browsers take, made by Node's Web Crypto.
 */
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { fail, ok, type Result } from "@swapmeet/shared";
import { areSame, domainsFor, LOCAL_NETWORKS, type Names } from "./names.ts";

const DAY_MS = 86_400_000;
/** As mkcert's and mitmproxy's. It need not outlive the computer. */
const AUTHORITY_DAYS = 3_650;
/** Apple refuses server certificates that are valid for more than 825 days, and public ones for more than 398. */
const CERTIFICATE_DAYS = 397;
/** A certificate begins before it is made: clocks of phones that see no Internet go wrong. It counts in the days. */
const CLOCK_ERROR_DAYS = 2;
/** A server certificate with fewer days left is replaced. Guess: longer than a holiday. */
const RENEW_DAYS = 30;

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A certificate and its private key, both as PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** Loaded only for https: it costs a third of a second and 20 MB, and plain http stays the default. */
async function library() {
  await import("reflect-metadata");
  const [x509, schema, asn1] = await Promise.all([
    import("@peculiar/x509"),
    import("@peculiar/asn1-schema"),
    import("@peculiar/asn1-x509"),
  ]);
  return { ...x509, AsnConvert: schema.AsnConvert, asn1 };
}

/**
 * A new authority. Its name constraints let it vouch for local names and addresses alone, so that a stolen key is worth
 * little. They are critical, as RFC 5280 wants them: a device that does not know them refuses the authority, instead of
 * trusting it for everything. Chrome 112 and later, Firefox, Windows and OpenSSL hold an authority that a person added
 * to them. RFC 5280 leaves that open, and not every phone does.
 */
export async function makeAuthority(hostName: string, now: Date): Promise<Pair> {
  const x = await library();
  const keys = await makeKeys();
  const certificate = await x.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // iOS lists an authority by its common name. The spaces keep it from looking like a host name.
    name: [{ O: ["Swapmeet"] }, { CN: [authorityName(hostName)] }],
    ...validity(now, AUTHORITY_DAYS),
    keys,
    signingAlgorithm: ECDSA,
    extensions: [
      new x.BasicConstraintsExtension(true, 0, true),
      new x.KeyUsagesExtension(x.KeyUsageFlags.keyCertSign | x.KeyUsageFlags.cRLSign, true),
      new x.ExtendedKeyUsageExtension([x.ExtendedKeyUsage.serverAuth]),
      new x.Extension(x.asn1.id_ce_nameConstraints, true, constraints()),
      await x.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pairOf(certificate.toString("pem"), keys.privateKey);

  function constraints(): ArrayBuffer {
    const names = [
      ...domainsFor(hostName).map((dNSName) => ({ dNSName })),
      ...LOCAL_NETWORKS.map((iPAddress) => ({ iPAddress })),
    ];
    const subtrees = names.map((name) => new x.asn1.GeneralSubtree({ base: new x.asn1.GeneralName(name) }));
    const permittedSubtrees = new x.asn1.GeneralSubtrees(subtrees);
    return x.AsnConvert.serialize(new x.asn1.NameConstraints({ permittedSubtrees }));
  }
}

/** The domains that an authority may vouch for: those of the host name that the computer had when it was made. */
export async function domainsOf(authority: Pair): Promise<string[]> {
  const { AsnConvert, asn1, X509Certificate: Certificate } = await library();
  const extension = new Certificate(authority.certificate).getExtension(asn1.id_ce_nameConstraints);
  if (!extension) return [];
  const { permittedSubtrees = [] } = AsnConvert.parse(extension.value, asn1.NameConstraints);
  return [...permittedSubtrees].flatMap(({ base }) => base.dNSName ?? []);
}

/** A server certificate for these names, valid no longer than its authority. */
export async function issue(authority: Pair, { dns, ips }: Names, now: Date): Promise<Pair> {
  const x = await library();
  const issuer = new x.X509Certificate(authority.certificate);
  const keys = await makeKeys();
  const { notBefore, notAfter } = validity(now, CERTIFICATE_DAYS);
  const certificate = await x.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ O: ["Swapmeet"] }, { CN: ["Swapmeet server"] }],
    issuer: issuer.subjectName.toJSON(),
    notBefore,
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: ECDSA,
    extensions: [
      new x.BasicConstraintsExtension(false, undefined, true),
      new x.KeyUsagesExtension(x.KeyUsageFlags.digitalSignature, true),
      new x.ExtendedKeyUsageExtension([x.ExtendedKeyUsage.serverAuth]),
      new x.SubjectAlternativeNameExtension([
        ...dns.map((value) => ({ type: "dns" as const, value })),
        ...ips.map((value) => ({ type: "ip" as const, value })),
      ]),
      await x.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return pairOf(certificate.toString("pem"), keys.privateKey);
}

/** What is wrong with an authority that was read from a file; it completes "The file …". */
export function checkAuthority(pair: Pair, now: Date): Result<X509Certificate, string> {
  const certificate = parse(pair);
  if (!certificate?.ca) return fail("is damaged");
  if (new Date(certificate.validFrom) > now)
    return fail(
      `was made on ${certificate.validFrom}, and the clock of this computer says ${now.toUTCString()}`,
    );
  if (new Date(certificate.validTo) <= now) return fail(`expired on ${certificate.validTo}`);
  return ok(certificate);
}

/** Why a server certificate that was read from a file is to be replaced; undefined: it is good. */
export function whyReplace(
  pair: Pair,
  authority: X509Certificate,
  names: Names,
  now: Date,
): "damaged" | "other-authority" | "names" | "expiry" | undefined {
  const certificate = parse(pair);
  if (!certificate) return "damaged";
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey))
    return "other-authority";
  if (!areSame(namesIn(certificate), names)) return "names";
  const leftMs = new Date(certificate.validTo).getTime() - now.getTime();
  return new Date(certificate.validFrom) > now || leftMs < RENEW_DAYS * DAY_MS ? "expiry" : undefined;
}

/** Undefined where it is no certificate, no key, or a key of another certificate. */
function parse(pair: Pair): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pair.certificate);
    return certificate.checkPrivateKey(createPrivateKey(pair.key)) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

function namesIn({ subjectAltName = "" }: X509Certificate): Names {
  const of = (kind: string) =>
    subjectAltName
      .split(", ")
      .flatMap((name) => (name.startsWith(`${kind}:`) ? [name.slice(kind.length + 1)] : []));
  return { dns: of("DNS"), ips: of("IP Address") };
}

function authorityName(hostName: string): string {
  // X.520 lets a common name have 64 characters.
  return `Swapmeet on ${hostName.replace(/[^\w.-]/g, "")}`.slice(0, 64);
}

/** Positive, and as random as the CA/Browser Forum wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  const beginsMs = now.getTime() - CLOCK_ERROR_DAYS * DAY_MS;
  return { notBefore: new Date(beginsMs), notAfter: new Date(beginsMs + days * DAY_MS) };
}

const makeKeys = () => webcrypto.subtle.generateKey(ECDSA, true, ["sign", "verify"]);

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, ECDSA, false, ["sign"]);
}

async function pairOf(certificate: string, privateKey: webcrypto.CryptoKey): Promise<Pair> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
  const key = createPrivateKey({ key: der, type: "pkcs8", format: "der" });
  return {
    certificate: `${certificate.trim()}\n`,
    key: key.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
