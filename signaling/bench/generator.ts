/** Makes load on the signaling server, in a process of its own: many clients, from many addresses of loopback. */
import { randomBytes } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { serveParent } from "./child.ts";
import { SocketClient } from "./clients/socket-client.ts";
import { introduce, type Introductions, type IntroductionsOptions } from "./introductions.ts";

export interface RampOptions {
  readonly port: number;
  /** Every one joins; room `i % rooms` gets the i-th. */
  readonly clients: number;
  readonly rooms: number;
  readonly perSecond: number;
  /** The first number of this generator's addresses: each client comes from one of 250. */
  readonly network: number;
}

export interface Ramped {
  readonly joined: number;
  /** From the first byte of the connection to the answer to the join, in milliseconds. */
  readonly durationsMs: Float64Array;
}

export interface JunkOptions {
  readonly port: number;
  readonly clients: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly network: number;
}

const open: SocketClient[] = [];
const halfOpen: Socket[] = [];
const ADDRESSES = 250;
const MAX_AT_ONCE = 1_000;
/** A client with more waiting than this sends nothing for now. */
const MAX_WAITING_BYTES = 65_536;

const addressOf = (network: number, n: number) => `127.${network}.0.${1 + (n % ADDRESSES)}`;
const tagOf = (room: number) => room.toString(16).padStart(64, "0");
const secret = () => randomBytes(16).toString("hex");

/**
 * Calls `work` so often in a second, so many times or for so long. Where the machine cannot keep up it is called less
 * often, a part at a time, so that clients still read in between.
 */
async function pace(
  {
    times = Infinity,
    seconds = Infinity,
    perSecond,
  }: { times?: number; seconds?: number; perSecond: number },
  work: (n: number) => void,
): Promise<void> {
  const startedAtMs = performance.now();
  for (let n = 0; n < times;) {
    const elapsed = (performance.now() - startedAtMs) / 1_000;
    if (elapsed > seconds) return;
    const due = Math.min(times, Math.ceil(elapsed * perSecond), n + MAX_AT_ONCE);
    for (; n < due; n++) work(n);
    await wait(5);
  }
}

const verbs = {
  async ramp({ port, clients, rooms, perSecond, network }: RampOptions): Promise<Ramped> {
    const durationsMs: number[] = [];
    const all: Promise<void>[] = [];
    await pace({ times: clients, perSecond }, (n) => {
      const startedAtMs = performance.now();
      all.push(
        SocketClient.open(port, addressOf(network, n))
          .then(async (client) => {
            open.push(client);
            if (await client.join(tagOf(n % rooms), secret()))
              durationsMs.push(performance.now() - startedAtMs);
          })
          .catch(() => {}),
      );
    });
    await Promise.all(all);
    return { joined: durationsMs.length, durationsMs: Float64Array.from(durationsMs) };
  },

  /** Connections that never speak, and WebSocket handshakes that never end. */
  async halfOpen({ port, clients, perSecond, network }: Omit<RampOptions, "rooms">): Promise<number> {
    const all: Promise<void>[] = [];
    await pace({ times: clients, perSecond }, (n) => {
      const connection = connectTcp({ port, host: "127.0.0.1", localAddress: addressOf(network, n) });
      halfOpen.push(connection);
      if (n % 2)
        connection.write("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: ");
      all.push(
        new Promise((resolve) => {
          connection.once("connect", resolve);
          connection.once("error", () => resolve());
        }),
      );
    });
    await Promise.all(all);
    return halfOpen.filter(({ destroyed }) => !destroyed).length;
  },

  /** How many messages were sent. A client that the server closes is replaced by another. */
  async junk({ port, clients, perSecond, seconds, network }: JunkOptions): Promise<number> {
    const senders: (SocketClient | undefined)[] = Array.from({ length: clients });
    const enter = async (n: number): Promise<void> => {
      senders[n] = undefined;
      const client = await SocketClient.open(port, addressOf(network, n)).catch(() => undefined);
      if (!client) return void setTimeout(() => void enter(n), 100);
      client.onClose = () => void enter(n);
      senders[n] = client;
    };
    await Promise.all(senders.map((_, n) => enter(n)));
    let sent = 0;
    await pace({ seconds, perSecond }, (n) => {
      const sender = senders[n % clients];
      if (!sender || sender.waitingBytes > MAX_WAITING_BYTES) return;
      sender.send(JUNK[n % JUNK.length]!);
      sent++;
    });
    return sent;
  },

  introduce: (options: IntroductionsOptions): Promise<Introductions> => introduce(options),
};
export type GeneratorVerbs = typeof verbs;

/** Unknown events, and known ones with junk in them, some with an acknowledgement asked for. */
const JUNK = [
  '42["nonsense",{"a":1}]',
  '42["join",{"secret":"00","room":{"kind":"open"}}]',
  `421["join",${JSON.stringify({ secret: "x".repeat(200), room: null })}]`,
  '42["envelope",{"to":"nobody","bytes":[1,2,3]}]',
  `42["${"e".repeat(100)}",${JSON.stringify(Array.from({ length: 50 }, (_, n) => n))}]`,
  '422["sample",1,2,3]',
];

serveParent(verbs);
