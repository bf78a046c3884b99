/**
 * WebRTC for Node, by libdatachannel. Beside @roamhq/wrtc it is as fast and a third of its size, and it fires
 * `bufferedamountlow`, without which a full send queue waits for the next request. It has TURN over UDP alone.
 */
import { cleanup } from "node-datachannel";
import * as polyfill from "node-datachannel/polyfill";
import type { WebRtc } from "../src/platform/run/webrtc-link.ts";

/** simple-peer writes to descriptions, which have only getters here. */
const plain = ({ type, sdp }: RTCSessionDescriptionInit): RTCSessionDescriptionInit => ({
  type,
  ...(sdp === undefined ? {} : { sdp }),
});

class RTCPeerConnection extends polyfill.RTCPeerConnection {
  override async createOffer(): Promise<RTCSessionDescriptionInit> {
    return plain(await super.createOffer());
  }

  /** A candidate that this library can't use, or that comes after the end, is passed over: others may do. */
  override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
    await super.addIceCandidate(candidate ?? undefined).catch(() => {});
  }

  override async createAnswer(): Promise<RTCSessionDescriptionInit> {
    return plain(await super.createAnswer());
  }
}

export const webRtc: WebRtc = {
  RTCPeerConnection,
  RTCSessionDescription: polyfill.RTCSessionDescription,
  RTCIceCandidate: polyfill.RTCIceCandidate,
};

/** Ends the library's threads, so that the process can end. No connection can be made afterwards. */
export const endWebRtc = (): void => cleanup();
