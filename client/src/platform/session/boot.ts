/** What the page loads right after its first paint: everything below it. */
export { openSession as boot, type RoomChoice } from "./open.ts";
export { isWebRtcSupported } from "../run/webrtc-link.ts";
