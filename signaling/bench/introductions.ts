/**
 * Introductions: two clients meet on a server, and each sends the other what two browsers need for a data channel: a
 * description and four candidates, of the sizes that sealed envelopes of the page have. The same on both servers.
 */
import { randomBytes } from "node:crypto";
import { PeerJsClient } from "./clients/peerjs-client.ts";
import { SocketClient } from "./clients/socket-client.ts";

export interface IntroductionsOptions {
  readonly server: "swapmeet" | "peerjs";
  readonly port: number;
  /** Pairs that are at it at the same time. */
  readonly pairs: number;
  readonly seconds: number;
  /** Each introduction begins with two new connections, which join; or a pair stays and sends again and again. */
  readonly reconnects: boolean;
  readonly network: number;
}

export interface Introductions {
  readonly done: number;
  readonly seconds: number;
  /** In both directions, of both clients, connections included; the median. */
  readonly bytesOfOne: number;
}

/** A description, then candidates. */
const MESSAGE_BYTES = [900, 300, 300, 300, 300];

interface Pair {
  /** Resolves when both have all messages of the other. */
  exchange(): Promise<void>;
  readonly carriedBytes: number;
  close(): unknown;
}

export async function introduce(options: IntroductionsOptions): Promise<Introductions> {
  const { pairs, seconds, reconnects } = options;
  const meet = { swapmeet: meetOnSwapmeet, peerjs: meetOnPeerJs }[options.server];
  const startedAtMs = performance.now();
  const isOver = () => performance.now() - startedAtMs > seconds * 1_000;
  const bytes: number[] = [];
  let done = 0;

  async function goOn(n: number): Promise<void> {
    while (!isOver()) {
      const pair = await meet(options, n);
      do {
        await pair.exchange();
        done++;
      } while (!reconnects && !isOver());
      bytes.push(pair.carriedBytes);
      await pair.close();
    }
  }

  await Promise.all(Array.from({ length: pairs }, (_, n) => goOn(n)));
  bytes.sort((a, b) => a - b);
  return {
    done,
    seconds: (performance.now() - startedAtMs) / 1_000,
    bytesOfOne: bytes[bytes.length >> 1] ?? 0,
  };
}

async function meetOnSwapmeet({ port, network }: IntroductionsOptions, n: number): Promise<Pair> {
  const from = `127.${network}.0.${1 + (n % 250)}`;
  const tag = randomBytes(32).toString("hex");
  const clients = await Promise.all([SocketClient.open(port, from), SocketClient.open(port, from)]);
  const [one, two] = clients;
  const seats = [await one.join(tag, randomHex()), await two.join(tag, randomHex())] as const;
  if (seats[1]?.members[0] !== seats[0]?.address) throw new Error("They did not meet.");
  return {
    exchange: () =>
      allHeard((heard) => {
        for (const client of clients) client.onEnvelope = heard;
        for (const bytes of MESSAGE_BYTES) {
          one.deliver(seats[1]!.address, Buffer.alloc(bytes, 0xa5));
          two.deliver(seats[0]!.address, Buffer.alloc(bytes, 0xa5));
        }
      }),
    get carriedBytes() {
      return one.carriedBytes + two.carriedBytes;
    },
    close: () => clients.map((client) => client.close()),
  };
}

async function meetOnPeerJs({ port, network }: IntroductionsOptions, n: number): Promise<Pair> {
  const from = `127.${network}.0.${1 + (n % 250)}`;
  const clients = await Promise.all([PeerJsClient.open(port, from), PeerJsClient.open(port, from)]);
  const [one, two] = clients;
  return {
    exchange: () =>
      allHeard((heard) => {
        for (const client of clients) client.onMessage = heard;
        for (const [i, bytes] of MESSAGE_BYTES.entries()) {
          one.deliver(two.id, i === 0 ? "OFFER" : "CANDIDATE", "x".repeat(bytes));
          two.deliver(one.id, i === 0 ? "ANSWER" : "CANDIDATE", "x".repeat(bytes));
        }
      }),
    get carriedBytes() {
      return one.carriedBytes + two.carriedBytes;
    },
    close: () => clients.map((client) => client.close()),
  };
}

const randomHex = () => randomBytes(16).toString("hex");

/** Resolves when `heard` was called for every message of both. */
function allHeard(send: (heard: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    let missing = 2 * MESSAGE_BYTES.length;
    send(() => --missing === 0 && resolve());
  });
}
