import { describe, expect, test, vi } from "vitest";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { TransferState, UploadState } from "@swapmeet/engine/io/view";
import { deleteWords, relayOnlyWords } from "../../src/app/settings/words.ts";
import { leavingWords } from "../../src/app/room/leaving-words.ts";
import { messageStateWords, othersWords, seenWords } from "../../src/app/people/words.ts";
import { moveSaying, noticeSaying } from "../../src/app/notices/words.ts";
import { nameOf, type Names } from "../../src/app/parts/text/person-words.ts";
import { nothingFound } from "../../src/app/find/words.ts";
import { progressWords, stateName, stateWords } from "../../src/app/parts/text/transfer-words.ts";
import { serverNews, serverSaying } from "../../src/app/notices/server-words.ts";
import { serverWord } from "../../src/app/shell/words.ts";
import { uploadWords } from "../../src/app/transfers/words.ts";

const ruth = "aa".repeat(32) as PeerId;
const names: Names = { person: () => "Ruth", file: () => "draft.bin" };
const plain = (text: string): string => text.replaceAll("\u00a0", " ");
const say = (state: TransferState): string => plain(stateWords(state, names));

describe("a transfer's state begins with its name", () => {
  test("queued says why it waits", () => {
    expect(say({ type: "queued", position: 2, sources: 1 })).toBe("Queued, number 2 in line");
    expect(say({ type: "queued", position: null, sources: 3 })).toBe("Queued, asking 3 sources");
    expect(say({ type: "queued", position: null, sources: 0 })).toMatch(/^Queued, nobody here has it now/);
  });

  test("downloading, verifying and paused by the person say just that", () => {
    expect(say({ type: "downloading" })).toBe("Downloading");
    expect(say({ type: "verifying" })).toBe("Verifying");
    expect(say({ type: "saving" })).toBe("Waiting to be saved");
    expect(say({ type: "paused", because: "person" })).toBe("Paused");
  });

  test("[S4a] waiting names the person it waits for", () => {
    expect(say({ type: "waiting", for: [ruth] })).toBe("Queued, waiting for Ruth");
    expect(say({ type: "waiting", for: [ruth, ruth] })).toBe("Queued, waiting for Ruth, Ruth");
    const download = { state: { type: "waiting", for: [ruth] }, verifiedBytes: 1, length: 4 } as const;
    expect(plain(progressWords(download, names))).toBe("25 %, waiting for Ruth");
  });

  test("complete begins with Complete whether or not it was saved", () => {
    for (const saved of [true, false]) expect(say({ type: "complete", saved })).toMatch(/^Complete/);
  });

  test("a full disk says how much is missing, where the browser tells", () => {
    expect(say({ type: "paused", because: { kind: "full", missingBytes: 310_000_000 } })).toBe(
      "Paused: no room, 310 MB missing. Delete stored files in Settings or free disk space; it goes on by itself",
    );
    expect(say({ type: "paused", because: { kind: "full", missingBytes: null } })).toBe(
      "Paused: no room left. Delete stored files in Settings or free disk space; it goes on by itself",
    );
  });

  test("[F6] a file that another tab of this browser fetches waits for that tab", () => {
    expect(say({ type: "paused", because: { kind: "in-use" } })).toMatch(
      /^Queued: another tab of this browser/,
    );
  });

  test("a failure names the person and the remedy", () => {
    const failed = (reason: "changed" | "vanished"): string =>
      say({ type: "failed", reason: { type: "source-unreadable", reason, by: ruth } });
    expect(failed("changed")).toBe(
      "Failed: the file was changed on Ruth's disk. Ask for it to be added again",
    );
    expect(failed("vanished")).toBe(
      "Failed: the file is gone from Ruth's disk. Ask for it to be added again",
    );
  });
});

describe("without room for a reason", () => {
  test("a state is its name alone", () => {
    const name = (state: TransferState): string => stateName(state, names);
    expect(name({ type: "paused", because: "person" })).toBe("Paused");
    expect(name({ type: "paused", because: { kind: "full", missingBytes: 1 } })).toBe("Paused");
    expect(name({ type: "queued", position: 2, sources: 1 })).toBe("Queued");
    expect(name({ type: "failed", reason: { type: "source-unreadable", reason: "changed", by: ruth } })).toBe(
      "Failed",
    );
  });
});

describe("a search that finds nothing", () => {
  const asked = { text: "annual", kind: null, size: null, of: null };
  const say = (narrowed: Partial<Parameters<typeof nothingFound>[0]>, everywhere: number): string =>
    plain(nothingFound({ ...asked, ...narrowed }, everywhere));

  test("says that nobody has it only when nobody has it", () => {
    expect(say({}, 0)).toBe("Nobody here has “annual”.");
    expect(say({ kind: "audio" }, 0)).toBe("Nobody here has “annual”.");
    expect(say({ kind: "audio" }, 1)).toBe("Nothing among Audio matches “annual”. 1 file elsewhere.");
    expect(say({ of: "Ruth", kind: "audio", size: "Over 1 GB" }, 3)).toBe(
      "Nothing among Ruth's files, Audio, Over 1 GB matches “annual”. 3 files elsewhere.",
    );
  });

  test("repeats a long question with its middle left out", () => {
    expect(say({ text: "x".repeat(1000) }, 0)).toHaveLength("Nobody here has “”.".length + 60);
  });

  test("says whose table is empty", () => {
    expect(say({ text: "", of: "Ruth" }, 12)).toBe("Ruth has no files on the table.");
    expect(say({ text: "", of: "Ruth", kind: "audio" }, 12)).toBe("Ruth has no files like that.");
    expect(say({ text: "", kind: "audio" }, 12)).toBe("Nobody here has files like that.");
  });
});

describe("the server", () => {
  test("is online or offline in exactly these words", () => {
    expect(serverWord({ type: "online" })).toBe("online");
    expect(serverWord({ type: "offline", sinceMs: 5 })).toBe("offline");
    expect(serverWord({ type: "refused", reason: "room-full" })).toBe("offline");
  });

  test("is worth a sentence only when something is wrong", () => {
    expect(serverSaying({ type: "connecting" }, 0, false)).toBeNull();
    expect(serverSaying({ type: "online" }, 0, false)).toBeNull();
    for (const reason of ["room-full", "too-fast", "unavailable", "bad-request"] as const)
      expect(serverSaying({ type: "refused", reason }, 3, false)!.remedy).not.toBe("");
  });

  test("that is away is no trouble while there are peers, and the sentence says so", () => {
    const { title, bad } = serverSaying({ type: "offline", sinceMs: 94_000 }, 3, false)!;
    expect(plain(title)).toBe("The server has been away for 2 min. The room goes on without it.");
    expect(bad).toBe(false);
  });

  test("that is away, with no peer left, is trouble with a remedy", () => {
    const { title, remedy, bad } = serverSaying({ type: "offline", sinceMs: 94_000 }, 0, false)!;
    expect(plain(title)).toBe("The server has been away for 2 min, and this device is connected to nobody.");
    expect(remedy).toMatch(/network/);
    expect(bad).toBe(true);
  });

  test("[J10e] that lets nobody in at this address: the words name the setting", () => {
    vi.stubGlobal("location", new URL("https://share.example.org:8443/swap/"));
    for (const reason of ["unknown-host", "foreign-origin"] as const) {
      const { title, remedy, bad } = serverSaying({ type: "refused", reason }, 0, false)!;
      expect(title).toContain("share.example.org:8443");
      expect(remedy).toContain("PUBLIC_ORIGIN=https://share.example.org:8443,");
      expect(bad).toBe(true);
    }
    vi.unstubAllGlobals();
  });

  test("[J14f] that can't tell networks apart: the page says whom Nearby shows", () => {
    const saying = (nearby: "everyone" | "alone") => serverSaying({ type: "online", nearby }, 3, false)!;
    expect(saying("everyone").title).toBe("Nearby shows everyone who uses this server.");
    expect(saying("alone").title).toBe("Nearby can show you nobody.");
    for (const nearby of ["everyone", "alone"] as const) expect(saying(nearby).remedy).toContain("log");
  });

  test("is announced in words that do not run with the time", () => {
    for (const peers of [0, 3]) {
      const [early, late] = [1_000, 94_000].map((sinceMs) =>
        serverNews({ type: "offline", sinceMs }, peers, false),
      );
      expect(early).toMatch(/^The server is away/);
      expect(late).toBe(early);
    }
    expect(serverNews({ type: "online" }, 3, false)).toBeNull();
  });
});

describe("notices", () => {
  test("trouble names its cause, and comes with a remedy", () => {
    const troubles = [
      { type: "no-route", peer: ruth, because: "network" },
      { type: "no-route", peer: ruth, because: "their-browser" },
      { type: "peer-dropped", peer: ruth, refusal: "wrong-block" },
      { type: "source-unreadable", file: "x" as never, reason: "changed" },
    ] as const;
    for (const trouble of troubles) {
      const { title, remedy, bad } = noticeSaying(trouble, names, false);
      expect(title).toMatch(/Ruth|draft\.bin/);
      expect(remedy).not.toBe("");
      expect(bad).toBe(true);
    }
  });

  test("[I13] [I13a] a browser that lets nobody connect is named as the cause, there and at the other side", () => {
    const here = noticeSaying({ type: "no-candidates" }, names, false);
    expect(here.title).toBe("This browser lets nobody connect to it.");
    expect(here.remedy).toMatch(/Allow them/);
    const there = noticeSaying({ type: "no-route", peer: ruth, because: "their-browser" }, names, false);
    expect(there.remedy).toMatch(/^Their browser allows no direct connections/);
    for (const { title, remedy } of [here, there]) expect(title + remedy).not.toMatch(/network/);
  });

  test("[Y2a] where the network keeps two apart, a relay server is named as the remedy, unless there is one", () => {
    const remedy = (hasRelayServer: boolean) =>
      noticeSaying({ type: "no-route", peer: ruth, because: "network" }, names, hasRelayServer).remedy;
    expect(remedy(false)).toMatch(/whoever runs this server can set up a relay server \(TURN\)/);
    expect(remedy(true)).toMatch(/no relay server could help/);
    expect(remedy(true)).not.toMatch(/whoever runs/);
  });

  test("[J17] a person who connects only through a relay is told that none is named, or that none answers", () => {
    const none = serverSaying({ type: "online" }, 0, true)!;
    expect(none.title).toMatch(/^“Only through a relay” is on, and this server names no relay server/);
    expect(none.remedy).toMatch(/\(TURN\)/);
    expect(serverNews({ type: "online" }, 0, true)).toBe(none.title);
    expect(noticeSaying({ type: "no-relay" }, names, true).title).toMatch(/no relay server answers/);
  });

  test("[J17] the setting says what it does, or that the server names no relay server", () => {
    for (const known of [true, null]) expect(relayOnlyWords(known)).toMatch(/^Others learn no address/);
    expect(relayOnlyWords(false)).toMatch(/^This server names no relay server/);
    for (const known of [true, false]) expect(relayOnlyWords(known)).toMatch(/closes all connections/);
  });

  test("[I13b] people who are here but can't be reached are counted, not passed over", () => {
    expect(othersWords(0, 0)).toMatch(/^Nobody else yet/);
    expect(othersWords(0, 1)).toBe("1 person is here but can't be reached.");
    expect(othersWords(2, 3)).toBe("3 people are here but can't be reached.");
    expect(othersWords(2, 0)).toBe("");
  });

  test("[J13] another network is another room, and the files of the table are named when there are any", () => {
    expect(moveSaying(0).title).toBe("You are on another network now: this is another room.");
    expect(moveSaying(0).remedy).not.toMatch(/file.*Your table/);
    expect(plain(moveSaying(2).remedy)).toContain("Your table had 2 files.");
  });

  test("[I8c] the notice that a tab has no connections left names the remedy", () => {
    const { title, remedy, bad } = noticeSaying({ type: "connections-spent" }, names, false);
    expect(title).toMatch(/connections/);
    expect(remedy).toMatch(/^Reload the page/);
    expect(bad).toBe(true);
  });

  test("an answer is not trouble", () => {
    expect(noticeSaying({ type: "offer-answered", by: ruth, accepted: true }, names, false)).toEqual({
      title: "Ruth accepted your files.",
      remedy: "",
      bad: false,
    });
  });
});

const guest = {
  peer: ruth,
  name: "",
  tag: "9fdx",
  hue: 0,
  reach: "known",
  presence: "here",
  lied: false,
  rttMs: null,
  fileCount: 0,
} as const;

test("a person whose name is not known yet is a guest with a tag", () => {
  expect(nameOf(guest)).toBe("Guest 9fdx");
  expect(nameOf({ ...guest, name: "Ruth" })).toBe("Ruth");
});

test("a person's time in sight is said from a minute on, in one unit", () => {
  expect(seenWords(59_999)).toBe("");
  expect(plain(seenWords(60_000))).toBe("In sight for 1 min.");
  expect(plain(seenWords(2.2 * 3_600_000))).toBe("In sight for 2 h.");
});

test("[M2a] a message that failed says who did not answer, and after a person has left, when to try again", () => {
  const here = { ...guest, name: "Ruth" };
  expect(messageStateWords("failed", here)).toBe("Could not be delivered: Ruth did not answer.");
  expect(messageStateWords("failed", { ...here, presence: "gone" })).toBe(
    "Could not be delivered: Ruth has left. Send it again when they are back.",
  );
});

describe("leaving a room", () => {
  const file = (name: string) => ({ file: name as never });
  type Leaving = Parameters<typeof leavingWords>[0];
  const adding = { files: 0, filesDone: 0, bytes: 0, bytesDone: 0, problems: [], active: false };
  /** Gives the words for leaving a room with three others. The room is empty except for the given facts. */
  const leaving = (
    but: Partial<Leaving["library"] & Leaving["transfers"] & Leaving["network"]> & {
      readonly messages?: Leaving["messages"]["all"];
    } = {},
  ) =>
    leavingWords({
      library: { items: [], adding, ...but },
      transfers: { downloads: [], uploads: [], ...but },
      messages: { all: but.messages ?? [] },
      network: { server: { type: "online" }, peerCount: 3, ...but },
    });
  const table = [file("a"), file("b")] as never;
  const complete = (name: string, saved: boolean) => ({ ...file(name), state: { type: "complete", saved } });

  test("loses nothing when there is nothing, and is not asked about", () => {
    expect(leaving()).toEqual([]);
    expect(leaving({ server: { type: "offline", sinceMs: 1 }, peerCount: 0 })).toEqual([]);
  });

  test("gives up files that are still being added", () => {
    expect(leaving({ adding: { ...adding, active: true } })).toEqual([
      "Files are still being added to your table.",
    ]);
  });

  test("ends transfers", () => {
    for (const moving of [
      { uploads: [{ ...file("a"), state: "sending" }] as never },
      { downloads: [{ ...file("a"), state: { type: "downloading" } }] as never },
    ])
      expect(leaving(moving)).toEqual([expect.stringMatching(/^Transfers are running/)]);
    const over = ["paused", "delivered", "stopped"].map((state) => ({ ...file("a"), state }));
    expect(leaving({ uploads: over as never })).toEqual([]);
  });

  test("[S19] [S20] an upload says how it stands, and names the receiver", () => {
    const told = (state: UploadState) => uploadWords({ state, to: ruth }, names);
    expect(told("sending")).toBe("Sending to Ruth");
    expect(told("paused")).toBe("Paused by Ruth");
    expect(told("cancelled")).toBe("Cancelled by Ruth");
    expect(told("delivered")).toBe("Delivered to Ruth");
    expect(told("stopped")).toMatch(/^Stopped: Ruth gets no more of it until you allow it again/);
    expect(say({ type: "failed", reason: { type: "stopped", by: ruth } })).toMatch(
      /^Failed: Ruth stopped sending this/,
    );
  });

  test("leaves the table and the messages behind, and says whether all the files were saved", () => {
    const messages = [{ text: "hi" }] as never;
    expect(leaving({ messages })).toEqual(["Your messages do not come along."]);
    expect(leaving({ items: table, messages }).map(plain)).toEqual([
      "Your table (2 files) and your messages do not come along.",
    ]);
    const half = [complete("a", true), complete("b", false)] as never;
    expect(leaving({ items: table, downloads: half }).map(plain)).toEqual([
      "Your table (2 files) does not come along.",
    ]);
    const all = [complete("a", true), complete("b", true)] as never;
    expect(leaving({ items: table, downloads: all }).map(plain)).toEqual([
      "Your table (2 files, all of them saved) does not come along.",
    ]);
  });

  test("cannot be undone soon, when the server is away and the others are here", () => {
    expect(leaving({ server: { type: "offline", sinceMs: 1 } })).toEqual([
      "The server is away: you cannot come back until it returns.",
    ]);
  });
});

test("the question before stored files are deleted says how many were never saved, as far as this tab knows", () => {
  const stored = (...names: string[]) => names.map((file) => ({ file, name: file, bytes: 1 })) as never;
  const downloads = (...saved: boolean[]) =>
    ({ downloads: saved.map((saved, i) => ({ file: `${i}`, state: { type: "complete", saved } })) }) as never;
  const words = (...given: Parameters<typeof deleteWords>) => plain(deleteWords(...given));
  expect(words(stored("0", "1", "2"), downloads(true, false, true))).toBe(
    "Deletes 3 files from this device. 1 of them was never saved elsewhere.",
  );
  expect(words(stored("0", "1"), downloads(true, true))).toBe(
    "Deletes 2 files from this device. All of them were saved elsewhere.",
  );
  expect(words(stored("0", "of another room"), downloads(true))).toBe(
    "Deletes 2 files from this device. What was never saved elsewhere is gone then.",
  );
  expect(words(stored("0"), downloads(true))).toBe(
    "Deletes 1 file from this device. It was saved elsewhere.",
  );
  expect(words(stored("0"), downloads(false))).toBe(
    "Deletes 1 file from this device. It was never saved elsewhere.",
  );
  expect(words(stored("of another room"), downloads(false))).toBe(
    "Deletes 1 file from this device. What was never saved elsewhere is gone then.",
  );
});
