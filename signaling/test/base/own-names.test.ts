import { describe, expect, it, vi } from "vitest";
import { OwnNames } from "../../src/base/own-names.ts";

/** The network knows the names of these addresses; `clock` is in milliseconds. */
function own(namesByAddress: Record<string, string[]>) {
  const clock = { now: 0 };
  const reverse = vi.fn(async (address: string) => {
    const names = namesByAddress[address];
    if (!names) throw new Error("ENOTFOUND");
    return names;
  });
  const addresses = () => ["192.168.1.20", "fd00::20", "10.9.9.9"];
  const names = new OwnNames({ hostname: "Lab-3.Local.", addresses, now: () => clock.now, reverse });
  return { names, clock, reverse };
}

describe("[J10f] the names of this computer", () => {
  it("are its own and those that its network gives its addresses", async () => {
    const { names } = own({ "192.168.1.20": ["Laptop.school.example"], "fd00::20": ["six.school.example."] });
    await names.ask();
    for (const name of ["lab-3.local", "laptop.school.example", "six.school.example"])
      expect(names.has(name), name).toBe(true);
    expect(names.has("school.example")).toBe(false);
  });

  it("are asked for again when an unknown one comes, at most once a minute", async () => {
    const namesByAddress: Record<string, string[]> = {};
    const { names, clock, reverse } = own(namesByAddress);
    for (let n = 0; n < 1_000; n++) expect(names.has(`n${n}.example`)).toBe(false);
    expect(reverse).toHaveBeenCalledTimes(3);
    namesByAddress["10.9.9.9"] = ["laptop.school.example"];
    clock.now = 59_999;
    expect(names.has("laptop.school.example")).toBe(false);
    expect(reverse).toHaveBeenCalledTimes(3);
    clock.now = 60_000;
    expect(names.has("laptop.school.example")).toBe(false);
    await expect.poll(() => names.has("laptop.school.example")).toBe(true);
  });
});
