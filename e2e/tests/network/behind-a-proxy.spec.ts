/**
 * As on the internet: the page at https behind a proxy that ends TLS, and two people behind routers of their own. They
 * learn from the server where STUN is answered, since nothing answers at UDP 443.
 */
import { join } from "node:path";
import { randomFile, sha256 } from "../../lib/files.ts";
import { BRIDGE_ADDRESS, Namespaces, whyNoNats } from "../../lib/servers/namespaces.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { ServerProcess } from "../../lib/servers/server-process.ts";
import { expect, test } from "../../lib/test.ts";
import type { Nginx } from "../../lib/servers/nginx.ts";
import { startTlsProxy, whyNoTlsProxy } from "../../lib/servers/tls-proxy.ts";

test("[J14] two behind routers of their own meet directly, with the page behind a proxy that ends TLS", async ({
  folder,
  complaints,
}) => {
  const why = (await whyNoNats()) ?? (await whyNoTlsProxy());
  if (why !== null) console.warn(`\n!!! SKIPPED, behind a proxy: ${why}\n`);
  test.skip(why !== null, why ?? "");
  test.setTimeout(pace.hangMs(300_000));
  const path = await randomFile(join(folder, "over there.bin"), 61, 300_000);
  let server: ServerProcess | undefined;
  let proxy: Nginx | undefined;
  const network = await Namespaces.openBehindNats(folder, ["cone", "cone"]);
  try {
    const within = network.middle;
    server = await ServerProcess.start({ within, env: { TRUSTED_PROXIES: "127.0.0.1" } });
    proxy = await startTlsProxy(join(folder, "nginx"), within, BRIDGE_ADDRESS, server.port);
    const page = `https://${BRIDGE_ADDRESS}/`;
    const contexts = await network.launch([], ["--ignore-certificate-errors"]);
    for (const context of contexts) complaints.watch(context);
    const [ann, ben] = (await Promise.all(
      contexts.map(async (context) => new RoomPage(await context.newPage())),
    )) as [RoomPage, RoomPage];
    await ann.page.goto(page);
    const code = await ann.newPrivateRoom();
    await ben.page.goto(`${page}#${code}`);
    await ann.rename("Ann");
    await ben.rename("Ben");
    await expect(ann.person("Ben")).toContainText("direct", { timeout: pace.hangMs(60_000) });
    await expect(ben.person("Ann")).toContainText("direct");
    await ann.addFiles(path);
    await ben.download("over there.bin");
    expect(await sha256((await ben.saved(1))[0]!.path)).toBe(await sha256(path));
  } finally {
    await network.close();
    await proxy?.close();
    await server?.kill();
  }
});
