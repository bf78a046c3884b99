import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { MemoryDirectory } from "../../src/rooms/memory-directory.ts";
import { createSignalingServer } from "../../src/server.ts";
import { connect, OTHER_TAG, privately, startRoom, startServer, TAG } from "../harness.ts";

const TOKEN = "a-token-of-the-operator";
const withToken = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

/** The numbers by the name and labels of each, as the text format of Prometheus has them. */
function numbersIn(text: string): Record<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    samples.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
}

const read = async (url: string, init?: RequestInit) =>
  numbersIn(await (await fetch(`${url}/metrics`, init)).text());

/** A server with metrics on a port of their own. */
async function startMeasured(size: number) {
  const room = await startRoom(size, { metrics: { port: 0 }, stun: true });
  const { metricsPort } = JSON.parse(room.lines[0]!) as { metricsPort: number };
  return { ...room, metricsUrl: `http://127.0.0.1:${metricsPort}` };
}

describe("metrics", () => {
  it("tell what the server did: the numbers of /healthz, joins and their time, and the process", async () => {
    const { url, port, metricsUrl, clients, addresses } = await startMeasured(3);
    clients[0]!.socket.emit("envelope", { to: addresses[1], bytes: Buffer.alloc(5) });
    clients[0]!.socket.emit("nonsense");
    await clients[0]!.settle();
    await (await connect(url)).join(privately(9, OTHER_TAG));
    const browser = createSocket("udp4");
    browser.send("junk", port, "127.0.0.1");
    browser.send(Buffer.from("000100002112a442b7e7a701bc34d686fa87dfae", "hex"), port, "127.0.0.1");
    await once(browser, "message");
    browser.close();

    const numbers = await read(metricsUrl);
    expect(numbers).toMatchObject({
      swapmeet_rooms: 2,
      swapmeet_members: 4,
      swapmeet_sockets: 4,
      swapmeet_join_seconds_count: 4,
      swapmeet_envelopes_total: 1,
      swapmeet_envelope_bytes_total: 5,
      'swapmeet_refusals_total{reason="bad-request"}': 1,
      'swapmeet_refusals_total{reason="draining"}': 0,
      'swapmeet_stun_requests_total{result="answered"}': 1,
      'swapmeet_stun_requests_total{result="ignored"}': 1,
    });
    expect(numbers["swapmeet_join_seconds_sum"]).toBeGreaterThan(0);
    expect(numbers["process_resident_memory_bytes"]).toBeGreaterThan(1_000_000);
    expect(numbers).toHaveProperty("nodejs_eventloop_lag_p99_seconds");
    expect(await read(metricsUrl)).toMatchObject({ swapmeet_envelopes_total: 1, swapmeet_members: 4 });
  });

  it("have no label that a client can fill: neither addresses nor room tags", async () => {
    const { url, metricsUrl, clients, addresses } = await startMeasured(2);
    const before = Object.keys(await read(metricsUrl));
    for (let n = 0; n < 20; n++) clients[0]!.socket.emit(`event ${n}`, TAG);
    await (await connect(url, { "X-Forwarded-For": "203.0.113.9" })).join(privately(9, OTHER_TAG));
    const text = await (await fetch(`${metricsUrl}/metrics`)).text();
    expect(Object.keys(numbersIn(text)).filter((name) => name.startsWith("swapmeet"))).toEqual(
      before.filter((name) => name.startsWith("swapmeet")),
    );
    for (const secretish of [...addresses, TAG, OTHER_TAG, "203.0.113.9", "127.0.0.1"])
      expect(text).not.toContain(secretish);
  });

  it("say of rooms and members that nobody knows, while the directory does not", async () => {
    const directory = new MemoryDirectory({ maxMembers: 2, random: () => 0 });
    directory.size = () => Promise.reject(new Error("it is away"));
    const { url } = await startServer({ directory, metrics: { token: TOKEN } });
    expect(await read(url, withToken(TOKEN))).toMatchObject({ swapmeet_rooms: NaN, swapmeet_sockets: 0 });
  });
});

describe("where metrics are", () => {
  const statusOf = async (url: string, init?: RequestInit) => (await fetch(url, init)).status;

  it("is nowhere, unless the operator asks for them", async () => {
    const { url } = await startServer();
    const [metrics, nowhere] = [await fetch(`${url}/metrics`), await fetch(`${url}/nowhere`)];
    expect([metrics.status, await metrics.text()]).toEqual([404, await nowhere.text()]);
    expect(await statusOf(`${url}/metrics`, withToken(""))).toBe(404);
  });

  it("with a token alone: on the port of the page, for those that send it", async () => {
    const { url } = await startServer({ metrics: { token: TOKEN } });
    const refused = await fetch(`${url}/metrics`);
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(await refused.text()).toBe("The token is missing or wrong.\n");
    for (const wrong of ["", TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase()])
      expect(await statusOf(`${url}/metrics`, withToken(wrong)), wrong).toBe(401);
    expect(await statusOf(`${url}/metrics`, { headers: { Authorization: TOKEN } })).toBe(401);
    const told = await fetch(`${url}/metrics`, withToken(TOKEN));
    expect([told.status, told.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(told.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(await told.text()).toContain("swapmeet_sockets 0");
  });

  it("with a port: there alone, and with a token for those that send it", async () => {
    const { url, lines } = await startServer({ metrics: { port: 0, token: TOKEN } });
    const { metricsPort } = JSON.parse(lines[0]!) as { metricsPort: number };
    const own = `http://127.0.0.1:${metricsPort}`;
    expect(await statusOf(`${url}/metrics`, withToken(TOKEN))).toBe(404);
    expect(await statusOf(`${own}/metrics`)).toBe(401);
    expect(await statusOf(`${own}/metrics`, withToken(TOKEN))).toBe(200);
    expect(await statusOf(`${own}/metrics`, { method: "POST", ...withToken(TOKEN) })).toBe(404);
    for (const path of ["/", "/healthz", "/socket.io/?EIO=4&transport=polling"])
      expect(await statusOf(own + path), path).toBe(404);
  });

  it("a port in use is named, and nothing stays open", async () => {
    const { port } = await startServer();
    const second = createSignalingServer({ host: "127.0.0.1", metrics: { port }, log: () => {} });
    expect(await second.listen()).toEqual({
      ok: false,
      problem: `METRICS_PORT=${port} is already in use. Choose another port.`,
    });
    const taken = second.url;
    await second.close();
    await expect(fetch(taken)).rejects.toThrow();
  });
});
