import type { Limits } from "@swapmeet/engine/io/io";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { StorageView } from "../../../platform/files/kept-files.ts";
import type { Device, Settings } from "../../../platform/session/device.ts";
import type { Stage } from "./stage.ts";

export interface DeviceFacts {
  readonly settings: Settings;
  readonly storage: StorageView | null;
}

export class DeviceStub implements Device {
  readonly #stage: Stage<DeviceFacts>;

  constructor(stage: Stage<DeviceFacts>) {
    this.#stage = stage;
  }

  get settings() {
    return this.#stage.now.settings;
  }
  setSaveByItself(saveByItself: boolean): void {
    this.#set({ saveByItself });
  }
  setShareDownloads(shareDownloads: boolean): void {
    this.#set({ shareDownloads });
  }
  setAlwaysChannel(alwaysChannel: boolean): void {
    this.#set({ alwaysChannel });
  }
  setRelayOnly(relayOnly: boolean): void {
    this.#set({ relayOnly });
  }
  setLimits(limits: Limits): void {
    this.#set({ limits });
  }
  async chooseFolder(): Promise<void> {}
  forgetFolder(): void {}

  get storage() {
    return this.#stage.now.storage;
  }
  lookAtStorage(): void {}
  deleteStored(files: readonly FileId[]): void {
    const { storage } = this;
    this.#stage.change({
      storage: storage && { ...storage, files: storage.files.filter(({ file }) => !files.includes(file)) },
    });
  }

  #set(settings: Partial<Settings>): void {
    this.#stage.change({ settings: { ...this.settings, ...settings } });
  }
}
