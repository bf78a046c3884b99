/** What pages use, and hear from others, of ICE. */
import type { Page } from "@playwright/test";
import type { RoomPage } from "../page/page.ts";
import { watchConnections } from "./connections.ts";

interface Watched {
  readonly connections: readonly RTCPeerConnection[];
  readonly candidatesHeard: string[];
}

/** The methods of a connection that hear candidates, as simple-peer calls them. */
interface Heard {
  addIceCandidate(this: Heard, candidate: RTCIceCandidate): Promise<void>;
  setRemoteDescription(this: Heard, description: RTCSessionDescription): Promise<void>;
}

/** Before the page is loaded; also does what `watchConnections` does. */
export const watchIce = async (page: Page): Promise<void> => {
  await watchConnections(page);
  await page.addInitScript(() => {
    const candidatesHeard: string[] = [];
    Object.assign(globalThis, { candidatesHeard });
    const { prototype } = RTCPeerConnection;
    const { addIceCandidate, setRemoteDescription } = prototype as unknown as Heard;
    Object.assign(prototype, {
      addIceCandidate(candidate) {
        candidatesHeard.push(candidate.candidate);
        return addIceCandidate.call(this, candidate);
      },
      setRemoteDescription(description) {
        candidatesHeard.push(...(description.sdp.match(/(?<=^a=)candidate:.*$/gm) ?? []));
        return setRemoteDescription.call(this, description);
      },
    } satisfies Heard);
  });
};

/** The candidates that others have told the page since it was loaded, or since `forgetCandidates`. */
export const candidatesHeard = ({ page }: RoomPage): Promise<string[]> =>
  page.evaluate(() => (globalThis as unknown as Watched).candidatesHeard.filter((text) => text !== ""));

export const forgetCandidates = ({ page }: RoomPage): Promise<void> =>
  page.evaluate(() => void ((globalThis as unknown as Watched).candidatesHeard.length = 0));

/** A candidate of a connection, as getStats tells. */
export interface CandidateStat {
  /** "host", "srflx", "prflx" or "relay". */
  readonly candidateType: string;
  /** How the browser talks to the relay server. */
  readonly relayProtocol?: string;
}

export interface ConnectionStats {
  /** All that the page gathered for it. */
  readonly gathered: readonly CandidateStat[];
  /** The two that are in use. */
  readonly local: CandidateStat | null;
  readonly remote: CandidateStat | null;
  /** The user name for the relay server. */
  readonly username: string | null;
}

/** The page's connections that are open. */
export const connectionStats = ({ page }: RoomPage): Promise<ConnectionStats[]> =>
  page.evaluate(async () => {
    const open = (globalThis as unknown as Watched).connections.filter(
      ({ connectionState }) => connectionState === "connected",
    );
    return Promise.all(
      open.map(async (connection) => {
        const stats = new Map(
          (await connection.getStats()) as unknown as Map<string, Record<string, string>>,
        );
        const transport = [...stats.values()].find(({ type }) => type === "transport");
        const pair = stats.get(transport?.["selectedCandidatePairId"] ?? "");
        const candidate = (id: string | undefined) => {
          const { candidateType = "", relayProtocol } = stats.get(id ?? "") ?? {};
          return candidateType === "" ? null : { candidateType, ...(relayProtocol && { relayProtocol }) };
        };
        const gathered = [...stats.values()].filter(({ type }) => type === "local-candidate");
        const servers = connection.getConfiguration().iceServers ?? [];
        return {
          gathered: gathered.map(({ id }) => candidate(id)!),
          local: candidate(pair?.["localCandidateId"]),
          remote: candidate(pair?.["remoteCandidateId"]),
          username: servers.find(({ username }) => username)?.username ?? null,
        };
      }),
    );
  });

/**
 * Asks the relay servers of the page's first connection for an address, with the credentials that it had.
 * @returns the candidate, or the number of the STUN error (RFC 8489, 14.8)
 */
export const askRelayAsAtFirst = ({ page }: RoomPage): Promise<string | number> =>
  page.evaluate(async () => {
    const [first] = (globalThis as unknown as Watched).connections;
    const { iceServers = [] } = first!.getConfiguration();
    const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" });
    try {
      connection.createDataChannel("relay?");
      const told = new Promise<string | number>((resolve) => {
        connection.onicecandidate = ({ candidate }) => candidate?.candidate && resolve(candidate.candidate);
        connection.onicecandidateerror = ({ errorCode }) => resolve(errorCode);
      });
      await connection.setLocalDescription();
      return await told;
    } finally {
      connection.close();
    }
  });
