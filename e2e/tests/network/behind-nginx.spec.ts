/**
 * The page behind nginx, as operators set it up: under a path, at IPv6, without WebSockets, with buffers, and with headers
 * that say nothing of the page's name or of where its clients come from.
 */
import { join } from "node:path";
import { launchChromium } from "../../lib/browser.ts";
import { randomFile, sha256 } from "../../lib/files.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { freePort, Nginx, PASSED_ON, whyNoNginx } from "../../lib/servers/nginx.ts";
import { Server, type ServerOptions } from "../../lib/servers/server.ts";
import { expect, SERVER_GONE, test as base } from "../../lib/test.ts";

interface Behind {
  /** The server's port. */
  readonly to: number;
  readonly port: number;
}

const test = base.extend<{
  /** Starts a server, and nginx before it; `server`: nginx's block of that name without what it listens at. */
  behind: (
    options: (port: number) => ServerOptions,
    server: (behind: Behind) => string,
    address?: string,
  ) => Promise<{ readonly server: Server; readonly origin: string; urlAt(): string }>;
}>({
  behind: async ({ folder }, use) => {
    const why = await whyNoNginx();
    if (why !== null) console.warn(`\n!!! SKIPPED, behind nginx: ${why}\n`);
    test.skip(why !== null, why ?? "");
    const closing: (() => Promise<void>)[] = [];
    await use(async (options, block, address = "127.0.0.1") => {
      const port = await freePort(address);
      const server = await Server.start(options(port));
      closing.unshift(() => server.stop());
      const listen = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
      const text = `listen ${listen};\n${block({ to: server.port, port })}`;
      const nginx = await Nginx.start(join(folder, `nginx-${port}`), address, port, text);
      closing.unshift(() => nginx.close());
      const origin = `http://${address.includes(":") ? listen : `localhost:${port}`}`;
      return { server, origin, urlAt: () => origin };
    });
    for (const close of closing) await close();
  },
});

const DECLARED = { trustedProxies: ["127.0.0.1"] };

/** Opens two pages in a private room, by its link, and sends a file from one to the other. */
async function meet(folder: string, ann: RoomPage, openLink: (link: string) => Promise<RoomPage>) {
  await ann.newPrivateRoom();
  await ann.page.getByRole("button", { name: "Invite" }).click();
  const link = await ann.page.getByRole("textbox", { name: "Room link" }).inputValue();
  await ann.page.keyboard.press("Escape");
  const ben = await openLink(link);
  await ann.expectPeers(1);
  const path = await randomFile(join(folder, "over there.bin"), 61, 300_000);
  await ann.addFiles(path);
  await ben.download("over there.bin");
  expect(await sha256((await ben.saved(1))[0]!.path)).toBe(await sha256(path));
  return link;
}

for (const { what, options, block } of [
  {
    what: "keeps",
    options: { ...DECLARED, basePath: "/swap/" },
    block: (to: number) => `location /swap { proxy_pass http://127.0.0.1:${to};${PASSED_ON} }`,
  },
  {
    what: "takes off",
    options: DECLARED,
    block: (to: number) => `location /swap/ { proxy_pass http://127.0.0.1:${to}/;${PASSED_ON} }`,
  },
])
  test(`[J18] under a path that the proxy ${what}, page, socket, workers and links work`, async ({
    behind,
    folder,
    open,
  }) => {
    const at = await behind(
      () => options,
      ({ to }) => block(to),
    );
    const ann = await open("/swap?from=a-bookmark", { at });
    expect(new URL(ann.page.url()).pathname).toBe("/swap/");
    await ann.expectOnline();
    const link = await meet(folder, ann, (url) => open(url.slice(at.origin.length), { at }));
    expect(link).toMatch(new RegExp(`^${at.origin}/swap/#`));
    await ann.page.reload();
    await ann.expectPeers(1);
    const manifest = await ann.page.locator("link[rel=manifest]").evaluate((e: HTMLLinkElement) => e.href);
    const { icons, start_url: start } = (await (await fetch(manifest)).json()) as {
      icons: { src: string }[];
      start_url: string;
    };
    expect(new URL(start, manifest).href).toBe(`${at.origin}/swap/`);
    expect((await fetch(new URL(icons[0]!.src, manifest))).status).toBe(200);
    expect((await fetch(`${at.origin}/favicon.svg`)).status).toBe(404);
  });

test("at an IPv6 address, two meet in Nearby and in a private room", async ({ behind, folder, open }) => {
  const at = await behind(
    () => DECLARED,
    ({ to }) => `location / { proxy_pass http://127.0.0.1:${to};${PASSED_ON} }`,
    "::1",
  );
  const ann = await open("/", { at });
  const cleo = await open("/", { at });
  await cleo.expectPeers(1);
  await cleo.page.close();
  await meet(folder, ann, (url) => open(url.slice(at.origin.length), { at }));
});

test("behind a proxy that refuses WebSockets and buffers all, two meet by polling", async ({
  behind,
  folder,
  open,
  complaints,
}) => {
  complaints.expect(SERVER_GONE);
  const at = await behind(
    () => DECLARED,
    ({ to }) => `
      location / {
        if ($http_upgrade) { return 403; }
        proxy_pass http://127.0.0.1:${to};
        proxy_buffering on;
        proxy_request_buffering on;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr:$remote_port;
        gzip on;
        gzip_types *;
      }`,
  );
  const ann = await open("/", { at });
  await ann.expectOnline();
  await meet(folder, ann, (url) => open(url.slice(at.origin.length), { at }));
});

/** A proxy that passes neither Host nor X-Forwarded-Host, for polling and WebSockets alike. */
const withoutHost = ({ to }: Behind) =>
  `location / { proxy_pass http://127.0.0.1:${to};${PASSED_ON.replace("$http_host", '""')} }`;

test("[J10d] behind a proxy that passes no host, two meet with PUBLIC_ORIGIN", async ({
  behind,
  folder,
  open,
}) => {
  const at = await behind((port) => ({ ...DECLARED, publicOrigin: `http://localhost:${port}` }), withoutHost);
  const ann = await open("/", { at });
  await ann.expectOnline();
  await meet(folder, ann, (url) => open(url.slice(at.origin.length), { at }));
});

/** That the server refuses them, browsers write to the console too. */
const REFUSED = /WebSocket connection to .* failed|status of 40[03]/;
const banner = ({ page }: RoomPage) => page.getByRole("complementary", { name: "About the server" });

for (const { what, block } of [
  { what: "passes no host", block: withoutHost },
  {
    what: "passes its own host for the server",
    block: ({ to }: Behind) =>
      `location / { proxy_pass http://127.0.0.1:${to};${PASSED_ON.replace("$http_host", "$proxy_host")} }`,
  },
])
  test(`[J10e] behind a proxy that ${what}, page and log say what to set`, async ({
    behind,
    open,
    complaints,
  }) => {
    complaints.expect(REFUSED);
    const at = await behind(() => DECLARED, block);
    const ann = await open("/", { at });
    await expect(banner(ann)).toContainText(`PUBLIC_ORIGIN=${at.origin}`);
    await expect(ann.server).toContainText("offline");
    expect(at.server.log.join("\n")).toContain(`PUBLIC_ORIGIN=${at.origin}`);
  });

test("[J10e] also where the proxy refuses WebSockets, so that only polling is tried", async ({
  behind,
  open,
  complaints,
}) => {
  complaints.expect(REFUSED);
  const at = await behind(
    () => DECLARED,
    ({ to }) => `location / { if ($http_upgrade) { return 403; } proxy_pass http://127.0.0.1:${to}; }`,
  );
  await expect(banner(await open("/", { at }))).toContainText(`PUBLIC_ORIGIN=${at.origin}`);
});

test("[J8d] behind a proxy that is not declared, the page says that Nearby shows everyone", async ({
  behind,
  open,
}) => {
  const at = await behind(
    () => ({}),
    ({ to }) => `location / { proxy_pass http://127.0.0.1:${to};${PASSED_ON} }`,
  );
  const ann = await open("/", { at });
  await expect(banner(ann)).toContainText("Nearby shows everyone who uses this server.");
  await ann.newPrivateRoom();
  await ann.expectOnline();
  await expect(banner(ann)).toHaveCount(0);
  expect(at.server.log.join("\n")).toContain("TRUSTED_PROXIES=127.0.0.1");
});

test("[J8c] behind a declared proxy that hides its clients, Nearby is empty and the page says why", async ({
  behind,
  open,
}) => {
  const at = await behind(
    () => DECLARED,
    ({ to }) =>
      `location / { proxy_pass http://127.0.0.1:${to};${PASSED_ON.replace(/.*X-Forwarded-For.*/, "")} }`,
  );
  const pages = [await open("/", { at }), await open("/", { at })];
  for (const page of pages) {
    await expect(banner(page)).toContainText("Nearby can show you nobody.");
    await page.expectPeers(0);
  }
  expect(at.server.log.join("\n")).toContain("X-Forwarded-For");
});

test("[J10d] a foreign name that was made to lead here shows the page, which joins no room", async ({
  server,
  complaints,
}) => {
  test.setTimeout(pace.hangMs(300_000));
  complaints.expect(REFUSED);
  const browser = await launchChromium(["--host-resolver-rules=MAP rebound.example 127.0.0.1"]);
  try {
    const context = await browser.newContext();
    complaints.watch(context);
    const ann = new RoomPage(await context.newPage());
    await ann.page.goto(server.urlAt("rebound.example"));
    await expect(banner(ann)).toContainText("The server does not know rebound.example");
    await ann.expectPeers(0);
    expect(server.log.join("\n")).toContain("unknown-host");
  } finally {
    await browser.close();
  }
});
