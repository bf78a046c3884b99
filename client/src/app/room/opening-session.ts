/**
 * The room while it is being opened: nobody in it yet, and nothing lost. Files that are dropped and a name that is
 * typed in this second are kept and handed to the real session when it is there. A stub for each area.
 */
import { NO_LIMITS } from "@swapmeet/engine/io/io";
import { KINDS, type Kind } from "@swapmeet/engine/names/kind";
import { GENERAL } from "@swapmeet/engine/names/name";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { PersonView } from "@swapmeet/engine/io/view";
import type { RoomView } from "../../platform/room/room-view.ts";
import type { Board } from "../../platform/session/board.ts";
import type { Device } from "../../platform/session/device.ts";
import type { Library } from "../../platform/session/library.ts";
import type { Messages } from "../../platform/session/messages.ts";
import type { Network } from "../../platform/session/network.ts";
import type { Notices } from "../../platform/session/notices.ts";
import type { People } from "../../platform/session/people.ts";
import type { Session } from "../../platform/session/session.ts";
import type { Transfers } from "../../platform/session/transfers.ts";

/** Keeps a command for the opened session. */
type Keep = (command: (session: Session) => void) => void;

export class OpeningSession implements Session {
  readonly room: RoomView;
  readonly #kept: ((session: Session) => void)[] = [];
  readonly #keep: Keep = (command) => void this.#kept.push(command);
  readonly people = peopleOf(this.#keep);
  readonly library = libraryOf(this.#keep);
  readonly board = boardOf(this.#keep);
  readonly messages = NO_MESSAGES;
  readonly transfers = NO_TRANSFERS;
  readonly notices = NO_NOTICES;
  readonly device = deviceOf(this.#keep);
  readonly network = NO_NETWORK;

  constructor(room: RoomView) {
    this.room = room;
  }

  /** Runs the kept commands in the opened session. */
  handOver(session: Session): void {
    for (const command of this.#kept.splice(0)) command(session);
  }

  subscribe(): () => void {
    return () => undefined;
  }
  close(): void {}
}

// Nobody is here and nothing moves, so these commands have nothing to act on.
const nothing = (): void => {};

export const NOBODY: PersonView = {
  peer: "" as PeerId,
  name: "",
  tag: "",
  hue: 0,
  reach: "known",
  presence: "here",
  lied: false,
  rttMs: null,
  fileCount: 0,
};

const peopleOf = (keep: Keep): People => {
  let me = NOBODY;
  return {
    get me() {
      return me;
    },
    others: [],
    unreachable: 0,
    person: () => NOBODY,
    seenForMs: () => 0,
    rename(name) {
      me = { ...NOBODY, name };
      keep(({ people }) => people.rename(name));
    },
  };
};

const libraryOf = (keep: Keep): Library => ({
  items: [],
  picked: [],
  adding: { files: 0, filesDone: 0, bytes: 0, bytesDone: 0, problems: [], active: false },
  add(files, until) {
    const picked = [...files];
    return new Promise((resolve) => keep(({ library }) => resolve(library.add(picked, until))));
  },
  cancelAdding: nothing,
  unshare: () => nothing,
  search: () => ({ rows: [], total: 0, totalByKind: NONE_BY_KIND }),
  details: (file) => ({ file, name: "", rootHex: "", length: 0, sources: [], link: "" }),
});

const NONE_BY_KIND = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;

const boardOf = (keep: Keep): Board => ({
  groups: [{ name: GENERAL, posts: 0, newest: null }],
  posts: () => [],
  post: (group, text, replyTo) => keep(({ board }) => board.post(group, text, replyTo)),
});

const NO_MESSAGES: Messages = { all: [], send: nothing, sendAgain: nothing };

const NO_TRANSFERS: Transfers = {
  downloads: [],
  uploads: [],
  download: nothing,
  pause: nothing,
  resume: nothing,
  cancel: () => nothing,
  clear: nothing,
  save: nothing,
  stopSending: nothing,
  allowSending: nothing,
  clearSent: nothing,
  offer: nothing,
  answerOffer: nothing,
};

const NO_NOTICES: Notices = { all: [], dismiss: nothing };

const deviceOf = (keep: Keep): Device => ({
  settings: {
    saveByItself: true,
    shareDownloads: true,
    alwaysChannel: false,
    relayOnly: false,
    limits: NO_LIMITS,
    folderName: null,
    canChooseFolder: false,
  },
  setSaveByItself: (on) => keep(({ device }) => device.setSaveByItself(on)),
  setShareDownloads: (on) => keep(({ device }) => device.setShareDownloads(on)),
  setAlwaysChannel: (on) => keep(({ device }) => device.setAlwaysChannel(on)),
  setRelayOnly: (on) => keep(({ device }) => device.setRelayOnly(on)),
  setLimits: (limits) => keep(({ device }) => device.setLimits(limits)),
  chooseFolder: async () => {},
  forgetFolder: nothing,
  storage: null,
  lookAtStorage: nothing,
  deleteStored: nothing,
});

const NO_NETWORK: Network = {
  server: { type: "connecting" },
  peerCount: 0,
  hasRelayServer: null,
  traffic: { directInBytes: 0, directOutBytes: 0, turnBytes: 0, serverBytes: 0 },
};
