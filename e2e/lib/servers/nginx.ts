/** nginx as an operator puts it in front of the server. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
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
export const whyNoNginx = (): Promise<string | null> => whyNo("nginx", "-v");

export const whyNo = async (command: string, ...version: string[]): Promise<string | null> => {
  if (!(await has(command, ...version))) aptInstall(command);
  return (await has(command, ...version)) ? null : `there is no ${command}`;
};

/** Passes WebSockets on, and says where a client comes from. */
export const PASSED_ON = `
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";`;

export class Nginx {
  readonly #process: ChildProcess;

  /** `server`: what stands in its block of that name, for `address` (IPv6 without brackets) and `port` too. */
  static async start(
    folder: string,
    address: string,
    port: number,
    server: string,
    within: Within = [],
  ): Promise<Nginx> {
    await mkdir(folder, { recursive: true });
    const conf = join(folder, "nginx.conf");
    await writeFile(conf, configuration(folder, server));
    const nginx = spawn(...commandWithin(within, "nginx", "-p", folder, "-c", conf, "-e", "stderr"), {
      stdio: "inherit",
    });
    if (within.length > 0) await listening(nginx, port, within);
    while (within.length === 0 && !(await answers(address, port))) {
      if (nginx.exitCode !== null) throw new Error("nginx did not start");
      await new Promise((again) => setTimeout(again, 50));
    }
    return new Nginx(nginx);
  }

  private constructor(nginx: ChildProcess) {
    this.#process = nginx;
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill("SIGTERM");
    await once(this.#process, "exit");
  }
}

/** A port that was free a moment ago: nginx must be told one. */
export const freePort = async (address: string): Promise<number> => {
  const listener = createServer().listen(0, address);
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
};

const answers = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

const configuration = (folder: string, server: string): string => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  log_not_found off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    ${server}
  }
}
`;
