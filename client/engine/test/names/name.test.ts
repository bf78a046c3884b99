import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  portableFileName,
  safeFileName,
  safeFolder,
  safeGroup,
  safePersonName,
  safePostText,
} from "../../src/names/name.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

/** The further promises of [N1a]. */
const isPortable = (name: string): boolean => {
  const stem = (name.split(".")[0] ?? "").trim().toUpperCase();
  const devices = [
    "CON",
    "PRN",
    "AUX",
    "NUL",
    ...[..."0123456789¹²³"].flatMap((d) => [`COM${d}`, `LPT${d}`]),
  ];
  return !/^\s|[.\s]$/.test(name) && !devices.includes(stem) && ![...'<>:"|?*'].some((c) => name.includes(c));
};

/** The promises of [N1], checked without the code's own regular expressions. */
const isSafeFileName = (name: string): boolean => {
  const forbidden = [..."/\\\u200B\u200C\u200E\u200F\u061C\uFEFF\u00AD\u034F\u3164\uFFF9\u2028\u2029"];
  const inRange = (c: number, from: number, to: number) => c >= from && c <= to;
  return (
    name.length > 0 &&
    bytesOf(name) <= 255 &&
    name.normalize("NFC") === name &&
    name.trim() !== "" &&
    ![".", ".."].includes(name) &&
    [...name].every((character) => {
      const c = character.codePointAt(0)!;
      return (
        !forbidden.includes(character) &&
        c >= 0x20 &&
        !inRange(c, 0x7f, 0x9f) &&
        !inRange(c, 0x202a, 0x202e) &&
        !inRange(c, 0x2060, 0x206f) &&
        !inRange(c, 0xd800, 0xdfff) &&
        !inRange(c, 0xe0000, 0xe0fff) &&
        (c & 0xfffe) !== 0xfffe
      );
    })
  );
};

/** Strings in which the dangerous things are common. */
const nastyText = (maxLength: number) =>
  fc
    .array(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 3 }),
        fc.constantFrom(
          ..."./\\ <:?*\t\n\u202E\u200D\uFE0F\u20E3\u200B\u0301\u0338\uFFF9\uD83D\uDE00\u00A0\uFFFF",
          ...[
            "..",
            "CON",
            "nul",
            "com1",
            "LPT³",
            ".txt",
            ".tar.gz",
            "e",
            "0",
            "#",
            "=",
            "❤",
            "👩",
            "🏽",
            "ß",
            "한",
            "ᄒ",
            "ᅡ",
          ],
          " ".repeat(250),
          "a".repeat(120),
          "😀".repeat(40),
        ),
      ),
      { maxLength },
    )
    .map((parts) => parts.join(""));

describe("safeFileName", () => {
  test("[N1] [N1a] every text becomes a safe name and a portable one, and these stay as they are", () => {
    fc.assert(
      fc.property(nastyText(12), (text) => {
        const name = safeFileName(text);
        expect(isSafeFileName(name), JSON.stringify(name)).toBe(true);
        expect(safeFileName(name)).toBe(name);
        const portable = portableFileName(name);
        expect(isSafeFileName(portable) && isPortable(portable), JSON.stringify(portable)).toBe(true);
        expect(portableFileName(portable)).toBe(portable);
        expect(safeFileName(portable)).toBe(portable);
      }),
      { numRuns: 5000 },
    );
  });

  test("[N1] an ordinary name is not changed", () => {
    for (const name of [
      "a",
      "01 - Sigur Rós - Svefn-g-englar.flac",
      "Screenshot 2024-01-01 at 10.00.00\u202FAM.png",
      "two  spaces.txt",
      "год (2023) [live] #1 100% & co.tar.gz",
      "日本語　の名前.pdf",
      "👩🏽‍🚀 ❤️ 1️⃣ 👨‍👩‍👧.jpg",
      "__proto__",
      "console.log",
      "nullable.txt",
    ])
      expect([safeFileName(name), portableFileName(name)]).toEqual([name, name]);
  });

  test.each([
    ["../../etc/passwd", ".._.._etc_passwd"],
    ["C:\\boot.ini", "C:_boot.ini"],
    ["photo\u202Egpj.exe", "photogpj.exe"],
    ["in\u200Bvis\uFEFFible\u00AD.txt", "invisible.txt"],
    ["line\nbreak.txt", "line break.txt"],
    ["cafe\u0301.txt", "caf\u00E9.txt"],
    ["half \uD83D.txt", "half \uFFFD.txt"],
    [".\u200B.", "unnamed"],
    [".", "unnamed"],
    ["..", "unnamed"],
    ["", "unnamed"],
    [" \u200B ", "unnamed"],
  ])("[N1] %j becomes %j", (name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });

  test.each([
    [".bashrc", ".bashrc"],
    ["...", "unnamed"],
    ["name. . ", "name"],
    ["  name", "name"],
    ["CON", "_CON"],
    ["nul.txt", "_nul.txt"],
    ["Com1 .tar.gz", "_Com1 .tar.gz"],
    ["what?.txt", "what_.txt"],
    ["C:_boot.ini", "C__boot.ini"],
  ])("[N1] [N1a] %j is a name, and every disk takes it as %j", (name, portable) => {
    expect(safeFileName(name)).toBe(name);
    expect(portableFileName(name)).toBe(portable);
  });

  test("[N1] a long name is cut between code points and keeps its extension", () => {
    expect(safeFileName("é".repeat(200) + ".flac")).toBe("é".repeat(125) + ".flac");
    expect(safeFileName("a".repeat(300))).toBe("a".repeat(255));
    expect(safeFileName("😀".repeat(100))).toBe("😀".repeat(63));
    expect(safeFileName("a." + "b".repeat(300))).toBe("a." + "b".repeat(253));
  });

  test("[N1a] a cut name is never that of a device", () => {
    expect(portableFileName("CON" + " ".repeat(300) + "x.txt")).toBe("_CON.txt");
    expect(bytesOf(portableFileName("CON." + "x".repeat(247) + ".txt"))).toBe(255);
  });
});

describe("safeFolder", () => {
  test("[N2] every part is a safe name, at most 16 of them and 1024 bytes, and a safe folder stays as it is", () => {
    fc.assert(
      fc.property(nastyText(40), (text) => {
        const folder = safeFolder(text);
        const parts = folder === "" ? [] : folder.split("/");
        expect(parts.every(isSafeFileName), JSON.stringify(folder)).toBe(true);
        expect(parts.length).toBeLessThanOrEqual(16);
        expect(bytesOf(folder)).toBeLessThanOrEqual(1024);
        expect(safeFolder(folder)).toBe(folder);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["", ""],
    ["Album/CD1", "Album/CD1"],
    ["/a//b/", "a/b"],
    ["a/../../b/./c", "a/b/c"],
    ["..\\..\\a", ".._.._a"],
    [".config/.git", ".config/.git"],
    ["x/".repeat(20), "x/".repeat(15) + "x"],
  ])("[N2] %j becomes %j", (path, safe) => {
    expect(safeFolder(path)).toBe(safe);
  });

  test("[N2] the outermost folders are kept when the path is too long", () => {
    expect(safeFolder(`${"a".repeat(255)}/`.repeat(5))).toBe(`${"a".repeat(255)}/`.repeat(4).slice(0, -1));
  });
});

describe("safePersonName", () => {
  test("[N3] at most 40 code points on one line, nothing invisible, and a safe name stays as it is", () => {
    fc.assert(
      fc.property(nastyText(20), (text) => {
        const name = safePersonName(text);
        expect([...name].length).toBeLessThanOrEqual(40);
        expect(name).not.toMatch(/[\p{Cc}\u202A-\u202E\u2066-\u2069\u200B\uFEFF\u2028]|\s\s|^\s|\s$/u);
        expect(safePersonName(name)).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });

  test("[N3] names of all kinds pass, tricks do not", () => {
    expect(safePersonName("Zoë O'Brien <3 / 👩🏽‍🚀")).toBe("Zoë O'Brien <3 / 👩🏽‍🚀");
    expect(safePersonName("  A\u202E\n\t B  ")).toBe("A B");
    expect(safePersonName("\u200B\u3164")).toBe("");
    expect(safePersonName("x".repeat(50))).toBe("x".repeat(40));
    expect(safePersonName("x".repeat(39) + "👨‍👩‍👧")).toBe("x".repeat(39) + "👨");
  });
});

describe("safeGroup", () => {
  test("[N4] any text names a newsgroup, and a newsgroup's name names itself", () => {
    fc.assert(
      fc.property(nastyText(40), (text) => {
        const group = safeGroup(text);
        expect(group).toMatch(/^(?!.{33})[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
        expect(safeGroup(group)).toBe(group);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["Off Topic!", "off-topic"],
    ["comp.lang.c", "comp.lang.c"],
    ["../__proto__", "proto"],
    ["Música", "musica"],
    ["a".repeat(31) + "-b", "a".repeat(31)],
    ["文学", "general"],
    ["", "general"],
  ])("[N4] %j becomes %j", (text, group) => {
    expect(safeGroup(text)).toBe(group);
  });
});

describe("safePostText", () => {
  test("[N5] lines without anything invisible, at most 8,000 bytes, and a safe text stays as it is", () => {
    const long = fc.tuple(nastyText(30), fc.nat(8100)).map(([text, n]) => "x".repeat(n) + text);
    fc.assert(
      fc.property(fc.oneof(nastyText(30), long), (text) => {
        const safe = safePostText(text);
        expect(bytesOf(safe)).toBeLessThanOrEqual(8000);
        expect(safe.normalize("NFC")).toBe(safe);
        expect(safe.replaceAll("\n", "")).not.toMatch(
          /[\p{Cc}\u202A-\u202E\u2066-\u2069\u200B\uFEFF\u2028\u2029]/u,
        );
        expect(safe).not.toMatch(/^\s*\n|\s$/);
        expect(safePostText(safe)).toBe(safe);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"],
    ["\n \n  if x:\n\n\treturn\n\n", "  if x:\n\n    return"],
    ["👩🏽‍🚀 Zoë\u202E\u2066", "👩🏽‍🚀 Zoë"],
    ["\u200B \n\u2066", ""],
  ])("[N5] %j becomes %j", (text, safe) => {
    expect(safePostText(text)).toBe(safe);
  });

  test("[N5] is cut between two characters", () => {
    expect(safePostText("x" + "😀".repeat(3000))).toBe("x" + "😀".repeat(1999));
  });
});
