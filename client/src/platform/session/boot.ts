/** The page loads this module, and with it everything below the page, right after its first paint. */
export { openSession as boot, type RoomChoice } from "./open.ts";
export { isWebRtcSupported } from "../run/webrtc-link.ts";
