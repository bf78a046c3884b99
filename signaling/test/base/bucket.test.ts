import { describe, expect, it } from "vitest";
import { Bucket, Buckets } from "../../src/base/bucket.ts";

const rate = { burst: 3, perSecond: 2 };
const drain = (take: () => boolean) => {
  let taken = 0;
  while (taken < 100 && take()) taken++;
  return taken;
};

describe("a token bucket", () => {
  it("[J9] gives its burst at once, then its rate, and never more than its burst", () => {
    const bucket = new Bucket(rate, 0);
    expect(drain(() => bucket.take(0))).toBe(3);
    expect(drain(() => bucket.take(499))).toBe(0);
    expect(drain(() => bucket.take(500))).toBe(1);
    expect(drain(() => bucket.take(60_000))).toBe(3);
  });

  it("[J9] is separate for each key", () => {
    const buckets = new Buckets(rate);
    expect(drain(() => buckets.take("a", 0))).toBe(3);
    expect(drain(() => buckets.take("b", 0))).toBe(3);
  });

  it("[J9] refuses new keys when too many are busy, and forgets those that are full again", () => {
    const buckets = new Buckets(rate, 2);
    buckets.take("a", 0);
    buckets.take("b", 0);
    expect(buckets.take("c", 0)).toBe(false);
    expect(buckets.take("a", 0)).toBe(true);
    expect(buckets.take("c", 2_000)).toBe(true);
  });
});
