/** Every sentence the page says about state and trouble, in one place: what is true, and what to do. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { Notice, ReadProblem, StoreDefect, StoreProblem } from "@swapmeet/engine/io/io";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { Refusal } from "@swapmeet/engine/names/refusal";
import type {
  DownloadView,
  LibraryItem,
  MessageView,
  PersonView,
  TransferFailure,
  TransferState,
  UploadView,
} from "@swapmeet/engine/io/view";
import type { Kind } from "@swapmeet/engine/names/kind";
import type { AddingProblem } from "../platform/files/adding.ts";
import type { StorageView } from "../platform/files/kept-files.ts";
import type { Library } from "../platform/session/library.ts";
import type { Messages } from "../platform/session/messages.ts";
import type { Network, ServerState } from "../platform/session/network.ts";
import type { NoticeView } from "../platform/session/notices.ts";
import type { Transfers } from "../platform/session/transfers.ts";
import {
  formatBytes,
  formatCount,
  formatNames,
  formatPercent,
  formatSeconds,
  percentOf,
  plural,
} from "./parts/text/format.ts";
import { shortened } from "./parts/text/short-name.ts";
import { isGoingOut, isRunning } from "./transfers/transfers.ts";

/** What happened, and what it means or what to do. */
export interface Saying {
  readonly title: string;
  readonly remedy: string;
  /** Something did not go as wanted. */
  readonly bad: boolean;
}

/** Names to put into a sentence. */
export interface Names {
  person(peer: PersonView["peer"]): string;
  file(file: Extract<Notice, { type: "source-unreadable" }>["file"]): string;
}

/** A person whose profile has not arrived yet is a guest, told apart by the tag. */
export const nameOf = (person: PersonView): string => person.name || `Guest ${person.tag}`;

export const KIND_NAMES: Readonly<Record<Kind, { one: string; many: string }>> = {
  audio: { one: "Audio", many: "Audio" },
  video: { one: "Video", many: "Video" },
  picture: { one: "Picture", many: "Pictures" },
  document: { one: "Document", many: "Documents" },
  archive: { one: "Archive", many: "Archives" },
  program: { one: "Program", many: "Programs" },
  other: { one: "Other", many: "Other" },
};

/** How one gets to a person. Who is away or gone is not got to at all. */
export const reachOf = ({ presence, reach, rttMs }: PersonView): string => {
  if (presence !== "here") return presence === "away" ? "away" : "has left";
  switch (reach) {
    case "direct":
      return rttMs === null ? "direct" : `direct, ${formatCount(Math.max(1, Math.round(rttMs)))}\u00a0ms`;
    case "relayed":
      return "through a friend";
    case "known":
      return "in reach";
  }
};

/** What `reachOf` means, at length. */
export const reachTitle = (person: PersonView): string => {
  if (person.presence === "gone")
    return `${nameOf(person)} has left. Your messages stay here until this tab closes.`;
  if (person.presence === "away")
    return `Nothing heard from ${nameOf(person)} for a while: a locked screen, another app, or no network. What they share is there again when they are back.`;
  switch (person.reach) {
    case "direct":
      return `${nameOf(person)} and this device are connected directly.`;
    case "relayed":
      return `No direct route to ${nameOf(person)}: somebody who is connected to both of you passes it on, sealed, and slowly. The direct way is tried again from time to time.`;
    case "known":
      return `This device keeps few connections. It connects to ${nameOf(person)} when you fetch, send or write something.`;
  }
};

/** Beside a name that can be taken for another's. */
export const lookAlikeTitle = ({ tag }: PersonView): string =>
  `Somebody else here or on the board has a name that looks the same. Go by the tag ${tag} and the colour.`;

/** Beside the name of an author who is proven to have lied. */
export const liarTitle = (person: PersonView): string =>
  `${nameOf(person)} signed two different histories. What came after the split is not shown.`;

/** Below the people of the room, of whom there may be none. `unreachable`: how many there are besides. */
export const othersWords = (people: number, unreachable: number): string => {
  if (unreachable === 1) return "1 person is here but can't be reached.";
  if (unreachable > 1) return `${formatCount(unreachable)} people are here but can't be reached.`;
  return people === 0 ? "Nobody else yet. Whoever opens this room appears here at once." : "";
};

/** Why a search shows nothing. `everywhere`: how many files the text alone finds. */
export const nothingFound = (
  asked: {
    readonly text: string;
    readonly kind: Kind | null;
    readonly size: string | null;
    readonly of: string | null;
  },
  everywhere: number,
): string => {
  const { text, kind, size, of } = asked;
  const echo = shortened(text);
  if (text !== "" && everywhere === 0) return `Nobody here has “${echo}”.`;
  if (text === "" && of !== null)
    return kind === null && size === null
      ? `${of} has no files on the table.`
      : `${of} has no files like that.`;
  if (text === "") return "Nobody here has files like that.";
  const among = [...(kind === null ? [] : [KIND_NAMES[kind].many]), ...(size === null ? [] : [size])];
  const where = [...(of === null ? [] : [`${of}'s files`]), ...among].join(", ");
  return `Nothing among ${where} matches “${echo}”. ${plural(everywhere, "file")} elsewhere.`;
};

/** Of a message to this person. */
export const messageStateWords = (state: MessageView["state"], to: PersonView): string => {
  switch (state) {
    case "sending":
      return "Sending";
    case "delivered":
      return "Delivered";
    case "failed":
      return to.presence === "gone"
        ? `Could not be delivered: ${nameOf(to)} has left. Send it again when they are back.`
        : `Could not be delivered: ${nameOf(to)} did not answer.`;
  }
};

export const serverWord = (server: ServerState): string => {
  switch (server.type) {
    case "connecting":
      return "connecting";
    case "online":
      return "online";
    case "offline":
    case "refused":
      return "offline";
  }
};

/** Nothing is said while all is well. `peers`: how many people this device is connected to. */
export const serverSaying = (server: ServerState, peers: number): Saying | null => {
  switch (server.type) {
    case "connecting":
    case "online":
      return null;
    case "offline": {
      const away = `The server has been away for ${formatSeconds(server.sinceMs / 1000)}`;
      return peers > 0
        ? {
            title: `${away}. The room goes on without it.`,
            remedy:
              "Transfers, search, the board and new connections between people here need no server. Newcomers wait until it is back.",
            bad: false,
          }
        : {
            title: `${away}, and this device is connected to nobody.`,
            remedy:
              "Check that it is on the same network as before. The page keeps trying by itself; what you post now reaches the others when it succeeds.",
            bad: true,
          };
    }
    case "refused":
      switch (server.reason) {
        case "room-full":
          return {
            title: "This room is full.",
            remedy: "Make a new private room, or wait until somebody leaves.",
            bad: true,
          };
        case "too-fast":
          return {
            title: "The server asks this network to slow down.",
            remedy: "The page tries again by itself in a moment.",
            bad: true,
          };
        case "bad-request":
          return {
            title: "The server and this page do not understand each other.",
            remedy: "One of them was updated. Reload the page.",
            bad: true,
          };
      }
  }
};

/** The title of `serverSaying` for the ear: as long as nothing but the time changes, it stays the same. */
export const serverNews = (server: ServerState, peers: number): string | null => {
  if (server.type !== "offline") return serverSaying(server, peers)?.title ?? null;
  return peers > 0
    ? "The server is away. The room goes on without it."
    : "The server is away, and this device is connected to nobody.";
};

/** What leaving the room would end or lose; nothing: it need not be asked about. */
export const leavingWords = ({
  library,
  transfers,
  messages,
  network,
}: {
  readonly library: Pick<Library, "items" | "adding">;
  readonly transfers: Pick<Transfers, "downloads" | "uploads">;
  readonly messages: Pick<Messages, "all">;
  readonly network: Pick<Network, "server" | "peerCount">;
}): readonly string[] => {
  const words: string[] = [];
  if (library.adding.active) words.push("Files are still being added to your table.");
  if (transfers.uploads.some(isGoingOut) || transfers.downloads.some(isRunning))
    words.push("Transfers are running. Leaving stops them, here and for those who fetch from you.");
  const table = tableWords(library.items, transfers.downloads);
  const letters = messages.all.length > 0 ? "your messages" : "";
  if (table && letters) words.push(`Your ${table} and ${letters} do not come along.`);
  else if (table) words.push(`Your ${table} does not come along.`);
  else if (letters) words.push("Your messages do not come along.");
  if (network.server.type === "offline" && network.peerCount > 0)
    words.push("The server is away: you cannot come back until it returns.");
  return words;
};

const tableWords = (items: readonly LibraryItem[], downloads: readonly DownloadView[]): string => {
  const library = items.filter(({ problem }) => !problem);
  if (library.length === 0) return "";
  const saved = new Set(
    downloads.flatMap(({ file, state }) => (state.type === "complete" && state.saved ? [file] : [])),
  );
  const safe = library.every(({ file }) => saved.has(file)) ? ", all of them saved" : "";
  return `table (${plural(library.length, "file")}${safe})`;
};

export const readProblemWords = (problem: ReadProblem): string => {
  switch (problem) {
    case "changed":
      return "it was changed on the disk since it was added";
    case "vanished":
      return "it is no longer on the disk: moved, deleted, or its drive is gone";
  }
};

export const storeProblemWords = (problem: StoreProblem): string => {
  switch (problem.kind) {
    case "full":
      return `${
        problem.missingBytes === null
          ? "no room left"
          : `no room, ${formatBytes(problem.missingBytes)} missing`
      }. Delete stored files in Settings or free disk space; it goes on by itself`;
    case "in-use":
      return "another tab of this browser is fetching it. It is here as soon as that tab has it";
    case "source-unreadable":
      return `${readProblemWords(problem.reason)}. Fetch it again`;
    case "broken":
      return `this browser's storage does not work (${defectWords(problem.defect)}). Reload the page, or use a window that is not private`;
  }
};

const defectWords = (defect: StoreDefect): string => {
  switch (defect.type) {
    case "closed":
      return "the store is closed";
    case "room-left":
      return "the room was left";
    case "incomplete":
      return "the file is not complete";
    case "silent":
      return "it does not answer";
    case "not-loaded":
      return "A part of Swapmeet could not be loaded from its server";
    case "stopped":
      return "A part of Swapmeet has stopped working";
    case "worker-silent":
      return "the part of Swapmeet that stores files does not answer";
    case "folder-silent":
      return "the folder does not answer";
    case "no-free-name":
      return "no free name";
    case "wrong-length":
      return `${defect.bytes} bytes are stored`;
    case "missing-piece":
      return `piece ${defect.piece} is not stored`;
    case "damaged-piece":
      return `piece ${defect.piece} is damaged`;
    case "error":
      return defect.text;
  }
};

/** Why a file could not be read while it was added. */
export const addingProblemWords = (problem: AddingProblem): string => {
  switch (problem) {
    case "changed":
      return "It changed while it was being read, or may not be read.";
    case "vanished":
      return "It is gone, or may not be read.";
    case "too-long":
      return "It is longer than 1 TiB.";
    case "not-loaded":
      return "A part of Swapmeet could not be loaded from its server. Add it again once the server answers.";
  }
};

export const failureWords = (failure: TransferFailure, names: Pick<Names, "person">): string => {
  switch (failure.type) {
    case "source-unreadable":
      return failure.reason === "changed"
        ? `the file was changed on ${names.person(failure.by)}'s disk. Ask for it to be added again`
        : `the file is gone from ${names.person(failure.by)}'s disk. Ask for it to be added again`;
    case "stopped":
      return `${names.person(failure.by)} stopped sending this. It goes on when they allow it again, or when somebody else has it`;
    case "save":
      return `it is complete but could not be saved: ${storeProblemWords(failure.problem)}`;
  }
};

/** Begins with the state's name, as the interface of names asks. */
export const stateWords = (state: TransferState, names: Pick<Names, "person">): string => {
  switch (state.type) {
    case "queued":
      if (state.position !== null) return `Queued, number ${formatCount(state.position)} in line`;
      return state.sources === 0
        ? "Queued, nobody here has it now. It starts when somebody comes who does"
        : `Queued, asking ${plural(state.sources, "source")}`;
    case "downloading":
      return "Downloading";
    case "waiting":
      return `Queued, ${waitingWords(state.for, names)}`;
    case "paused":
      if (state.because === "person") return "Paused";
      return `${state.because.kind === "in-use" ? "Queued" : "Paused"}: ${storeProblemWords(state.because)}`;
    case "verifying":
      return "Verifying";
    case "saving":
      return "Waiting to be saved";
    case "complete":
      return state.saved ? "Complete, saved" : "Complete";
    case "failed":
      return `Failed: ${failureWords(state.reason, names)}`;
  }
};

/** Of a file that was or is sent to somebody. */
export const uploadWords = (
  { state, to }: Pick<UploadView, "state" | "to">,
  names: Pick<Names, "person">,
): string => {
  const name = names.person(to);
  switch (state) {
    case "sending":
      return `Sending to ${name}`;
    case "queued":
      return `Queued, ${name} waits for a turn`;
    case "waiting":
      return `Waiting for ${name}`;
    case "paused":
      return `Paused by ${name}`;
    case "cancelled":
      return `Cancelled by ${name}`;
    case "delivered":
      return `Delivered to ${name}`;
    case "stopped":
      return `Stopped: ${name} gets no more of it until you allow it again, or leave the room`;
    case "withdrawn":
      return `Stopped: it is off your table, ${name} gets no more of it`;
    case "parted":
      return `Stopped: no longer connected to ${name}`;
  }
};

const waitingWords = (peers: readonly PeerId[], names: Pick<Names, "person">): string =>
  `waiting for ${formatNames(peers.map((peer) => names.person(peer)))}`;

/** Of a download that stands in the results: how far it is, or whom it waits for. */
export const progressWords = (
  { state, verifiedBytes, length }: Pick<DownloadView, "state" | "verifiedBytes" | "length">,
  names: Pick<Names, "person">,
): string => {
  const progress = formatPercent(percentOf(verifiedBytes, length));
  return state.type === "waiting" ? `${progress}, ${waitingWords(state.for, names)}` : progress;
};

/** The state's name alone, for where there is no room for a reason. */
export const stateName = (state: TransferState, names: Pick<Names, "person">): string =>
  stateWords(state, names).split(/[:,]/, 1)[0]!;

/** Whom it comes from, to follow the state; "" when there is nothing to say. */
export const sourceWords = (
  { state, sources, handedBy }: Pick<DownloadView, "state" | "sources" | "handedBy">,
  names: Pick<Names, "person">,
): string => {
  if (handedBy !== null && ["verifying", "saving", "complete"].includes(state.type))
    return `, from ${names.person(handedBy)}, same browser`;
  if (state.type !== "downloading" || sources.length === 0) return "";
  return ` from ${formatNames(sources.map((peer) => names.person(peer)))}`;
};

/** What downloads take of this device, and how much more they may. */
export const storageWords = ({ quota, persistent }: StorageView): string => {
  if (quota === null)
    return "Over plain http the browser does not tell how much room there is, and may clear it when the disk gets short.";
  const used = `${formatBytes(quota.usedBytes)} used, ${formatBytes(quota.availableBytes)} available.`;
  return persistent ? used : `${used} The browser may clear it when the disk gets short.`;
};

/** Whether finished downloads were saved elsewhere. What other rooms have left may be or not: nobody here knows. */
export const savedByFile = ({ downloads }: Pick<Transfers, "downloads">): ReadonlyMap<FileId, boolean> =>
  new Map(
    downloads.flatMap(({ file, state }) => (state.type === "complete" ? [[file, state.saved] as const] : [])),
  );

/** Before these stored files, one or more, are deleted. */
export const deleteWords = (files: StorageView["files"], room: Pick<Transfers, "downloads">): string => {
  const saved = savedByFile(room);
  const known = files.filter(({ file }) => saved.has(file));
  const unsaved = known.filter(({ file }) => !saved.get(file)).length;
  const words = `Deletes ${plural(files.length, "file")} from this device.`;
  if (files.length === 1 && known.length === 1)
    return `${words} It was ${unsaved === 1 ? "never " : ""}saved elsewhere.`;
  if (unsaved > 0)
    return `${words} ${formatCount(unsaved)} of them ${unsaved === 1 ? "was" : "were"} never saved elsewhere.`;
  if (known.length === files.length) return `${words} All of them were saved elsewhere.`;
  return `${words} What was never saved elsewhere is gone then.`;
};

/** What a dropped peer did, to follow its name. */
export const refusalWords = (refusal: Refusal): string => {
  switch (refusal) {
    case "wrong-block":
    case "wrong-layer":
    case "wrong-leaves":
    case "wrong-length":
      return "sent data that is not the file";
    case "unrequested-block":
    case "unrequested-layer":
      return "sent data nobody asked for";
    case "false-proof":
    case "second-proof":
    case "frame-before-proof":
      return "could not prove who they are";
    case "false-entry":
    case "oversize-entry":
    case "too-many-entries":
      return "published a list that does not check out";
    case "false-fork":
      return "accused somebody of a lie and could not prove it";
    case "malformed-envelope":
    case "forged-envelope":
    case "replayed-envelope":
    case "reordered-envelope":
    case "stale-envelope":
      return "sent an introduction that was tampered with on the way";
    case "too-many-introductions":
    case "too-many-requests":
    case "too-many-messages":
    case "author-flood":
    case "flood":
      return "sent far more than anybody asked for";
    case "oversize-frame":
    case "malformed-frame":
    case "unknown-frame":
    case "bad-request":
    case "unreadable-message":
      return "sent messages that make no sense";
  }
};

/** The tab has come to another network. `files`: how many were picked for the table of the room before. */
export const moveSaying = (files: number): Saying => ({
  title: "You are on another network now: this is another room.",
  remedy: `People, files and posts of the first one stay there, and nothing of yours came along but your name and your settings.${
    files > 0 ? ` Your table had ${plural(files, "file")}.` : ""
  }`,
  bad: true,
});

/** An offer is a question, not a saying: it has a dialog of its own. */
export const noticeSaying = (
  notice: Exclude<NoticeView["notice"], { type: "offer" }>,
  names: Names,
): Saying => {
  switch (notice.type) {
    case "offer-answered":
      return {
        title: `${names.person(notice.by)} ${notice.accepted ? "accepted your files" : "declined your files"}.`,
        remedy: "",
        bad: false,
      };
    case "no-route":
      return {
        title: `No route to ${notice.peer === null ? "somebody in this room" : names.person(notice.peer)}.`,
        remedy:
          notice.because === "network"
            ? "This network keeps devices apart. Try another network, or a phone's hotspot for both."
            : "Their browser allows no direct connections: a setting, an extension or a VPN in it. They can allow them there, or use another browser.",
        bad: true,
      };
    case "no-candidates":
      return {
        title: "This browser lets nobody connect to it.",
        remedy:
          "A setting, an extension or a VPN in it forbids direct connections (WebRTC). Allow them for this page, or use another browser, and reload.",
        bad: true,
      };
    case "connections-spent":
      return {
        title: "This tab has used up the connections a browser gives it.",
        remedy: "Reload the page. What you fetched and wrote is kept; what you share has to be picked again.",
        bad: true,
      };
    case "not-reached":
      return {
        title: `${names.person(notice.peer)} did not get your offer: nobody answered.`,
        remedy: "They may have left, or sleep. Offer the files again when they are here.",
        bad: true,
      };
    case "peer-dropped":
      return {
        title: `${names.person(notice.peer)} was dropped: ${refusalWords(notice.refusal)}.`,
        remedy: "Nothing false was kept. What is missing comes from others.",
        bad: true,
      };
    case "source-unreadable":
      return {
        title: `${names.file(notice.file)} is off your table: ${readProblemWords(notice.reason)}.`,
        remedy: "Add it again to share it as it is now.",
        bad: true,
      };
    case "two-histories":
      return {
        title: `${names.person(notice.author)} signed two different histories.`,
        remedy: "What came after the split is not shown.",
        bad: true,
      };
    case "false-hand-over":
      return {
        title:
          notice.because === "unreadable"
            ? `${names.file(notice.file)} could not be read where ${names.person(notice.from)}, another tab of this browser, has it.`
            : `What ${names.person(notice.from)}, another tab of this browser, handed over is not ${names.file(notice.file)}.`,
        remedy: "Nothing of it was kept. The file is fetched over the channel instead.",
        bad: true,
      };
  }
};
