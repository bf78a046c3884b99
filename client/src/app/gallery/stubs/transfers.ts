import type { FileId } from "@swapmeet/engine/names/file-id";
import { libraryKey, type LibraryEntry } from "@swapmeet/engine/names/library-entry";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import type { DownloadView, TransferState, UploadState, UploadView } from "@swapmeet/engine/io/view";
import type { Transfers } from "../../../platform/session/transfers.ts";
import type { Stage } from "../scene.ts";

export interface TransfersFacts {
  readonly downloads: readonly DownloadView[];
  readonly uploads: readonly UploadView[];
}

export class TransfersStub implements Transfers {
  readonly #stage: Stage<TransfersFacts>;

  constructor(stage: Stage<TransfersFacts>) {
    this.#stage = stage;
  }

  get downloads() {
    return this.#stage.now.downloads;
  }
  get uploads() {
    return this.#stage.now.uploads;
  }

  download(): void {}
  pause(file: FileId): void {
    this.#downloadIs(file, { type: "paused", because: "person" });
  }
  resume(file: FileId): void {
    this.#downloadIs(file, { type: "downloading" });
  }
  cancel(entry: LibraryEntry): () => void {
    const { downloads } = this;
    this.clear(entry);
    return () => this.#stage.change({ downloads });
  }
  clear(entry: LibraryEntry): void {
    const isOther = (download: DownloadView) => libraryKey(download) !== libraryKey(entry);
    this.#stage.change({ downloads: this.downloads.filter(isOther) });
  }
  save(): void {}

  stopSending(to: PeerId, file: FileId): void {
    this.#uploadIs(to, file, "stopped");
  }
  allowSending(to: PeerId, file: FileId): void {
    this.#uploadIs(to, file, "sending");
  }
  clearSent(to: PeerId, file: FileId): void {
    this.#stage.change({
      uploads: this.uploads.filter((upload) => upload.to !== to || upload.file !== file),
    });
  }

  offer(): void {}
  answerOffer(): void {}

  #downloadIs(file: FileId, state: TransferState): void {
    this.#stage.change({
      downloads: this.downloads.map((download) =>
        download.file === file ? { ...download, state } : download,
      ),
    });
  }

  #uploadIs(to: PeerId, file: FileId, state: UploadState): void {
    this.#stage.change({
      uploads: this.uploads.map((upload) =>
        upload.to === to && upload.file === file ? { ...upload, state, bytesPerSecond: 0 } : upload,
      ),
    });
  }
}
