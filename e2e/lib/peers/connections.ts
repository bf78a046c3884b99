/** The WebRTC connections of pages, so that a test can end the one between two of them. */
import type { Page } from "@playwright/test";
import type { RoomPage } from "../page/page.ts";

interface Watched {
  readonly connections: readonly RTCPeerConnection[];
}

/** Before the page is loaded. */
export const watchConnections = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const connections: RTCPeerConnection[] = [];
    globalThis.RTCPeerConnection = new Proxy(RTCPeerConnection, {
      construct(target, given: [RTCConfiguration?]) {
        const connection = new target(...given);
        connections.push(connection);
        return connection;
      },
    });
    Object.assign(globalThis, { connections } satisfies Watched);
  });

/** A connection by the certificates of its two ends, which no other has. */
interface Ends {
  readonly local: string;
  readonly remote: string;
}

const endsOf = (room: RoomPage): Promise<Ends[]> =>
  room.page.evaluate(() => {
    const fingerprint = (description: RTCSessionDescription | null): string =>
      /^a=fingerprint:(.+)$/m.exec(description?.sdp ?? "")?.[1] ?? "";
    return (globalThis as unknown as Watched).connections
      .filter((connection) => connection.connectionState === "connected")
      .map((connection) => ({
        local: fingerprint(connection.localDescription),
        remote: fingerprint(connection.remoteDescription),
      }));
  });

/** The open connections between two watched pages, each by a name of its own. */
export const connectionsBetween = async (one: RoomPage, other: RoomPage): Promise<string[]> => {
  const [ones, others] = await Promise.all([endsOf(one), endsOf(other)]);
  return ones
    .filter(({ local, remote }) => others.some((end) => end.local === remote && end.remote === local))
    .map(({ local }) => local);
};

/** Ends the connections between two watched pages, at both ends, without a word of either. @returns their names */
export const cutBetween = async (one: RoomPage, other: RoomPage): Promise<string[]> => {
  const cut = await connectionsBetween(one, other);
  await Promise.all([one, other].map((room) => closeConnections(room, cut)));
  return cut;
};

const closeConnections = (room: RoomPage, names: readonly string[]): Promise<void> =>
  room.page.evaluate((names) => {
    for (const connection of (globalThis as unknown as Watched).connections) {
      const descriptions = `${connection.localDescription?.sdp} ${connection.remoteDescription?.sdp}`;
      if (names.some((name) => descriptions.includes(name))) connection.close();
    }
  }, names);
