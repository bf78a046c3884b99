/**
 * How fast this machine is today. It is measured once, before the first test: the raw data channel between two pages,
 * and the opening of a page. Sizes, repetitions, lanes and limits of time follow from it, so that no test assumes a pace.
 */
import type { Page } from "playwright";

export interface Measured {
  /** The rate of one raw data channel between two pages. */
  readonly bytesPerSecond: number;
  /** From the address to a page that is online. */
  readonly openingMs: number;
}

/** Two quiet cores, on a day when their loopback was fast. */
const QUIET: Measured = { bytesPerSecond: 38 * 2 ** 20, openingMs: 600 };
/** The longest factor: for a still slower machine no test waits longer. Guess. */
const MOST_SLOWNESS = 12;
/** From this factor on, two tests at a time hinder each other more than they help. Guess. */
const SLOW = 2;
const SLOW_CHANNEL = 10;

/** The process that measured tells the workers through this variable. */
const VARIABLE = "SWAPMEET_PACE";

export class Pace {
  readonly measured: Measured;
  /** How many times longer pages take than on two quiet cores: 1 or more. */
  readonly #slowness: number;
  /** How many times longer bytes take. */
  readonly #channelSlowness: number;

  constructor(measured: Measured) {
    this.measured = measured;
    this.#slowness = bounded(measured.openingMs / QUIET.openingMs);
    this.#channelSlowness = bounded(QUIET.bytesPerSecond / measured.bytesPerSecond);
  }

  /** After so long it hangs. `quietMs` is generous on two quiet cores already: only a failure takes that long. */
  hangMs(quietMs: number): number {
    return Math.round(quietMs * Math.max(this.#slowness, this.#channelSlowness));
  }

  /** How long a slowed transfer has to take, so that a test catches it in the middle. */
  seconds(quietSeconds: number): number {
    return quietSeconds * this.#slowness;
  }

  /** The size of a file that takes about so many seconds over a raw channel here. */
  bytesOf(seconds: number, atMost: number): number {
    return Math.min(atMost, Math.round(this.measured.bytesPerSecond * seconds));
  }

  /** The number of repetitions: `quietTimes` on a quiet machine, fewer on a slow one, at least a quarter. */
  times(quietTimes: number): number {
    return Math.ceil(quietTimes / Math.min(this.#slowness, 4));
  }

  /** How many tests run at a time. */
  get lanes(): 1 | 2 {
    return this.#slowness >= SLOW || this.#channelSlowness >= SLOW_CHANNEL ? 1 : 2;
  }

  toString(): string {
    const { bytesPerSecond, openingMs } = this.measured;
    const rate = (bytesPerSecond / 2 ** 20).toFixed(1);
    return (
      `raw channel ${rate} MiB/s, a page opens in ${Math.round(openingMs)} ms: ` +
      `pages take ${this.#slowness.toFixed(1)} times and bytes ${this.#channelSlowness.toFixed(1)} times as long ` +
      `as on two quiet cores, so tests run in ${this.lanes} lane(s)`
    );
  }
}

const bounded = (slowness: number): number => Math.min(Math.max(1, slowness), MOST_SLOWNESS);

/** Measures when nobody has, and remembers it for the processes that this one starts. */
const paceOfThisMachine = async (): Promise<Pace> => {
  const known = process.env[VARIABLE];
  if (known !== undefined) return new Pace(JSON.parse(known) as Measured);
  const measured = await measure();
  process.env[VARIABLE] = JSON.stringify(measured);
  const pace = new Pace(measured);
  console.log(`Pace: ${pace}`);
  return pace;
};

/** A step that takes longer shows that the machine is slow, which is enough to know. */
const STEP_MS = 20_000;
const RAW_MS = 2_000;
const OPENINGS = 3;

const measure = async (): Promise<Measured> => {
  // Only the process that measures needs a server and a browser of its own.
  const [{ launchChromium }, { Server }] = await Promise.all([
    import("./browser.ts"),
    import("./servers/server.ts"),
  ]);
  const server = await Server.start();
  if ((await fetch(server.urlAt())).status !== 200) {
    await server.stop();
    throw new Error("There is no page to test: `npm run build` makes it.");
  }
  const browser = await launchChromium(["--disable-features=WebRtcHideLocalIpsWithMdns"]);
  try {
    const pages: Page[] = [];
    const openedMs: number[] = [];
    for (let i = 0; i < OPENINGS; i++) {
      const page = await (await browser.newContext()).newPage();
      page.setDefaultTimeout(STEP_MS);
      // tsx names inner functions with a helper that pages don't have.
      await page.addInitScript("globalThis.__name = (f) => f");
      pages.push(page);
      const beganAt = performance.now();
      const online = page.getByRole("status", { name: "Server" }).filter({ hasText: "online" });
      await page
        .goto(server.urlAt())
        .then(() => online.waitFor())
        .catch(() => {});
      openedMs.push(performance.now() - beganAt);
    }
    // The first one fills the browser's caches.
    const openingMs = Math.max(...openedMs.slice(1));
    const [from, to] = pages as [Page, Page];
    const raw = within(STEP_MS, rawBytesPerSecond(from, to)).catch(() => null);
    return { bytesPerSecond: (await raw) ?? QUIET.bytesPerSecond / MOST_SLOWNESS, openingMs };
  } finally {
    await browser.close();
    await server.stop();
  }
};

const within = async <Value>(limitMs: number, work: Promise<Value>): Promise<Value | null> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, limitMs, null)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

/** The rate of one data channel from page to page, with messages of 64 KiB while less than 256 KiB are buffered. */
const rawBytesPerSecond = async (from: Page, to: Page): Promise<number> => {
  const offer = await from.evaluate(async () => {
    const connection = new RTCPeerConnection();
    const channel = connection.createDataChannel("raw");
    Object.assign(globalThis, { raw: { connection, channel } });
    await connection.setLocalDescription();
    await new Promise<void>((done) => {
      connection.onicegatheringstatechange = () => connection.iceGatheringState === "complete" && done();
    });
    return connection.localDescription!.sdp;
  });
  const answer = await to.evaluate(async (sdp) => {
    const connection = new RTCPeerConnection();
    const raw = { connection, bytes: 0 };
    Object.assign(globalThis, { raw });
    connection.ondatachannel = ({ channel }) => {
      channel.binaryType = "arraybuffer";
      channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => void (raw.bytes += data.byteLength);
    };
    await connection.setRemoteDescription({ type: "offer", sdp });
    await connection.setLocalDescription();
    await new Promise<void>((done) => {
      connection.onicegatheringstatechange = () => connection.iceGatheringState === "complete" && done();
    });
    return connection.localDescription!.sdp;
  }, offer);
  await from.evaluate(async (sdp) => {
    const { connection, channel } = (
      globalThis as unknown as { raw: { connection: RTCPeerConnection; channel: RTCDataChannel } }
    ).raw;
    const opened = new Promise((open) => (channel.onopen = open));
    await connection.setRemoteDescription({ type: "answer", sdp });
    await opened;
    const message = crypto.getRandomValues(new Uint8Array(65_536));
    const high = 256 * 1024;
    channel.bufferedAmountLowThreshold = high / 2;
    const fill = () => {
      while (channel.readyState === "open" && channel.bufferedAmount < high) channel.send(message);
    };
    channel.onbufferedamountlow = fill;
    fill();
  }, answer);
  return to.evaluate(async (ms) => {
    const { raw } = globalThis as unknown as { raw: { connection: RTCPeerConnection; bytes: number } };
    while (raw.bytes === 0) await new Promise((wait) => setTimeout(wait));
    const [before, beganAt] = [raw.bytes, performance.now()];
    await new Promise((wait) => setTimeout(wait, ms));
    const bytesPerSecond = ((raw.bytes - before) / (performance.now() - beganAt)) * 1000;
    raw.connection.close();
    return Math.max(1, bytesPerSecond);
  }, RAW_MS);
};

export const pace = await paceOfThisMachine();
