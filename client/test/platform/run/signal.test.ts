/** Signals of a side that is to be reached by relay servers alone. */
import { expect, test } from "vitest";
import { byRelayAlone } from "../../../src/platform/run/signal.ts";

const HOST = "candidate:1 1 udp 2122260223 192.168.1.2 50000 typ host generation 0";
const SRFLX = "candidate:2 1 udp 1686052607 203.0.113.9 50000 typ srflx raddr 192.168.1.2 rport 50000";
const RELAY =
  "candidate:3 1 udp 41885439 198.51.100.7 61150 typ relay raddr 203.0.113.9 rport 50000 generation 0";
const HIDDEN = "candidate:3 1 udp 41885439 198.51.100.7 61150 typ relay raddr 0.0.0.0 rport 0 generation 0";
const signal = (candidate: string) => ({ type: "candidate", candidate: { candidate, sdpMid: "0" } });

test("[J17a] candidates of another kind are not told", () => {
  for (const candidate of [HOST, SRFLX, HOST.replace("host", "relayed")])
    expect(byRelayAlone(signal(candidate))).toBeNull();
});

test("[J17a] a relay's candidate is told without the address behind it, and so is the end of the list", () => {
  expect(byRelayAlone(signal(RELAY))).toEqual(signal(HIDDEN));
  expect(byRelayAlone(signal(""))).toEqual(signal(""));
});

test("[J17a] a description keeps all but such candidates", () => {
  const sdp = (...lines: string[]) =>
    ["v=0", "a=fingerprint:sha-256 AB:CD", ...lines.map((line) => `a=${line}`), "a=mid:0", ""].join("\r\n");
  const offer = { type: "offer", sdp: sdp(HOST, RELAY, SRFLX) };
  expect(byRelayAlone(offer)).toEqual({ type: "offer", sdp: sdp(HIDDEN) });
  const bare = { type: "answer", sdp: sdp() };
  expect(byRelayAlone(bare)).toEqual(bare);
});
