import fc from "fast-check";
import { fileCount } from "../../../../src/app/parts/text/plurals.ts";
import { describe, expect, test } from "vitest";
import {
  formatBytes,
  formatExactBytes,
  formatNames,
  formatPace,
  formatSeconds,
  initialsOf,
  percentOf,
} from "../../../../src/app/parts/text/format.ts";

/** The page keeps number and unit together with a no-break space; here an ordinary one reads better. */
const plain = (text: string): string => text.replaceAll("\u00a0", " ");

describe("sizes", () => {
  test("are decimal, with one digit after the point below ten", () => {
    const sizes = [
      0, 1, 999, 1000, 9_990, 14_000, 999_999, 6_400_000, 412_000_000, 2_100_000_000, 3e12, 5e15,
    ];
    expect(sizes.map(formatBytes).map(plain)).toEqual([
      "0 B",
      "1 B",
      "999 B",
      "1.0 KB",
      "9.9 KB",
      "14 KB",
      "999 KB",
      "6.4 MB",
      "412 MB",
      "2.1 GB",
      "3.0 TB",
      "5,000 TB",
    ]);
  });

  test("are never rounded up to a number that reads as more than there is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e15 }), (bytes) => {
        const [amount, unit] = plain(formatBytes(bytes)).replaceAll(",", "").split(" ");
        const scale = 1000 ** ["B", "KB", "MB", "GB", "TB"].indexOf(unit!);
        expect(Number(amount) * scale).toBeLessThanOrEqual(bytes * (1 + 1e-12));
      }),
    );
  });

  test("are exact where somebody asks for details", () => {
    expect([0, 1, 6_400_000].map(formatExactBytes).map(plain)).toEqual([
      "0 bytes",
      "1 byte",
      "6,400,000 bytes",
    ]);
  });
});

test("a hundred percent is shown only when everything is there", () => {
  expect(percentOf(0, 3)).toBe(0);
  expect(percentOf(999_999, 1_000_000)).toBe(99);
  expect(percentOf(3, 3)).toBe(100);
  expect(percentOf(0, 0), "an empty file is complete").toBe(100);
});

test("the time left is shown in one unit, and never as zero", () => {
  expect([0, 0.2, 17, 59.5, 60, 430, 3600, 7200, 90_000].map(formatSeconds).map(plain)).toEqual([
    "1 s",
    "1 s",
    "17 s",
    "60 s",
    "1 min",
    "7 min",
    "1 h",
    "2 h",
    "1 d",
  ]);
});

test("a transfer's pace says when it ends, as long as that is known", () => {
  const pace = (bytesPerSecond: number, secondsLeft: number | null) =>
    plain(formatPace({ bytesPerSecond, secondsLeft }));
  expect(pace(14_200_000, 100)).toBe("14 MB/s, 2 min left");
  expect(pace(5000, null)).toBe("5.0 KB/s");
  expect(pace(1e-20, null)).toBe("stalled");
  expect(pace(0, null)).toBe("");
});

test("up to three sources are named, and only the first two when there are more", () => {
  expect(formatNames(["Tomas"])).toBe("Tomas");
  expect(formatNames(["Tomas", "Ruth", "Alba"])).toBe("Tomas, Ruth, Alba");
  expect(formatNames(["Tomas", "Ruth", "Alba", "Joon"])).toBe("Tomas, Ruth and 2 more");
});

test("the number one takes the singular, and every other number the plural", () => {
  expect([0, 1, 2, 1000].map((count) => plain(fileCount(count)))).toEqual([
    "0 files",
    "1 file",
    "2 files",
    "1,000 files",
  ]);
});

test("initials are whole letters, also outside of the first plane", () => {
  expect(["Mika", "Mika Kaur", "  j  ", "", "سارة", "😀 face", "𝒶𝒷𝒸"].map(initialsOf)).toEqual([
    "MI",
    "MK",
    "J",
    "",
    "سا",
    "😀F",
    "𝒶𝒷",
  ]);
});
