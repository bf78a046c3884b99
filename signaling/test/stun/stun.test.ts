import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/network.ts";
import { answerBinding } from "../../src/stun/stun.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

/** RFC 5769, 2.1: the sample request, with all its attributes. */
const SAMPLE_REQUEST = hex(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74 00240004
  6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020 00080014 9aeaa70c bfd8cb56
  781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf`);
const PORT = 32_853;
const answer = (request: Uint8Array, from: string) => answerBinding(request, parseAddress(from)!, PORT);

describe("STUN", () => {
  it("[J12] answers the sample request of RFC 5769 with the mapped IPv4 address of its section 2.2", () => {
    expect(answer(SAMPLE_REQUEST, "192.0.2.1")).toEqual(
      hex("0101000c 2112a442 b7e7a701 bc34d686 fa87dfae 00200008 0001a147 e112a643"),
    );
  });

  it("[J12] and with the mapped IPv6 address of its section 2.3", () => {
    expect(answer(SAMPLE_REQUEST, "2001:db8:1234:5678:11:2233:4455:6677")).toEqual(
      hex(`01010018 2112a442 b7e7a701 bc34d686 fa87dfae
           00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9`),
    );
  });

  it("[J12] shows an IPv4-mapped address as the IPv4 address it is", () => {
    expect(answer(SAMPLE_REQUEST, "::ffff:192.0.2.1")).toEqual(answer(SAMPLE_REQUEST, "192.0.2.1"));
  });

  it("[J12] ignores anything that is no binding request", () => {
    const changed = (offset: number, value: number) => SAMPLE_REQUEST.with(offset, value);
    expect(answer(changed(0, 1), "192.0.2.1")).toBeUndefined(); // a response
    expect(answer(changed(1, 3), "192.0.2.1")).toBeUndefined(); // another method
    expect(answer(changed(3, 0x54), "192.0.2.1")).toBeUndefined(); // a length that is not the datagram's
    expect(answer(changed(4, 0), "192.0.2.1")).toBeUndefined(); // no magic cookie
    expect(answer(changed(3, 0x56).subarray(0, 0x56 + 20), "192.0.2.1")).toBeUndefined(); // cut short
    expect(answer(Uint8Array.of(...changed(3, 0x5a), 0, 0), "192.0.2.1")).toBeUndefined(); // not whole words
    expect(answer(SAMPLE_REQUEST.subarray(0, 19), "192.0.2.1")).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => answer(junk, "192.0.2.1") === undefined),
    );
  });

  it("[J12] never answers with more than the request and 24 bytes", () => {
    const bare = SAMPLE_REQUEST.slice(0, 20).with(3, 0);
    expect(answer(bare, "192.0.2.1")!.length).toBe(32);
    expect(answer(bare, "2001:db8::1")!.length).toBe(44);
  });
});
