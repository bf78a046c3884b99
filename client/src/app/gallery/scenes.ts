/** The states of the page worth looking at. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import { NO_LIMITS } from "@swapmeet/engine/io/io";
import { kindOf } from "@swapmeet/engine/names/kind";
import { hueOf, tagOf, type PeerId } from "@swapmeet/engine/names/peer-id";
import type { PostId } from "@swapmeet/engine/names/post-id";
import type {
  DownloadView,
  LibraryItem,
  MessageView,
  PersonView,
  PostView,
  ResultRow,
  TransferState,
} from "@swapmeet/engine/io/view";
import type { Scene } from "./scene.ts";

const MB = 1_000_000;
const CODE = "amber-otter-cedar-violet";
const LINK = `https://swapmeet.example/#${CODE}`;

const hex64 = (seed: number): string => {
  let text = "";
  for (let x = seed * 2654435761 + 12345; text.length < 64;) {
    x = (Math.imul(x ^ (x >>> 15), 2246822519) + 374761393) >>> 0;
    text += x.toString(16).padStart(8, "0");
  }
  return text.slice(0, 64);
};

const fileOf = (name: string, length: number): FileId =>
  `${hex64([...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) >>> 0, 7))}-${length}` as FileId;

const person = (name: string, hue: number, rttMs: number | null, fileCount: number): PersonView => {
  const peer = (hue.toString(16).padStart(6, "0") + hex64(hue).slice(6)) as PeerId;
  return {
    peer,
    name,
    tag: tagOf(peer),
    hue: hueOf(peer),
    reach: rttMs === null ? "known" : "direct",
    presence: "here",
    lied: false,
    rttMs,
    fileCount,
  };
};

const mika = person("Mika", 40, 0, 37);
const tomas = person("Tomas", 150, 2, 96);
const ruth = person("Ruth", 255, 5, 41);
const joon = person("Joon", 330, 31, 12);
const alba = person("Alba", 90, 18, 58);
const sia = person("سارة", 205, null, 7);
const friends = [tomas, ruth, joon, alba, sia];

const result = (name: string, length: number, sources: readonly PersonView[], folder = ""): ResultRow => ({
  file: fileOf(name, length),
  name,
  folder,
  kind: kindOf(name),
  length,
  sources: sources.map(({ peer }) => peer),
  mine: false,
  marks: [],
});

const results: readonly ResultRow[] = [
  result("field recording, north pier, dawn.flac", 412 * MB, [tomas, ruth, alba]),
  result("Field recordings 2026, contents.txt", 14_300, [tomas], "Field recordings 2026"),
  result("field-recorder-manual.pdf", 6.4 * MB, [ruth, joon, alba, sia, tomas]),
  result("field rec session 3 rough mix.wav", 988 * MB, [alba, ruth], "Sessions/3"),
  result("wind in the reeds, field rec.mp3", 9.1 * MB, [joon]),
  { ...result("field_rec_birdsong_48k.ogg", 31 * MB, [sia, tomas]), mine: true },
  result("map of field recordings.png", 1.8 * MB, [ruth]),
  result("field recording notes.md", 14_000, [tomas, alba, joon]),
  result("تسجيلات ميدانية، الفجر.flac", 87 * MB, [sia]),
  result("poster, final, really final, printed on A2 with the new logo and the corrected date.pdf", 18 * MB, [
    joon,
  ]),
  result("lecture 4, overlay networks.mp4", 1200 * MB, [ruth, sia, joon]),
  result("debian-13.1.0-amd64-netinst.iso", 783 * MB, [tomas, ruth, joon, alba]),
];

const library: readonly LibraryItem[] = [
  ["summer mix 1999.m3u", "", 2_100, 0],
  ["01 open the door.flac", "Summer mix 1999", 31 * MB, 62 * MB],
  ["02 tide tables.flac", "Summer mix 1999", 28 * MB, 28 * MB],
  ["03 nine volt.flac", "Summer mix 1999", 35 * MB, 0],
  ["slides, peer to peer.pdf", "Course/Week 4", 4.2 * MB, 130 * MB],
  ["notes 😀 and friends.txt", "", 900, 0],
].map(([name, folder, length, uploadedBytes]) => ({
  file: fileOf(name as string, length as number),
  name: name as string,
  folder: folder as string,
  length: length as number,
  uploadedBytes: uploadedBytes as number,
  problem: null,
}));

/** Pieces come in runs, as they do: a source is asked for a few at a time. */
const pieces = (
  count: number,
  share: number,
  senders: number,
  arriving: number,
  seed: number,
): Uint16Array => {
  let x = seed;
  const next = () => (x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff;
  const map = new Uint16Array(count);
  for (let i = 0; i < count;) {
    const chance = next();
    const value = chance < share ? 3 + Math.floor(next() * senders) : chance < share + arriving ? 1 : 0;
    for (const end = i + 4 + Math.floor(next() * count * 0.02); i < end && i < count; i++) map[i] = value;
  }
  return map;
};

const download = (
  name: string,
  length: number,
  state: TransferState,
  share: number,
  senders: readonly PersonView[],
  bytesPerSecond = 0,
): DownloadView => ({
  file: fileOf(name, length),
  name,
  folder: "",
  length,
  state,
  verifiedBytes: Math.floor(length * share),
  bytesPerSecond,
  secondsLeft: bytesPerSecond === 0 ? null : (length * (1 - share)) / bytesPerSecond,
  sources: senders.map(({ peer }) => peer),
  pieces: pieces(
    Math.max(4, Math.min(1024, Math.ceil(length / 262144))),
    share,
    Math.max(1, senders.length),
    state.type === "downloading" ? 0.05 : 0,
    name.length,
  ),
  senders: senders.map(({ peer }) => peer),
  handedBy: null,
});

const moving: readonly DownloadView[] = [
  download(
    "field recording, north pier, dawn.flac",
    412 * MB,
    { type: "downloading" },
    0.62,
    [tomas, ruth, alba],
    9.6 * MB,
  ),
  download(
    "lecture 4, overlay networks.mp4",
    1200 * MB,
    { type: "downloading" },
    0.21,
    [ruth, sia, joon],
    2.2 * MB,
  ),
];

const MINUTE_MS = 60_000;
let posted = 0;

/** `ago`: minutes. */
const post = (
  author: PersonView,
  text: string,
  ago: number,
  replyTo: PostView | null = null,
  group = "general",
): PostView => ({
  id: hex64(9_000 + posted++) as PostId,
  author: author.peer,
  authorName: author.name,
  group,
  text,
  replyTo: replyTo?.id ?? null,
  depth: replyTo === null ? 0 : 1,
  writtenAt: Date.now() - ago * MINUTE_MS,
  mine: author === mika,
});

const left = person("Nora", 288, null, 0);
const welcome = post(
  ruth,
  "Everything from the field trip is on my table: recordings, the map, the notes. Say so here if something does not play.",
  52,
);
const dawn = post(
  tomas,
  "The dawn recording clips at 12:40. Does anybody have a version with the gain down?",
  41,
);
const dawnAnswer = post(alba, "Mine was two metres further back and is fine. Sharing it now.", 38, dawn);
const question = post(
  left,
  "What did you see when the server was switched off?\n\nOne line each. What went on, what stopped, and who noticed first.",
  14,
);
const talk: readonly PostView[] = [
  welcome,
  post(joon, "The PDF is fine here. Took 2 s from four people at once.", 50, welcome),
  dawn,
  dawnAnswer,
  post(tomas, "Got it, that is the one. Thank you.", 36, dawnAnswer),
  post(
    mika,
    "Read before Thursday: https://www.rfc-editor.org/rfc/rfc1036 (how USENET did it), and the notes at http://192.168.1.20:3000/notes.",
    30,
  ),
  question,
  post(alba, "My download went on as if nothing had happened. I only saw the red dot later.", 12, question),
  post(joon, "Search too. I would not have known.", 11, question),
  post(mika, "New people could not get in until it was back.", 9, question),
  post(sia, "وصلت الرسائل كلها، حتى بعد أن عدت.", 4, question),
  post(tomas, "Which groups do we want? I have begun field-notes for what we heard and when.", 2),
  post(tomas, "06:12 wren, 06:15 two blackbirds, 06:31 the milk van.", 20, null, "field-notes"),
  post(ruth, "06:20 nothing at all for a whole minute.", 18, null, "field-notes"),
  post(joon, "Seminar moved to room 204.", 200, null, "week-4"),
];

const CLASS_LINES = [
  "Done.",
  "It took 40 s here.",
  "Same, and the map shows three colours.",
  "My phone was locked and it went on afterwards.",
  "Where is the second recording?",
  "On my table now.",
];

const message = (
  to: PersonView,
  text: string,
  mine: boolean,
  state: MessageView["state"] = "delivered",
): MessageView => ({ id: hex64(70_000 + text.length), with: to.peer, mine, text, state });

const letters: readonly MessageView[] = [
  message(ruth, "Do you have the key for the recorder case?", false),
  message(ruth, "In my bag. I bring it at three.", true),
  message(ruth, "The manual says where the spare is: https://example.org/recorder/manual#spare", false),
  message(ruth, "Found it, thank you", true, "failed"),
  message(ruth, "See you at three then", true, "sending"),
];

const quiet: Scene = {
  me: mika,
  room: { kind: "private", code: CODE, link: LINK, outside: LINK },
  server: { type: "online" },
  people: [],
  peerCount: 0,
  library: [],
  adding: { files: 0, filesDone: 0, bytes: 0, bytesDone: 0, problems: [], active: false },
  downloads: [],
  uploads: [],
  notices: [],
  settings: {
    saveByItself: true,
    shareDownloads: true,
    alwaysChannel: false,
    limits: NO_LIMITS,
    folderName: null,
    canChooseFolder: true,
  },
  storage: {
    quota: { usedBytes: 1_480 * MB, availableBytes: 9_300 * MB },
    persistent: false,
    files: [
      ["lecture 3, naming and discovery.mp4", 1_100 * MB],
      ["field recording, south pier, dusk.flac", 371 * MB],
      ["poster, final, really final, printed on A2 with the new logo and the corrected date.pdf", 9 * MB],
    ].map(([name, bytes]) => ({
      file: fileOf(name as string, bytes as number),
      name: name as string,
      bytes: bytes as number,
    })),
  },
  traffic: { directInBytes: 0, directOutBytes: 0, serverBytes: 3_100 },
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
  traffic: { directInBytes: 1300 * MB, directOutBytes: 130 * MB, serverBytes: 21_400 },
  results,
  posts: talk,
};

const LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(
  2,
);
/** As long as a name may be. */
const LONG_NAME = "W".repeat(40);
const mumbler = person(LONG_NAME, 20, 9, 1204);
const shouter = person("ا".repeat(40), 285, 12, 3);

const crowd = Array.from({ length: 60 }, (_, i) => person(`Student ${i + 1}`, 1000 + i, 4, 1));

const longFiles: readonly { name: string; length: number; state: TransferState; share: number }[] = [
  { name: `${LONG_WORD}.tar.gz`, length: 412 * MB, state: { type: "downloading" }, share: 0.4 },
  {
    name: `${"ش".repeat(100)}.flac`,
    length: 31 * MB,
    state: { type: "failed", reason: { type: "source-unreadable", reason: "changed", by: mumbler.peer } },
    share: 0.2,
  },
  {
    name: `${LONG_WORD}, take 12.mp4`,
    length: 783 * MB,
    state: { type: "paused", because: "person" },
    share: 0.6,
  },
  { name: `.${"dotfile".repeat(30)}`, length: 2100, state: { type: "complete", saved: true }, share: 1 },
];

const offerOf = (from: PersonView, names: readonly string[], id: number): Scene["notices"][number] => ({
  id,
  notice: {
    type: "offer",
    from: from.peer,
    id,
    files: names.map((name, i) => ({ file: fileOf(name, (4 + 57 * i) * MB), name })),
  },
});

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
  /** What was fetched and stopped says so in the results, not only in the transfers. */
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
      sia,
      person("A name as long as a name may ever be, 40", 305, 8, 1204),
    ],
    messages: letters.slice(0, 3),
    notices: [{ id: 1, notice: { type: "two-histories", author: alba.peer } }],
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
