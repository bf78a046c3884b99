/** Gives Node the browser's names for WebRTC. Imported before anything that looks for them. */
import wrtc from "@roamhq/wrtc";

const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = wrtc;
Object.assign(globalThis, { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate });
