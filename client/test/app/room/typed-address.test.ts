import { expect, it } from "vitest";
import { typedAddress } from "../../../src/app/room/typed-address.ts";

it("[J18] the address that a person types is the host and the path", () => {
  expect(typedAddress("https://share.example.org/")).toBe("share.example.org");
  expect(typedAddress("http://192.168.1.20:3000/#a-b-c-d")).toBe("192.168.1.20:3000");
  expect(typedAddress("https://share.example.org/swap/")).toBe("share.example.org/swap");
});
