/** The log of a server that friends and strangers use: it names none of them, and none of their rooms. */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { MAX_SOCKET_MESSAGE_BYTES } from "@swapmeet/shared";
import { expect, it } from "vitest";
import { whereFrom } from "../src/base/log.ts";
import { parseAddress } from "../src/base/network.ts";
import { MemoryDirectory } from "../src/rooms/memory-directory.ts";
import { connect, openly, OTHER_TAG, privately, secret, startServer, TAG } from "./harness.ts";

const CLIENTS = ["203.0.113.9", "2001:db8:1:2::9", "198.51.100.77"];

/** Fails now and then, with a message that quotes what it was given. */
class FragileDirectory extends MemoryDirectory {
  override async join(...asked: Parameters<MemoryDirectory["join"]>) {
    const [, seat] = asked;
    if (seat.tag === OTHER_TAG) throw new Error(`no room ${seat.tag} for ${seat.address}`);
    return super.join(...asked);
  }
}

it("no line holds an address of a client, an address of a member, a secret or a room tag", async () => {
  const { server, url, port, lines } = await startServer({
    trustedProxies: [[parseAddress("127.0.0.1")!, 32]],
    directory: new FragileDirectory({ maxMembers: 8, random: () => 0 }),
    limits: { maxConnectionsPerAddress: 2, addressStun: { burst: 1, perSecond: 0 } },
    metrics: { port: 0 },
    stun: true,
  });
  const via = (address: string, more = {}) => connect(url, { "X-Forwarded-For": address, ...more });
  const clients = await Promise.all(CLIENTS.map((address) => via(address)));
  const secretish = [...CLIENTS, "127.0.0.1", TAG, OTHER_TAG];

  for (const [n, client] of clients.entries()) {
    const joined = await client.join(n === 0 ? openly(n) : privately(n));
    secretish.push(joined.address, joined.tag, secret(n));
    client.socket.emit("envelope", { to: joined.address, bytes: Buffer.from(joined.address) });
    client.socket.emit(joined.address, joined.tag, CLIENTS[n]);
  }
  const [failing, flooding, oversize] = clients as [
    (typeof clients)[0],
    (typeof clients)[0],
    (typeof clients)[0],
  ];
  failing.socket.emit("join", privately(7, OTHER_TAG), () => {});
  await expect.poll(() => lines.join()).toContain('"handling":"join"');
  oversize.socket.emit("envelope", Buffer.alloc(MAX_SOCKET_MESSAGE_BYTES + 1));
  for (let n = 0; n < 3_000; n++) flooding.socket.emit("join", privately(1), () => {});
  await expect.poll(() => [flooding.socket.connected, oversize.socket.connected]).toEqual([false, false]);
  await via(CLIENTS[0]!);
  await expect(via(CLIENTS[0]!)).rejects.toThrow();
  await expect(via(CLIENTS[1]!, { Origin: `http://${CLIENTS[1]}` })).rejects.toThrow();
  await expect(via("unknown")).resolves.toBeDefined();
  for (const path of ["/", `/${TAG}`, "/healthz", "/readyz", "/%", "/socket.io/?EIO=4&transport=x"])
    await (await fetch(url + path, { headers: { "X-Forwarded-For": CLIENTS[0]! } })).text();
  const garbage = connectTcp(port, "127.0.0.1");
  garbage.end(`${TAG} ${CLIENTS[0]}\r\n\r\n`);
  garbage.resume();
  await once(garbage, "close");
  await server.drain(1);

  expect(server.counters.refused).toMatchObject({
    ...{ internal: 1, oversize: 1, flood: 1, "foreign-origin": 1, "too-many-connections": 1 },
  });
  expect(lines.map((line) => JSON.parse(line).event)).toEqual([
    "start",
    "failed",
    "silent-proxy",
    "drain",
    "stop",
  ]);
  for (const text of secretish) expect(lines.join("\n")).not.toContain(text);
});

it("the place of an exception is told without its message, also where that has lines like places", () => {
  const error = new TypeError(`a ${TAG} in a message\n    at an address of ${CLIENTS[0]}`);
  expect(whereFrom(error)).toMatch(/^TypeError at .*log\.test\.ts:\d+:\d+/);
  expect(whereFrom(`thrown ${TAG}`)).toBe("string");
});
