/** The states of the page worth looking at. */
import { NO_LIMITS } from "@swapmeet/engine/io/io";
import type { Scene } from "./scene.ts";

import {
  alba,
  CLASS_LINES,
  CODE,
  crowd,
  download,
  fileOf,
  friends,
  joon,
  leftOver,
  letters,
  library,
  LINK,
  LONG_NAME,
  LONG_WORD,
  longFiles,
  MB,
  message,
  mika,
  moving,
  mumbler,
  offerOf,
  person,
  post,
  result,
  results,
  ruth,
  shouter,
  sia,
  talk,
  tomas,
  welcome,
} from "./cast.ts";

const quiet: Scene = {
  me: mika,
  room: { kind: "private", code: CODE, link: LINK, outside: LINK },
  server: { type: "online" },
  people: [],
  peerCount: 0,
  hasRelayServer: true,
  library: [],
  adding: { files: 0, filesDone: 0, bytes: 0, bytesDone: 0, problems: [], active: false },
  downloads: [],
  uploads: [],
  notices: [],
  settings: {
    saveByItself: true,
    shareDownloads: true,
    alwaysChannel: false,
    relayOnly: false,
    limits: NO_LIMITS,
    folderName: null,
    canChooseFolder: true,
  },
  storage: {
    quota: { usedBytes: 1_480 * MB, availableBytes: 9_300 * MB },
    persistent: false,
    files: leftOver,
  },
  traffic: { directInBytes: 0, directOutBytes: 0, turnBytes: 0, serverBytes: 3_100 },
  results: [],
  posts: [],
  messages: [],
};

const busy: Scene = {
  ...quiet,
  people: friends,
  peerCount: 4,
  library,
  downloads: moving,
  uploads: [
    {
      file: fileOf("poster", 18 * MB),
      name: "poster, final.pdf",
      to: joon.peer,
      length: 18 * MB,
      sentBytes: 15.9 * MB,
      bytesPerSecond: 3.2 * MB,
      state: "sending",
    },
  ],
  traffic: { directInBytes: 1300 * MB, directOutBytes: 130 * MB, turnBytes: 0, serverBytes: 21_400 },
  results,
  posts: talk,
};

export const SCENES = {
  "empty-private": () => quiet,
  "empty-open": () => ({
    ...quiet,
    room: { kind: "open", link: `${location.origin}/`, outside: `${location.origin}/` },
  }),
  "first-connect": () => ({ ...quiet, server: { type: "connecting" } }),
  busy: () => busy,
  library: () => busy,
  many: () => ({
    ...busy,
    results: Array.from({ length: 10_000 }, (_, i) =>
      result(
        `track ${String(i + 1).padStart(5, "0")}, take ${(i * 7) % 9}.${["flac", "mp3", "pdf", "png", "mkv"][i % 5]}`,
        (i * 7919 * 1000) % (900 * MB),
        friends.slice(i % 4, (i % 4) + 1 + (i % 2)),
      ),
    ),
    people: Array.from({ length: 1000 }, (_, i) => person(`Student ${i + 1}`, i, 3 + (i % 40), i % 60)),
    downloads: Array.from({ length: 10_000 }, (_, i) =>
      download(
        `track ${i}.flac`,
        30 * MB,
        i < 3 ? { type: "downloading" } : { type: "queued", position: i < 9 ? i : null, sources: 1 },
        i < 3 ? 0.4 : 0,
        [tomas],
        i < 3 ? 4 * MB : 0,
      ),
    ),
  }),
  hashing: () => ({
    ...busy,
    downloads: [],
    uploads: [],
    adding: {
      files: 10_412,
      filesDone: 6_120,
      bytes: 48_000 * MB,
      bytesDone: 27_300 * MB,
      problems: [{ name: "locked.db", reason: "vanished" }],
      active: true,
    },
  }),
  failed: () => ({
    ...busy,
    downloads: [
      download(
        "lecture 4, overlay networks.mp4",
        1200 * MB,
        { type: "failed", reason: { type: "source-unreadable", reason: "changed", by: ruth.peer } },
        0.4,
        [ruth],
      ),
      download(
        "debian-13.1.0-amd64-netinst.iso",
        783 * MB,
        { type: "paused", because: { kind: "full", missingBytes: 310 * MB } },
        0.6,
        [tomas, joon],
      ),
      download("field-recorder-manual.pdf", 6.4 * MB, { type: "queued", position: null, sources: 0 }, 0, []),
      download("field recording notes.md", 14_000, { type: "waiting", for: [ruth.peer, joon.peer] }, 0.3, [
        ruth,
        joon,
      ]),
      download("wind in the reeds, field rec.mp3", 9.1 * MB, { type: "complete", saved: true }, 1, [joon]),
    ],
    library: library.map((item, i) => (i === 1 ? { ...item, problem: "vanished" as const } : item)),
    notices: [
      { id: 1, notice: { type: "no-route", peer: joon.peer, because: "network" } },
      { id: 2, notice: { type: "peer-dropped", peer: alba.peer, refusal: "wrong-block" } },
      { id: 3, notice: { type: "connections-spent" } },
    ],
  }),
  sent: () => ({
    ...busy,
    downloads: [],
    uploads: (
      [
        "sending",
        "queued",
        "waiting",
        "paused",
        "cancelled",
        "delivered",
        "stopped",
        "withdrawn",
        "parted",
      ] as const
    ).map((state, i) => ({
      file: fileOf(`take ${i}`, 31 * MB),
      name: `take ${i}, ${state}.flac`,
      to: friends[i % friends.length]!.peer,
      length: 31 * MB,
      sentBytes: state === "delivered" ? 31 * MB : (3 * i + 2) * MB,
      bytesPerSecond: state === "sending" ? 2.4 * MB : 0,
      state,
    })),
  }),
  "stopped-by-sender": () => ({
    ...busy,
    downloads: [
      download(
        "lecture 4, overlay networks.mp4",
        1200 * MB,
        { type: "failed", reason: { type: "stopped", by: ruth.peer } },
        0.4,
        [ruth],
      ),
    ],
    uploads: [],
  }),
  "unknown-host": () => ({ ...quiet, server: { type: "refused", reason: "unknown-host" } }),
  "nearby-everyone": () => ({ ...busy, server: { type: "online", nearby: "everyone" } }),
  "nearby-alone": () => ({ ...quiet, server: { type: "online", nearby: "alone" } }),
  offline: () => ({ ...busy, server: { type: "offline", sinceMs: 94_000 } }),
  offer: () => ({
    ...busy,
    notices: [offerOf(ruth, ["slides week 5.pdf", "recording of the discussion, second half.m4a"], 1)],
  }),
  /** A question, trouble and messages at once: none of them may lie over another. */
  "offer-with-notices": () => ({
    ...busy,
    messages: letters.slice(0, 3),
    notices: [
      { id: 1, notice: { type: "no-route", peer: joon.peer, because: "network" } },
      { id: 2, notice: { type: "connections-spent" } },
      offerOf(ruth, ["slides week 5.pdf", "recording of the discussion, second half.m4a"], 3),
    ],
  }),
  /** Everything that somebody may name, as long as it may be and without a place to break. */
  "long-words": () => ({
    ...busy,
    me: { ...mika, name: LONG_NAME },
    people: [mumbler, { ...shouter, reach: "relayed", rttMs: null }, ...friends],
    library: longFiles.map(({ name, length }, i) => ({
      file: fileOf(name, length),
      name,
      folder: i % 2 === 0 ? "" : LONG_WORD,
      length,
      uploadedBytes: i * MB,
      problem: i === 1 ? "vanished" : null,
    })),
    adding: {
      files: 3,
      filesDone: 1,
      bytes: 48 * MB,
      bytesDone: 27 * MB,
      problems: [{ name: `${LONG_WORD}.db`, reason: "vanished" }],
      active: true,
    },
    downloads: longFiles.map(({ name, length, state, share }) =>
      download(name, length, state, share, [mumbler, shouter], state.type === "downloading" ? 2 * MB : 0),
    ),
    uploads: [
      {
        file: fileOf(`${LONG_WORD}.mkv`, 18 * MB),
        name: `${LONG_WORD}.mkv`,
        to: mumbler.peer,
        length: 18 * MB,
        sentBytes: 15.9 * MB,
        bytesPerSecond: 3.2 * MB,
        state: "sending",
      },
    ],
    results: [
      ...longFiles.map(({ name, length }, i) =>
        result(name, length, [mumbler, ...friends, ...(i === 0 ? crowd : [])], i === 0 ? LONG_WORD : ""),
      ),
      ...results,
    ],
    storage: {
      quota: { usedBytes: 1_480 * MB, availableBytes: 9_300 * MB },
      persistent: false,
      files: longFiles.map(({ name, length }) => ({ file: fileOf(name, length), name, bytes: length })),
    },
    settings: { ...quiet.settings, folderName: LONG_WORD },
    notices: [
      { id: 1, notice: { type: "no-route", peer: mumbler.peer, because: "network" } },
      {
        id: 2,
        notice: {
          type: "source-unreadable",
          file: fileOf(longFiles[0]!.name, longFiles[0]!.length),
          reason: "vanished",
        },
      },
      offerOf(
        mumbler,
        longFiles.map(({ name }) => name),
        3,
      ),
    ],
    messages: [
      message(mumbler, LONG_WORD, false),
      message(mumbler, `${LONG_WORD}${LONG_WORD}`, true, "failed"),
    ],
    posts: [
      post(mumbler, LONG_WORD.repeat(4), 9),
      post(shouter, `https://example.org/${LONG_WORD}?page=1`, 8, null, "g".repeat(32)),
    ],
  }),
  "long-search": () => ({ ...busy, look: { search: "a".repeat(1000) } }),
  /** A download that stopped says so in the results, not only in the transfers. */
  stopped: () => ({
    ...busy,
    uploads: [],
    downloads: results.slice(0, 6).map(({ name, length }, i) =>
      download(
        name,
        length,
        (
          [
            { type: "failed", reason: { type: "source-unreadable", reason: "changed", by: tomas.peer } },
            { type: "failed", reason: { type: "save", problem: { kind: "full", missingBytes: 310 * MB } } },
            { type: "paused", because: "person" },
            { type: "paused", because: { kind: "full", missingBytes: 310 * MB } },
            { type: "queued", position: 3, sources: 1 },
            { type: "complete", saved: true },
          ] as const
        )[i]!,
        [0, 1, 0.4, 0.6, 0, 1][i]!,
        [tomas],
      ),
    ),
  }),
  "board-empty": () => ({ ...busy, posts: [] }),
  board: () => ({ ...busy, downloads: [], uploads: [] }),
  "board-words": () => ({
    ...busy,
    posts: [
      post(
        ruth,
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(4),
        9,
      ),
      post(sia, "مرحبا بالجميع، الملف هنا: https://example.org/تسجيل?page=1 شكرا", 8),
      post(alba, "Mixed: the file is שיר-ערב.flac (12 MB), then English again.", 7),
      post(joon, "👩‍👩‍👧‍👦 🏳️‍🌈 👋🏽 1️⃣ 🇰🇷", 6),
      post(tomas, `H${"\u0300\u0301\u0302\u0303\u0308\u030b".repeat(12)}ello from the far side`, 5),
      post(joon, "Log in here: https://www.аpple.com/reset and tell me.", 5),
      post(ruth, Array.from({ length: 60 }, (_, i) => `line ${i + 1} of a long snippet`).join("\n"), 4),
      {
        ...post(alba, "My clock is ten years ahead, and I say no time at all.", 3),
        writtenAt: Date.now() + 10 * 365 * 86_400_000,
      },
      post(mika, "for (const x of xs) {\n    console.log(x);\n}", 2),
    ],
  }),
  "board-many": () => ({
    ...busy,
    posts: Array.from({ length: 5000 }, (_, i) =>
      post(
        friends[i % friends.length]!,
        `${CLASS_LINES[i % CLASS_LINES.length]} (${i + 1})`,
        5000 - i,
        i % 7 === 0 ? null : welcome,
      ),
    ),
  }),
  "board-live": () => ({
    ...busy,
    downloads: [],
    uploads: [],
    arriving: [
      post(ruth, "A new thread at the end.", 0),
      post(joon, "An answer far up.", 0, welcome),
      post(alba, "Another thread at the end.", 0),
    ],
  }),
  messages: () => ({ ...busy, messages: letters }),
  departed: () => ({
    ...busy,
    people: busy.people.filter(({ peer }) => peer !== ruth.peer),
    departed: [{ ...ruth, presence: "gone", reach: "known", rttMs: null, fileCount: 0 }],
    messages: letters,
  }),
  people: () => ({
    ...busy,
    people: [
      tomas,
      { ...ruth, reach: "relayed", rttMs: null },
      person("Rυth", 10, 22, 3),
      { ...joon, presence: "away", reach: "known" },
      { ...alba, lied: true },
      { ...sia, reach: "turn" },
      person("A name as long as a name may ever be, 40", 305, 8, 1204),
    ],
    traffic: { ...busy.traffic, turnBytes: 84 * MB },
    messages: letters.slice(0, 3),
    notices: [{ id: 1, notice: { type: "two-histories", author: alba.peer } }],
  }),
  "relay-only": () => ({
    ...quiet,
    settings: { ...quiet.settings, relayOnly: true },
    hasRelayServer: false,
    notices: [{ id: 1, notice: { type: "no-relay" } }],
  }),
  alone: () => ({
    ...busy,
    people: friends.map((friend) => ({ ...friend, presence: "away", reach: "known" })),
    peerCount: 0,
    server: { type: "offline", sinceMs: 94_000 },
  }),
  /** The last one: the browser remembers it. */
  "folded-dock": () => ({ ...busy, look: { dockFolded: true } }),
} satisfies Record<string, () => Scene>;
