/**
 * A hostile signaling server, two real pages in a private room: while the server tampers with their introductions, they
 * do not connect; as soon as it leaves them alone, they do. In simulation, over 120 s each: introductions.test.ts.
 */
import { createCipheriv, randomBytes } from "node:crypto";
import type { Address, RoomTag } from "@swapmeet/shared";
import { HostileServer, type Carried, type Mutation } from "../../lib/servers/hostile-server.ts";
import { pace } from "../../lib/pace.ts";
import { RoomPage } from "../../lib/page/page.ts";
import { expect, test as base } from "../../lib/test.ts";

const test = base.extend<{ hostile: HostileServer }>({
  // eslint-disable-next-line no-empty-pattern
  hostile: async ({}, use) => {
    const hostile = await HostileServer.start();
    await use(hostile);
    await hostile.close();
  },
});

/** Envelopes and an address that a mutation may use beside the envelope at hand. */
interface Hands {
  /** Envelopes of this room, from an introduction that went well. */
  readonly earlier: readonly Carried[];
  /** Envelopes of another room. */
  readonly foreign: readonly Carried[];
  /** A third member of this room. */
  readonly third: Address;
}

/** version (1), session (4 + 8), counter (4), nonce (24), box: envelope.ts */
const flip =
  (at: number): Mutation =>
  (envelope) => {
    const bytes = envelope.bytes.slice();
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    return [{ ...envelope, bytes }];
  };

const counterOf = ({ bytes }: Carried): number => Buffer.from(bytes).readUInt32BE(13);

const MUTATIONS: Record<string, (hands: Hands) => Mutation> = {
  "changes the version": () => flip(0),
  "changes the attempt number": () => flip(2),
  "changes the session": () => flip(8),
  "changes the counter": () => flip(16),
  "changes the nonce": () => flip(20),
  "changes the box": () => flip(60),
  "changes the box's tag": () => flip(-1),
  "cuts the end off": () => (e) => [{ ...e, bytes: e.bytes.slice(0, -1) }],
  "appends a byte": () => (e) => [{ ...e, bytes: Uint8Array.of(...e.bytes, 0) }],
  "replays an earlier session":
    ({ earlier }) =>
    (e) =>
      earlier.filter((old) => old.to === e.to),
  "drops the first": () => (e) => (counterOf(e) === 0 ? [] : [e]),
  "drops the first, and delivers the next ones backwards": () => {
    const held: Carried[] = [];
    return (e) => {
      if (counterOf(e) > 0) held.push(e);
      return held.length === 2 ? held.splice(0).reverse() : [];
    };
  },
  reflects: () => (e) => [{ from: e.to, to: e.from, bytes: e.bytes }],
  "redirects to a third":
    ({ third }) =>
    (e) => [{ ...e, to: third }],
  "names another sender":
    ({ third }) =>
    (e) => [{ ...e, from: third }],
  "carries over from another room":
    ({ foreign }) =>
    (e) =>
      foreign.map(({ bytes }) => ({ ...e, bytes })),
  "seals its own offer with a key of its own": () => (e) => [{ ...e, bytes: forged(e) }],
};

/** A well-formed envelope under a key that the server made up, around a description with its own certificate. */
const forged = ({ bytes }: Carried): Uint8Array => {
  const sdp = `v=0\r\na=fingerprint:sha-256 ${Array<string>(32).fill("AA").join(":")}\r\n`;
  const payload = Buffer.from(JSON.stringify({ type: "offer", sdp }));
  const cipher = createCipheriv("chacha20-poly1305", randomBytes(32), randomBytes(12), { authTagLength: 16 });
  const box = [cipher.update(payload), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat([bytes.subarray(0, 17), randomBytes(24), ...box]);
};

const LEAST_WATCH_MS = 500;

const staysAlone = async (page: RoomPage, watchMs: number): Promise<void> => {
  const connected = page.page.waitForFunction(
    () => document.querySelector('[role=status][aria-label="Peers"]')?.textContent !== "0",
    undefined,
    { timeout: watchMs },
  );
  await expect(connected).rejects.toThrow(/Timeout/);
};

test("a server that tampers with introductions can at most keep two pages apart", async ({
  hostile,
  browser,
  complaints,
}) => {
  test.setTimeout(pace.hangMs(900_000));
  const open = async (path: string): Promise<RoomPage> => {
    const context = await browser.newContext();
    complaints.watch(context);
    const page = new RoomPage(await context.newPage());
    await page.page.goto(hostile.urlAt() + path);
    return page;
  };
  const room = async (mutate?: Mutation): Promise<[RoomPage, RoomPage, RoomTag]> => {
    const first = await open("/");
    const code = await first.newPrivateRoom();
    await first.expectOnline();
    const tag = [...hostile.tags].at(-1)!;
    if (mutate) hostile.mutations.set(tag, mutate);
    return [first, await open(`/#${code}`), tag];
  };

  // These two will have connected by themselves when all else is done.
  const [ada, ben, elsewhere] = await room(flip(60));
  await expect.poll(() => hostile.lies.length).toBeGreaterThan(0);

  const recordedBefore = hostile.recorded.length;
  const [carol, dave, tag] = await room();
  const openedAt = performance.now();
  await Promise.all([carol.expectPeers(1), dave.expectPeers(1)]);
  // As long as an honest introduction took just now.
  const watchMs = Math.max(LEAST_WATCH_MS, performance.now() - openedAt);
  await Promise.all([staysAlone(ada, watchMs), staysAlone(ben, watchMs)]);
  hostile.mutations.delete(elsewhere);

  const earlier = hostile.recorded.slice(recordedBefore);
  hostile.secludeNext();
  const third = await open(`/#${carol.code}`);
  await third.expectOnline();
  const hands = { earlier, foreign: hostile.recorded.slice(0, recordedBefore), third: hostile.secluded[0]! };

  for (const [what, mutation] of Object.entries(MUTATIONS))
    await test.step(what, async () => {
      hostile.mutations.set(tag, mutation(hands));
      hostile.lies.length = 0;
      await dave.page.reload();
      await expect.poll(() => hostile.lies.length).toBeGreaterThan(1);
      await Promise.all([carol, dave, third].map((page) => staysAlone(page, watchMs)));

      hostile.mutations.delete(tag);
      await dave.page.reload();
      await Promise.all([carol.expectPeers(1), dave.expectPeers(1)]);
    });

  await Promise.all([ada.expectPeers(1), ben.expectPeers(1)]);
  for (const page of [ada, ben, carol, dave, third]) await page.page.context().close();
});
