/**
 * The ceiling: one data channel between two pages, bytes made on the spot and thrown away on arrival. And simple-peer's
 * own `write` as its bundle ships it, to show what the microtask `nextTick` of our build brings.
 */
import type { Page } from "playwright";

/** Both ends are simple-peer, so that only the sending differs. */
declare global {
  interface Window {
    SimplePeer: new (options: { initiator: boolean }) => BenchPeer;
    peer: BenchPeer;
    arrived: Promise<number>;
  }
}
interface BenchPeer {
  _channel: RTCDataChannel;
  on(event: "signal", listener: (signal: unknown) => void): void;
  on(event: "connect", listener: () => void): void;
  on(event: "data", listener: (data: Uint8Array) => void): void;
  once(event: "drain", listener: () => void): void;
  signal(signal: unknown): void;
  write(bytes: Uint8Array): boolean;
  destroy(): void;
}

export type Sending =
  /** Straight into the data channel: 64 KiB messages while less than 256 KiB are buffered. */
  | "channel"
  /** `peer.write` of chunks, waiting for "drain" when it says so. */
  | "write";

/** Seconds from the first byte sent to the last byte received. */
export const sendRaw = async (
  from: Page,
  to: Page,
  bytes: number,
  sending: Sending,
  chunkBytes = 65_536,
): Promise<number> => {
  await connect(from, to);
  const arrival = to.evaluate((expected) => {
    window.arrived = new Promise((resolve) => {
      let received = 0;
      const channel = window.peer._channel;
      channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
        received += data.byteLength;
        if (received >= expected) resolve(performance.timeOrigin + performance.now());
      };
    });
  }, bytes);
  await arrival;
  const began = await (sending === "channel"
    ? sendByChannel(from, bytes)
    : sendByWrite(from, bytes, chunkBytes));
  const ended = await to.evaluate(() => window.arrived);
  for (const page of [from, to]) await page.evaluate(() => window.peer.destroy());
  return (ended - began) / 1000;
};

export const connect = async (from: Page, to: Page): Promise<void> => {
  const signals = { from: [] as unknown[], to: [] as unknown[] };
  const pages = { from, to };
  for (const end of ["from", "to"] as const) {
    await pages[end].evaluate((initiator) => {
      const peer = new window.SimplePeer({ initiator });
      window.peer = peer;
      const said: unknown[] = [];
      peer.on("signal", (signal) => said.push(signal));
      Object.assign(window, { said, connected: new Promise<void>((done) => peer.on("connect", done)) });
    }, end === "from");
  }
  const isConnected = async (): Promise<boolean> => {
    const states = await Promise.all(
      [from, to].map((page) => page.evaluate(() => window.peer._channel?.readyState === "open")),
    );
    return states.every(Boolean);
  };
  while (!(await isConnected()))
    for (const [end, other] of [
      ["from", "to"],
      ["to", "from"],
    ] as const) {
      const all = await pages[end].evaluate(() => (window as unknown as { said: unknown[] }).said);
      for (const signal of all.slice(signals[end].length))
        await pages[other].evaluate((signal) => window.peer.signal(signal), signal);
      signals[end] = all;
    }
};

const sendByChannel = (page: Page, bytes: number): Promise<number> =>
  page.evaluate(async (bytes) => {
    const HIGH = 256 * 1024;
    const channel = window.peer._channel;
    const message = crypto.getRandomValues(new Uint8Array(65_536));
    channel.bufferedAmountLowThreshold = HIGH / 2;
    const began = performance.timeOrigin + performance.now();
    let sent = 0;
    await new Promise<void>((done) => {
      const fill = () => {
        while (sent < bytes && channel.bufferedAmount < HIGH) {
          channel.send(message);
          sent += message.length;
        }
        if (sent >= bytes) done();
      };
      channel.onbufferedamountlow = fill;
      fill();
    });
    return began;
  }, bytes);

const sendByWrite = (page: Page, bytes: number, chunkBytes: number): Promise<number> =>
  page.evaluate(
    async ([bytes, chunkBytes]) => {
      const message = crypto.getRandomValues(new Uint8Array(chunkBytes));
      const began = performance.timeOrigin + performance.now();
      for (let sent = 0; sent < bytes; sent += message.length)
        if (!window.peer.write(message))
          await new Promise<void>((drained) => window.peer.once("drain", drained));
      return began;
    },
    [bytes, chunkBytes] as const,
  );
