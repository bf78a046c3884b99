/** nginx as an operator puts it in front: it ends TLS at port 443 and passes the rest on to the server. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { aptInstall } from "../install/installing.mjs";
import { commandWithin, listening, type Within } from "./within.ts";

const has = (command: string, ...args: string[]): Promise<boolean> =>
  promisify(execFile)(command, args).then(
    () => true,
    () => false,
  );

/** Why there can be none here, or null. */
export const whyNoTlsProxy = async (): Promise<string | null> => {
  for (const [command, version] of [
    ["nginx", "-v"],
    ["openssl", "version"],
  ] as const) {
    if (!(await has(command, version))) aptInstall(command);
    if (!(await has(command, version))) return `there is no ${command}`;
  }
  return null;
};

export class TlsProxy {
  readonly #nginx: ChildProcess;

  /** Listens at `address`, port 443, with a certificate of its own making; `within`: where the server runs. */
  static async start(
    folder: string,
    within: Within,
    address: string,
    upstreamPort: number,
  ): Promise<TlsProxy> {
    await mkdir(folder, { recursive: true });
    await promisify(execFile)("openssl", [
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ],
      ...["-subj", "/CN=swapmeet", "-addext", `subjectAltName=IP:${address}`],
      ...["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")],
    ]);
    const conf = join(folder, "nginx.conf");
    await writeFile(conf, configuration(folder, address, upstreamPort));
    const nginx = spawn(...commandWithin(within, "nginx", "-p", folder, "-c", conf, "-e", "stderr"), {
      stdio: "inherit",
    });
    await listening(nginx, 443, within);
    return new TlsProxy(nginx);
  }

  private constructor(nginx: ChildProcess) {
    this.#nginx = nginx;
  }

  async close(): Promise<void> {
    if (this.#nginx.exitCode !== null) return;
    this.#nginx.kill("SIGTERM");
    await once(this.#nginx, "exit");
  }
}

const configuration = (folder: string, address: string, upstreamPort: number): string => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen ${address}:443 ssl;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }
  }
}
`;
