import { describe, expect, it } from "vitest";
import { areSame, domainsFor, namesOf } from "../../src/https/names.ts";

const namesFor = (hostName: string, addresses: readonly string[] = []) =>
  namesOf(hostName, addresses, domainsFor(hostName));

describe("the names of a certificate", () => {
  it("are this computer's own: localhost, its host name, that in .local, loopback and its local addresses", () => {
    expect(namesFor("Teacher-Laptop", ["192.168.1.20", "10.0.0.7"])).toEqual({
      dns: ["localhost", "teacher-laptop", "teacher-laptop.local"],
      ips: ["127.0.0.1", "::1", "192.168.1.20", "10.0.0.7"],
    });
    expect(namesFor("mac.local").dns).toEqual(["localhost", "mac", "mac.local"]);
    expect(namesFor("mac.home.arpa").dns).toEqual(["localhost", "mac", "mac.local", "mac.home.arpa"]);
  });

  it("leave out what the authority may not vouch for: public addresses and domains", () => {
    const { dns, ips } = namesFor("laptop.school.example", ["130.60.1.1", "172.32.0.1", "172.31.0.1"]);
    expect(dns).toEqual(["localhost", "laptop", "laptop.local"]);
    expect(ips).toEqual(["127.0.0.1", "::1", "172.31.0.1"]);
  });

  it("leave out the short name of a computer that was renamed since its authority was made", () => {
    expect(namesOf("new", [], domainsFor("old")).dns).toEqual(["localhost", "new.local"]);
  });

  it("leave out host names that are no names in DNS", () => {
    for (const hostName of ["", "a b", "-x", "x_y", "10.1.2.3", "::1", "localhost", `${"x".repeat(64)}`])
      expect(namesFor(hostName).dns, hostName).toEqual(["localhost"]);
  });

  it("are the same in any order and notation", () => {
    expect(areSame({ dns: ["a", "b"], ips: ["::1"] }, { dns: ["b", "a"], ips: ["0:0:0:0:0:0:0:1"] })).toBe(
      true,
    );
    expect(areSame({ dns: ["a"], ips: [] }, { dns: [], ips: [] })).toBe(false);
  });
});
