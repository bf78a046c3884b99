import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { DownloadView, TransferState } from "@swapmeet/engine/io/view";
import { partedAt, partsOf } from "../../src/app/parts/text/marks.ts";
import { columnsOf, runsOf } from "../../src/app/transfers/piece-map.ts";
import { hashOf, roomLinkIn } from "../../src/platform/room/room-link.ts";
import { OVERSCAN_ROWS, WHOLE_LIST_ROWS, rowsIn } from "../../src/app/parts/layout/row-window.ts";
import { endingOf, shortened, widthOf } from "../../src/app/parts/text/short-name.ts";
import { inReadingOrder, totalsOf } from "../../src/app/transfers/transfers.ts";

describe("a name that has too little room", () => {
  const ending = (name: string): string => name.slice(endingOf(name));

  test("keeps its extension and some letters before it", () => {
    expect(ending("poster, with the new logo and the corrected date.pdf")).toBe("ted date.pdf");
    expect(ending("A long name of an archive, part 12.tar.gz")).toBe("rt 12.tar.gz");
    expect(ending("録音した野外の音、北の桟橋、夜明け.flac")).toBe("夜明け.flac");
    expect(ending("short name.txt")).toBe("");
  });

  test("is never cut inside of a letter, and never loses one", () => {
    const name = fc.string({
      unit: fc.constantFrom("a", "é", "e\u0301", "👩‍👧", "👋🏽", "録", ".", "ش"),
      maxLength: 80,
    });
    const letters = new Intl.Segmenter("en", { granularity: "grapheme" });
    fc.assert(
      fc.property(name, (name) => {
        const at = endingOf(name);
        const begins = [...letters.segment(name)].map(({ index }) => index);
        expect([...begins, name.length]).toContain(at);
        expect(widthOf(name.slice(at))).toBeLessThanOrEqual(12);
      }),
    );
  });

  test("is shortened in a sentence to the given length, and keeps both of its ends", () => {
    expect(shortened("a".repeat(60))).toBe("a".repeat(60));
    expect(shortened(`${"a".repeat(200)}.flac`)).toBe(`${"a".repeat(47)}…aaaaaaa.flac`);
  });
});

describe("the rows of a long list", () => {
  const view = fc.record({
    firstVisible: fc.nat(120_000),
    visible: fc.integer({ min: 1, max: 80 }),
    rowPx: fc.constantFrom(40, 68),
    count: fc.nat(100_000),
  });

  test("a short list is there as a whole", () => {
    const rows = rowsIn({ firstVisible: 90, visible: 20, rowPx: 40, count: WHOLE_LIST_ROWS });
    expect(rows).toEqual({ first: 0, end: WHOLE_LIST_ROWS, beforePx: 0, afterPx: 0 });
  });

  test("rows and free room together are always as tall as the list", () => {
    fc.assert(
      fc.property(view, (v) => {
        const { first, end, beforePx, afterPx } = rowsIn(v);
        expect(beforePx + (end - first) * v.rowPx + afterPx).toBe(v.count * v.rowPx);
        expect(Math.min(first, end - first, beforePx, afterPx)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("the rows in sight are drawn, and few others", () => {
    fc.assert(
      fc.property(view, (v) => {
        fc.pre(v.count > WHOLE_LIST_ROWS && v.firstVisible + v.visible <= v.count);
        const { first, end } = rowsIn(v);
        expect(first).toBeLessThanOrEqual(v.firstVisible);
        expect(end).toBeGreaterThanOrEqual(v.firstVisible + v.visible);
        expect(end - first).toBeLessThanOrEqual(v.visible + 2 * OVERSCAN_ROWS);
      }),
    );
  });

  test("a list that got shorter while scrolled far down still shows its end", () => {
    const { first, end } = rowsIn({ firstVisible: 90_000, visible: 20, rowPx: 40, count: 500 });
    expect(end).toBe(500);
    expect(first).toBeLessThanOrEqual(480);
  });
});

describe("the totals of transfers", () => {
  test("count a file that is fetched by two names as two files and one transfer", () => {
    const download = { file: "f" as FileId, length: 100, verifiedBytes: 40, bytesPerSecond: 7 };
    const views = ["a.txt", "b.txt"].map((name) => ({ ...download, name, state: { type: "downloading" } }));
    expect(totalsOf(views as DownloadView[], [])).toMatchObject({
      incoming: 2,
      inBytesPerSecond: 7,
      bytes: 100,
      verifiedBytes: 40,
    });
  });
});

describe("the piece map", () => {
  test("has a column per piece while there are few", () => {
    const pieces = Uint16Array.of(0, 3, 3, 4, 1);
    expect(columnsOf(pieces, 512)).toBe(pieces);
  });

  test("shows for many pieces the most frequent state of each column", () => {
    expect([...Array.from(columnsOf(Uint16Array.of(3, 3, 4, 0, 0, 4, 5, 5, 5), 3))]).toEqual([3, 0, 5]);
  });

  test("has at most one column per piece, for any number of pieces", () => {
    fc.assert(
      fc.property(fc.uint16Array({ maxLength: 3000, max: 6 }), (pieces) => {
        const columns = columnsOf(pieces, 512);
        expect(columns.length).toBe(Math.min(pieces.length, 512));
        if (pieces.length > 0 && pieces.every((value) => value === pieces[0]))
          expect(new Set(Array.from(columns))).toEqual(new Set([pieces[0]]));
      }),
    );
  });

  test("is the sum of its runs, which are as long as possible", () => {
    fc.assert(
      fc.property(fc.uint16Array({ maxLength: 200, max: 4 }), (columns) => {
        const runs = runsOf(columns);
        expect(runs.flatMap(({ value, begin, end }) => Array(end - begin).fill(value))).toEqual([...columns]);
        for (let i = 1; i < runs.length; i++) expect(runs[i]!.value).not.toBe(runs[i - 1]!.value);
      }),
    );
  });
});

describe("a name with marks", () => {
  test("is cut where the search matched", () => {
    expect(
      partsOf("field recording.flac", [
        [0, 5],
        [6, 9],
      ]),
    ).toEqual([
      { text: "field", marked: true },
      { text: " ", marked: false },
      { text: "rec", marked: true },
      { text: "ording.flac", marked: false },
    ]);
  });

  test("without marks is one part", () => {
    expect(partsOf("a.txt", [])).toEqual([{ text: "a.txt", marked: false }]);
  });

  test("a mark that lies over the cut is in both parts", () => {
    const [before, after] = partedAt(partsOf("abcdef", [[1, 5]]), 3);
    expect(before).toEqual([
      { text: "a", marked: false },
      { text: "bc", marked: true },
    ]);
    expect(after).toEqual([
      { text: "de", marked: true },
      { text: "f", marked: false },
    ]);
  });
});

describe("a link into a room", () => {
  const file = `${"ab".repeat(32)}-1200` as FileId;

  test("names the room, and perhaps a file", () => {
    expect(roomLinkIn("#amber-otter-cedar-violet")).toEqual({ code: "amber-otter-cedar-violet", file: null });
    expect(roomLinkIn(`#amber-otter-cedar-violet/${file}`)).toEqual({
      code: "amber-otter-cedar-violet",
      file,
    });
    expect(roomLinkIn(`#/${file}`)).toEqual({ code: "", file });
    expect(roomLinkIn("")).toEqual({ code: "", file: null });
  });

  test("is made from the room and the file", () => {
    for (const hash of ["", "#amber-otter-cedar-violet", `#amber-otter-cedar-violet/${file}`, `#/${file}`])
      expect(hashOf(roomLinkIn(hash))).toBe(hash);
  });

  test("is read also when a messenger has escaped it, and never throws", () => {
    expect(roomLinkIn("#amber%20otter%20cedar%20violet").code).toBe("amber otter cedar violet");
    expect(roomLinkIn("#%E0%A4%A/x").code).toBe("%E0%A4%A");
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(roomLinkIn(`#${text}`).code).toBeTypeOf("string");
      }),
    );
  });

  test("a text that is no file id gives no file", () => {
    for (const text of ["x", "__proto__", `${"AB".repeat(32)}-1`, `${"ab".repeat(32)}-`])
      expect(roomLinkIn(`#room/${text}`).file).toBeNull();
  });
});

describe("the transfers", () => {
  const download = (name: string, state: TransferState, share = 0): DownloadView => ({
    file: name as FileId,
    name,
    folder: "",
    length: 1000,
    state,
    verifiedBytes: 1000 * share,
    bytesPerSecond: 10,
    secondsLeft: null,
    sources: [],
    pieces: new Uint16Array(),
    senders: [],
    handedBy: null,
  });
  const downloads = [
    download("done", { type: "complete", saved: true }, 1),
    download("waiting", { type: "queued", position: 1, sources: 1 }),
    download("moving", { type: "downloading" }, 0.5),
    download("stopped", { type: "paused", because: "person" }, 0.25),
    download("broken", {
      type: "failed",
      reason: { type: "save", problem: { kind: "full", missingBytes: 1 } },
    }),
    download("moving too", { type: "verifying" }, 1),
    download("all here", { type: "saving" }, 1),
  ];

  test("are listed with moving ones first and finished ones last, otherwise in the order they came", () => {
    expect(inReadingOrder(downloads).map(({ name }) => name)).toEqual([
      "moving",
      "moving too",
      "all here",
      "broken",
      "stopped",
      "waiting",
      "done",
    ]);
  });

  test("add up: finished transfers no longer count, and only moving ones have a rate", () => {
    const upload = {
      file: "x" as FileId,
      name: "x",
      to: "p" as never,
      length: 9,
      sentBytes: 1,
      bytesPerSecond: 7,
      state: "sending" as const,
    };
    const over = { ...upload, bytesPerSecond: 0, state: "delivered" as const };
    expect(totalsOf(downloads, [upload, upload, over])).toEqual({
      incoming: 2,
      inBytesPerSecond: 20,
      outgoing: 2,
      outBytesPerSecond: 14,
      waiting: 1,
      saving: 1,
      paused: 1,
      failed: 1,
      finished: 1,
      bytes: 6000,
      verifiedBytes: 2750,
    });
  });
});
