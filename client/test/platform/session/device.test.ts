import { afterEach, expect, test, vi } from "vitest";
import { RoomDevice } from "../../../src/platform/session/device.ts";

const page = new EventTarget();
vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
const kept = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
});

afterEach(() => kept.clear());

const deviceWith = () => {
  const host = { relayOnly: false, feed: () => {} };
  const withdrawn: string[] = [];
  const device = new RoomDevice({
    host,
    notices: { withdraw: (type: string) => withdrawn.push(type) },
    saving: {},
    changed: () => {},
  } as never);
  return { device, host, withdrawn };
};

/** As the browser tells it to all tabs but the one that wrote. */
const written = (key: string, newValue: string): void =>
  void page.dispatchEvent(Object.assign(new Event("storage"), { key, newValue }));

test("[J17] only through a relay: holds at once, is remembered, and takes back that none answered", () => {
  const { device, host, withdrawn } = deviceWith();
  device.setRelayOnly(true);
  expect(host.relayOnly).toBe(true);
  expect(device.settings.relayOnly).toBe(true);
  expect(kept.get("swapmeet:relay-only")).toBe("yes");
  device.setRelayOnly(false);
  expect(host.relayOnly).toBe(false);
  expect(withdrawn).toEqual(["no-relay", "no-relay"]);
});

test("[J17] another tab of this browser sets it for this one too, until this one is closed", () => {
  const { device, host } = deviceWith();
  written("swapmeet:always-channel", "yes");
  expect(host.relayOnly).toBe(false);
  written("swapmeet:relay-only", "yes");
  expect(host.relayOnly).toBe(true);
  device.close();
  written("swapmeet:relay-only", "no");
  expect(host.relayOnly).toBe(true);
});
