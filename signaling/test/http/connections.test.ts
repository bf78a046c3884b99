/** Clients that hold connections open without ever using them as sockets. */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { connect as connectTcp, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createCounters } from "../../src/base/counters.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { parseAddress } from "../../src/base/network.ts";
import { Connections, patience } from "../../src/http/connections.ts";
import { connect, privately, startServer } from "../harness.ts";

const HEAD = "Host: x\r\n";
const WEB_SOCKET =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
const POLL = "/socket.io/?EIO=4&transport=polling";
/** Short, so that the test ends; honest clients are not in these tests. */
const SHORT = { headersMs: 300, requestMs: 600, lateCheckMs: 100, silenceMs: 600 };

const opened: Socket[] = [];
afterEach(() => {
  for (const connection of opened.splice(0)) connection.destroy();
});

/** A connection that says this and then nothing, or one more letter again and again. */
async function open(port: number, says = "", dribble?: string): Promise<Socket> {
  const connection = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
  opened.push(connection);
  connection.on("error", () => {});
  await once(connection, "connect");
  connection.write(says);
  if (dribble !== undefined) {
    const timer = setInterval(() => connection.write(dribble), 20);
    connection.once("close", () => clearInterval(timer));
  }
  return connection;
}

const openMany = (count: number, ...how: Parameters<typeof open>) =>
  Promise.all(Array.from({ length: count }, () => open(...how)));

/** Resolves when the server has closed it: not only ended its own side, but answers bytes with a reset. */
async function closed(connection: Socket): Promise<void> {
  if (connection.destroyed) return;
  const probe = setInterval(() => connection.readableEnded && connection.write("x"), 20);
  connection.resume();
  // once() of events would reject for the reset.
  await new Promise((resolve) => connection.once("close", resolve));
  clearInterval(probe);
}

describe("a connection that comes to nothing", () => {
  const ways: [string, string, string?][] = [
    ["never speaks", ""],
    ["dribbles the head of its request", `GET / HTTP/1.1\r\n${HEAD}X: `, "a"],
    ["dribbles one header after another", `GET / HTTP/1.1\r\n${HEAD}`, "A: b\r\n"],
    ["never finishes a WebSocket handshake", `GET /socket.io/?EIO=4 HTTP/1.1\r\n${HEAD}${WEB_SOCKET}`],
    ["dribbles a body to the sockets", `POST ${POLL} HTTP/1.1\r\n${HEAD}Content-Length: 60000\r\n\r\n`, "4"],
    ["dribbles a body to the page", `POST / HTTP/1.1\r\n${HEAD}Content-Length: 60000\r\n\r\n`, "4"],
    ["dribbles chunks", `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n`, "1\r\na\r\n"],
    ["asks for a WebSocket elsewhere", `GET /elsewhere HTTP/1.1\r\n${HEAD}${WEB_SOCKET}\r\n`],
    ["keeps its connection after an answer", `GET /healthz HTTP/1.1\r\n${HEAD}\r\n`],
    ["dribbles line ends before a request", "", "\r\n"],
  ];
  for (const [does, says, dribble] of ways)
    it(`[J10c] is closed by the server: it ${does}`, async () => {
      const { port, server } = await startServer({ limits: SHORT });
      await Promise.all((await openMany(5, port, says, dribble)).map(closed));
      expect((await server.health()).members).toBe(0);
    });

  /** An http server alone, so that the test sees its connections. */
  async function startHttp(listener: RequestListener) {
    const limits = { ...LIMITS, ...SHORT };
    const http = createServer(patience(limits), listener);
    new Connections(http, { limits, trustedProxies: [], counters: createCounters() });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    return { http, port: (http.address() as AddressInfo).port };
  }

  const countOf = (http: Server) =>
    new Promise<number>((resolve) => http.getConnections((_error, count) => resolve(count)));

  it("[J10c] is closed by the server: it never reads its answer", async () => {
    const { http, port } = await startHttp((_request, response) =>
      response.end(Buffer.alloc(64 * 1024 * 1024)),
    );
    await openMany(3, port, `GET / HTTP/1.1\r\n${HEAD}\r\n`);
    await expect.poll(() => countOf(http)).toBe(3);
    await expect.poll(() => countOf(http)).toBe(0);
    http.close();
  });
});

describe("many connections of one address", () => {
  it("[J10c] keep nobody else out: 300 half-open ones, and a member joins", async () => {
    const { port, url } = await startServer();
    await openMany(100, port);
    await openMany(100, port, `GET / HTTP/1.1\r\n${HEAD}X: `);
    await openMany(100, port, `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${HEAD}${WEB_SOCKET}`);
    expect(await (await connect(url)).join(privately(1))).toMatchObject({ ok: true });
    expect(await (await connect(url, {}, ["polling"])).join(privately(2))).toMatchObject({ ok: true });
  });

  it("[J10c] are capped while they are no WebSockets, and a closed one makes room", async () => {
    const { port, url, server } = await startServer({ limits: { maxPlainConnectionsPerAddress: 3 } });
    // Each of them is plain until its handshake is done.
    for (let n = 0; n < 6; n++) await connect(url);
    const plain = await openMany(3, port);
    await closed(await open(port));
    expect(server.counters.refused["too-many-connections"]).toBe(1);
    await expect(connect(url)).rejects.toThrow();
    plain[0]!.destroy();
    await expect.poll(() => connect(url).then(Boolean, () => false)).toBe(true);
  });

  it("[J10c] are not capped where a declared proxy brings them", async () => {
    const { port, url } = await startServer({
      limits: { maxPlainConnectionsPerAddress: 3 },
      trustedProxies: [[parseAddress("127.0.0.1")!, 32]],
    });
    await openMany(20, port);
    await connect(url, { "X-Forwarded-For": "203.0.113.9" });
  });
});
