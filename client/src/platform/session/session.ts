/**
 * One visit to one room: everything that the page may read and command, in an area for each subject. It is the whole
 * interface between `app` and all below it. It joins the areas to each other, and to the host and the holdings.
 */
import type { RoomTag } from "@swapmeet/shared";
import { fail } from "@swapmeet/shared";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { LocalFile, Notice } from "@swapmeet/engine/io/io";
import { openRoom, type RoomSecrets } from "@swapmeet/engine/names/room-secret";
import { Hasher } from "../bytes/hasher.ts";
import { pageReading } from "../bytes/page-reading.ts";
import { watchAttention } from "../device/attention.ts";
import type { Identity } from "../device/identity.ts";
import { Holdings } from "../files/holdings.ts";
import type { RoomView } from "../room/room-view.ts";
import { Host, type HostOptions } from "../run/host.ts";
import { Saving } from "../saving/saving.ts";
import { DeviceStorage } from "../store/storage.ts";
import { StoreNews } from "../store/store-news.ts";
import { RoomBoard, type Board } from "./board.ts";
import { RoomDevice, type Device } from "./device.ts";
import { RoomLibrary, type Library } from "./library.ts";
import { RoomMessages, type Messages } from "./messages.ts";
import { RoomNetwork, type Network } from "./network.ts";
import { RoomNotices, type Notices } from "./notices.ts";
import { OtherTabs } from "./other-tabs.ts";
import { RoomPeople, type People } from "./people.ts";
import { pageVerifier } from "../verify/page-verifier.ts";
import { Resuming } from "./resuming.ts";
import { RoomTransfers, type Transfers } from "./transfers.ts";
import { warm } from "./warm.ts";

/**
 * Reads are cheap and always current; the page re-reads after `subscribe` calls back, a few times a second. The areas
 * are the same objects for as long as the session lasts; only the values in them change.
 */
export interface Session {
  readonly room: RoomView;
  readonly people: People;
  readonly library: Library;
  readonly board: Board;
  readonly messages: Messages;
  readonly transfers: Transfers;
  readonly notices: Notices;
  readonly device: Device;
  readonly network: Network;

  subscribe(listener: () => void): () => void;
  /** Leaves the room and closes everything; twice is harmless. */
  close(): void;
}

export interface Visit {
  readonly room: RoomView;
  readonly identity: Identity;
  /** The secrets of a private room. Those of an open room follow from its tag, which the server tells. */
  readonly secrets: RoomSecrets | null;
  readonly entrance: Pick<HostOptions, "socket" | "join" | "iceServers" | "relayOnly" | "engine">;
  /** The server has put this tab into another room [J13]: the session is over, and wants to be closed. */
  moved(): void;
}

export class RoomSession implements Session {
  readonly room: RoomView;
  readonly people: People;
  readonly library: RoomLibrary;
  readonly board: RoomBoard;
  readonly messages: Messages;
  readonly transfers: Transfers;
  readonly notices: RoomNotices;
  readonly device: RoomDevice;
  readonly network: RoomNetwork;

  readonly #host: Host;
  readonly #resuming: Resuming;
  readonly #tabs: OtherTabs;
  readonly #hasher = new Hasher();
  readonly #verifier = pageVerifier();
  readonly #saving = new Saving();
  readonly #storage = new DeviceStorage();
  readonly #news = new StoreNews(() => this.#resuming.retry());
  readonly #listeners = new Set<() => void>();
  readonly #stopWatching: () => void;

  constructor({ room, identity, secrets, entrance, moved }: Visit) {
    const me = identity.peer;
    const changed = () => this.#changed();
    const share = (files: readonly LocalFile[]) => this.#share(files);
    this.room = room;
    this.notices = new RoomNotices(changed);
    const holdings = this.#openHoldings();
    const host = (this.#host = new Host({
      ...entrance,
      identity,
      files: () => holdings,
      server: (state) => this.network.serverIs(state),
      entered: (tag) => {
        warm();
        this.#enter(tag, secrets ? null : openRoom(tag));
      },
      moved,
      verify: (check, then) => this.#verifier.verify(check, then),
      report: (error) => reportError(error),
      notice: (notice) => this.#tell(notice),
      keep: (key, frame) => this.board.keep(key, frame),
      changed,
    }));
    const { stored } = holdings;
    const resuming = (this.#resuming = new Resuming({
      stored,
      feed: (input) => host.feed(input),
      downloads: () => host.engine.downloads(),
      share: (file) => share([file]),
      sharesDownloads: () => this.device.settings.shareDownloads,
    }));
    // Only files that are shared with the room are handed over.
    this.#tabs = new OtherTabs(me, {
      mayAsk: () => !this.device.settings.alwaysChannel,
      shared: async (file) => (host.engine.localFile(file) ? holdings.whole(file) : null),
      handed: (file, from, content) => holdings.handed(file, from, content),
    });
    this.people = new RoomPeople(host, me);
    this.library = new RoomLibrary({
      ...{ room, host, people: this.people, holdings, stored, hasher: this.#hasher, resuming },
      share,
      changed,
    });
    this.board = new RoomBoard(host);
    this.messages = new RoomMessages(host);
    this.transfers = new RoomTransfers({ host, holdings, stored, resuming, notices: this.notices });
    const { notices } = this;
    this.device = new RoomDevice({ host, stored, resuming, saving: this.#saving, notices, changed });
    this.network = new RoomNetwork(host, changed);
    if (secrets) this.#enter(secrets.tag, secrets);
    this.#stopWatching = watchAttention((state) => host.feed({ type: "be", state }));
    addEventListener("pagehide", this.#leaving);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    removeEventListener("pagehide", this.#leaving);
    this.#stopWatching();
    this.#resuming.close();
    this.library.close();
    this.device.close();
    this.#tabs.close();
    this.#hasher.close();
    this.#verifier.close();
    this.#host.close();
    void this.#storage.close();
    this.board.close();
    this.#news.close();
    this.#listeners.clear();
  }

  /** Says good-bye when the tab closes. The browser does not, and others would wait half a minute. */
  readonly #leaving = (): void => this.close();

  /** The room is known. @param keys those of the lane between tabs, null: it is open already */
  #enter(tag: RoomTag, keys: RoomSecrets | null): void {
    void this.#resuming.enter(tag);
    this.board.enter(tag);
    if (keys) this.#tabs.enter(keys);
  }

  #openHoldings(): Holdings {
    return new Holdings({
      feed: (input) => this.#host.feed(input),
      finished: (file) => this.#finished(file),
      saved: (file) => this.#resuming.became(file, "saved"),
      deleted: (file) => this.#resuming.erase(file),
      released: () => this.#news.tell(),
      stores: () => this.#storage.stores(),
      save: (blob, name, folder) => this.#saving.save(blob, name, folder),
      reading: pageReading,
      leaves: (piece) => this.#hasher.leaves(piece),
      hash: async (content, onBytes, signal) =>
        (await this.#hasher.hash([content], onBytes, signal))[0] ?? fail("cancelled"),
      askTabs: (file) => this.#tabs.ask(file),
      refuseTab: (file, from, because) => {
        this.#tabs.refuse(file, from);
        this.notices.tell({ type: "false-hand-over", file, from, because });
      },
      savesByItself: () => this.device.settings.saveByItself,
    });
  }

  #finished(file: FileId): void {
    this.#tabs.forget(file);
    if (!this.device.settings.shareDownloads) return;
    this.#host.feed({ type: "share-download", file });
    this.#tabs.announce([file]);
  }

  /** A device that uses relay servers alone has no candidate when none answers. That none is named, the page says anyway. */
  #tell(notice: Notice): void {
    if (notice.type !== "no-candidates" || !this.#host.relayOnly) this.notices.tell(notice);
    else if (this.#host.hasRelayServer) this.notices.tell({ type: "no-relay" });
  }

  #share(files: readonly LocalFile[]): void {
    this.#host.feed({ type: "share", files });
    this.#tabs.announce(files.map(({ file }) => file));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
