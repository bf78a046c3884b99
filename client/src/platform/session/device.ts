/** This device: its settings, and the storage that downloads take. */
import type { Limits } from "@swapmeet/engine/io/io";
import type { FileId } from "@swapmeet/engine/names/file-id";
import { readLimits, writeLimits } from "../device/limits.ts";
import { readSetting, watchSetting, writeSetting } from "../device/settings.ts";
import { KeptFiles, type StorageView } from "../files/kept-files.ts";
import type { StoredFiles } from "../files/stored-files.ts";
import type { Host } from "../run/host.ts";
import type { Saving } from "../saving/saving.ts";
import type { RoomNotices } from "./notices.ts";
import type { Resuming } from "./resuming.ts";

export interface Settings {
  /** A finished download saves itself. */
  readonly saveByItself: boolean;
  /** A finished download is offered to the room. */
  readonly shareDownloads: boolean;
  /** Tabs of this browser don't hand each other files: even between them everything takes the channel. */
  readonly alwaysChannel: boolean;
  /** Connections go by relay servers alone, so that others learn no address of this device. */
  readonly relayOnly: boolean;
  readonly limits: Limits;
  /** Name of the folder that downloads are written to, null: the browser's downloads. */
  readonly folderName: string | null;
  /** This browser can write to a chosen folder. */
  readonly canChooseFolder: boolean;
}

export interface Device {
  readonly settings: Settings;
  setSaveByItself(on: boolean): void;
  setShareDownloads(on: boolean): void;
  setAlwaysChannel(on: boolean): void;
  /** In all tabs of this browser. Closes all connections; they are made again. */
  setRelayOnly(on: boolean): void;
  setLimits(limits: Limits): void;
  /** Opens the browser's folder picker; call it from a gesture. */
  chooseFolder(): Promise<void>;
  forgetFolder(): void;

  /** As of the last `lookAtStorage`; null before the first. */
  readonly storage: StorageView | null;
  lookAtStorage(): void;
  /** Deletes stored files of finished downloads, or of other rooms' downloads; they are no longer shared either. */
  deleteStored(files: readonly FileId[]): void;
}

export interface RoomDeviceOptions {
  readonly host: Pick<Host, "engine" | "feed" | "relayOnly">;
  readonly stored: Pick<StoredFiles, "list" | "delete">;
  readonly resuming: Pick<Resuming, "ended" | "forget" | "retry">;
  readonly saving: Pick<Saving, "folderName" | "canChooseFolder" | "chooseFolder" | "forgetFolder">;
  readonly notices: Pick<RoomNotices, "withdraw">;
  changed(): void;
}

export class RoomDevice implements Device {
  readonly #options: RoomDeviceOptions;
  readonly #kept: KeptFiles;
  readonly #stopWatching: () => void;

  constructor(options: RoomDeviceOptions) {
    this.#options = options;
    this.#kept = new KeptFiles({
      stored: options.stored,
      unfinished: () => new Set(this.#unfinished()),
      changed: () => options.changed(),
    });
    options.host.feed({ type: "limits", limits: readLimits() });
    // A person who hides the address of this device means all tabs.
    this.#stopWatching = watchSetting("relay-only", (value) => this.#useRelayOnly(value === "yes"));
  }

  close(): void {
    this.#stopWatching();
  }

  get settings(): Settings {
    const { saving } = this.#options;
    return {
      saveByItself: readSetting("save-by-itself") !== "no",
      shareDownloads: readSetting("share-downloads") !== "no",
      alwaysChannel: readSetting("always-channel") === "yes",
      relayOnly: this.#options.host.relayOnly,
      limits: readLimits(),
      folderName: saving.folderName,
      canChooseFolder: saving.canChooseFolder,
    };
  }

  setSaveByItself(on: boolean): void {
    this.#set("save-by-itself", on);
  }

  setShareDownloads(on: boolean): void {
    this.#set("share-downloads", on);
  }

  setAlwaysChannel(on: boolean): void {
    this.#set("always-channel", on);
  }

  setRelayOnly(on: boolean): void {
    writeSetting("relay-only", on ? "yes" : "no");
    this.#useRelayOnly(on);
  }

  setLimits(limits: Limits): void {
    writeLimits(limits);
    this.#options.host.feed({ type: "limits", limits });
    this.#options.changed();
  }

  async chooseFolder(): Promise<void> {
    await this.#options.saving.chooseFolder();
    this.#options.changed();
  }

  forgetFolder(): void {
    this.#options.saving.forgetFolder();
    this.#options.changed();
  }

  get storage() {
    return this.#kept.view;
  }

  lookAtStorage(): void {
    void this.#kept.look();
  }

  deleteStored(files: readonly FileId[]): void {
    const { host, resuming } = this.#options;
    for (const file of files) {
      host.feed({ type: "unshare", entries: host.engine.entriesOf(file) });
      host.feed({ type: "clear", file });
      resuming.ended(file);
    }
    void this.#kept.delete(files).then((gone) => {
      void resuming.forget(gone);
      resuming.retry();
    });
  }

  #useRelayOnly(on: boolean): void {
    this.#options.host.relayOnly = on;
    this.#options.notices.withdraw("no-relay");
    this.#options.changed();
  }

  #set(key: string, on: boolean): void {
    writeSetting(key, on ? "yes" : "no");
    this.#options.changed();
  }

  #unfinished(): FileId[] {
    const downloads = this.#options.host.engine.downloads();
    return downloads.flatMap(({ file, state }) => (state.type === "complete" ? [] : [file]));
  }
}
