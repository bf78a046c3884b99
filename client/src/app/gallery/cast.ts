/** The people, files, posts and messages that the scenes are made of. */
import type { FileId } from "@swapmeet/engine/names/file-id";
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

export const MB = 1_000_000;
export const CODE = "amber-otter-cedar-violet";
export const LINK = `https://swapmeet.example/#${CODE}`;

const hex64 = (seed: number): string => {
  let text = "";
  for (let x = seed * 2654435761 + 12345; text.length < 64;) {
    x = (Math.imul(x ^ (x >>> 15), 2246822519) + 374761393) >>> 0;
    text += x.toString(16).padStart(8, "0");
  }
  return text.slice(0, 64);
};

export const fileOf = (name: string, length: number): FileId =>
  `${hex64([...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) >>> 0, 7))}-${length}` as FileId;

export const person = (name: string, hue: number, rttMs: number | null, fileCount: number): PersonView => {
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

export const mika = person("Mika", 40, 0, 37);
export const tomas = person("Tomas", 150, 2, 96);
export const ruth = person("Ruth", 255, 5, 41);
export const joon = person("Joon", 330, 31, 12);
export const alba = person("Alba", 90, 18, 58);
export const sia = person("سارة", 205, null, 7);
export const friends = [tomas, ruth, joon, alba, sia];

export const result = (
  name: string,
  length: number,
  sources: readonly PersonView[],
  folder = "",
): ResultRow => ({
  file: fileOf(name, length),
  name,
  folder,
  kind: kindOf(name),
  length,
  sources: sources.map(({ peer }) => peer),
  mine: false,
  marks: [],
});

export const results: readonly ResultRow[] = [
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

export const library: readonly LibraryItem[] = [
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

/** Stored files of finished downloads. */
export const leftOver = [
  ["lecture 3, naming and discovery.mp4", 1_100 * MB],
  ["field recording, south pier, dusk.flac", 371 * MB],
  ["poster, final, really final, printed on A2 with the new logo and the corrected date.pdf", 9 * MB],
].map(([name, bytes]) => ({
  file: fileOf(name as string, bytes as number),
  name: name as string,
  bytes: bytes as number,
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

export const download = (
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

export const moving: readonly DownloadView[] = [
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
export const post = (
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
export const welcome = post(
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
export const talk: readonly PostView[] = [
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

export const CLASS_LINES = [
  "Done.",
  "It took 40 s here.",
  "Same, and the map shows three colours.",
  "My phone was locked and it went on afterwards.",
  "Where is the second recording?",
  "On my table now.",
];

export const message = (
  to: PersonView,
  text: string,
  mine: boolean,
  state: MessageView["state"] = "delivered",
): MessageView => ({ id: hex64(70_000 + text.length), with: to.peer, mine, text, state });

export const letters: readonly MessageView[] = [
  message(ruth, "Do you have the key for the recorder case?", false),
  message(ruth, "In my bag. I bring it at three.", true),
  message(ruth, "The manual says where the spare is: https://example.org/recorder/manual#spare", false),
  message(ruth, "Found it, thank you", true, "failed"),
  message(ruth, "See you at three then", true, "sending"),
];

export const LONG_WORD =
  "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(2);
/** As long as a name may be. */
export const LONG_NAME = "W".repeat(40);
export const mumbler = person(LONG_NAME, 20, 9, 1204);
export const shouter = person("ا".repeat(40), 285, 12, 3);

export const crowd = Array.from({ length: 60 }, (_, i) => person(`Student ${i + 1}`, 1000 + i, 4, 1));

export const longFiles: readonly { name: string; length: number; state: TransferState; share: number }[] = [
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

export const offerOf = (
  from: PersonView,
  names: readonly string[],
  id: number,
): Scene["notices"][number] => ({
  id,
  notice: {
    type: "offer",
    from: from.peer,
    id,
    files: names.map((name, i) => ({ file: fileOf(name, (4 + 57 * i) * MB), name })),
  },
});
