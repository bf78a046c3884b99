/** nginx that ends TLS at port 443 and passes the rest on to the server. */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Nginx, PASSED_ON, whyNo, whyNoNginx } from "./nginx.ts";
import type { Within } from "./within.ts";

/** Why there can be none here, or null. */
export const whyNoTlsProxy = async (): Promise<string | null> =>
  (await whyNoNginx()) ?? (await whyNo("openssl", "version"));

/** Listens at `address`, port 443, with a certificate of its own making; `within`: where the server runs. */
export const startTlsProxy = async (
  folder: string,
  within: Within,
  address: string,
  upstreamPort: number,
): Promise<Nginx> => {
  await mkdir(folder, { recursive: true });
  await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=swapmeet", "-addext", `subjectAltName=IP:${address}`],
    ...["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")],
  ]);
  const server = `
    listen ${address}:443 ssl;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_set_header X-Forwarded-Host $host;${PASSED_ON}
    }`;
  return Nginx.start(folder, address, 443, server, within);
};
