import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { drain } from "../../src/sockets/drain.ts";
import { connect, privately, startRoom, startServer } from "../harness.ts";

describe("a drain", () => {
  /** Connections as numbers; groups are those that were closed at once. */
  function sockets(open: number) {
    const groups: number[] = [];
    return {
      groups,
      get open() {
        return open;
      },
      drop(count: number) {
        groups.push(count);
        open -= count;
      },
    };
  }

  it("[J11a] closes as many connections in each step, and none is left at the end", async () => {
    const many = sockets(103);
    await drain(many, 1_000);
    expect(many.open).toBe(0);
    expect(many.groups.length).toBe(10);
    expect(Math.max(...many.groups)).toBeLessThanOrEqual(11);
  });

  it("[J11a] ends as soon as none is open", async () => {
    const few = sockets(2);
    await drain(few, 3_600_000);
    expect(few.groups).toEqual([1, 1]);
    await drain(sockets(0), 3_600_000);
  });
});

describe("a server that drains", () => {
  it("[J11a] [J15b] says so, admits no more sockets, closes one after the other, and stops", async () => {
    const { server, port, clients, lines } = await startRoom(4);
    const reasons = clients.map(({ socket }) => once(socket as never, "disconnect"));
    // Open already, so that the server reads the requests before it has closed the others.
    const [newcomer, probe] = [connectTcp(port, "127.0.0.1"), connectTcp(port, "127.0.0.1")];
    await Promise.all([once(newcomer, "connect"), once(probe, "connect")]);
    const drained = server.drain(60_000);
    const ask = async (connection: Socket, path: string) => {
      connection.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      return Buffer.concat(await connection.toArray()).toString();
    };
    const answers = await Promise.all([
      ask(newcomer, "/socket.io/?EIO=4&transport=polling"),
      ask(probe, "/readyz"),
    ]);
    expect(answers[0]).toMatch(/^HTTP\/1\.1 403 [^]*"message":"draining"/);
    expect(answers[1]).toMatch(/^HTTP\/1\.1 503 [^]*{"status":"draining"}/);
    expect(server.counters.refused.draining).toBe(1);
    expect((await Promise.all(reasons)).map(([reason]) => reason)).toEqual(
      Array.from({ length: 4 }, () => "transport close"),
    );
    await drained;
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(["start", "drain", "stop"]);
  });

  it("[J11a] over no time closes all at once; close() after it waits for the same end", async () => {
    const { server, clients } = await startRoom(3);
    const reasons = clients.map(({ socket }) => once(socket as never, "disconnect"));
    await Promise.all([server.drain(0), server.close(), server.drain(60_000)]);
    await Promise.all(reasons);
  });

  it("[J11] [J11a] a client that it closed joins another server, and is back under its address", async () => {
    const [leaving, staying] = [await startServer(), await startServer()];
    const client = await connect(leaving.url);
    const { address } = await client.join(privately(1));
    const closed = once(client.socket as never, "disconnect");
    await leaving.server.drain(1_000);
    await closed;
    expect(await (await connect(staying.url)).join(privately(1))).toMatchObject({ address, members: [] });
  });
});
