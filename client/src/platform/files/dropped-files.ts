/** Turns a drop, or the browser's picker, into files with the folders above them. */

/** A picked or dropped file with the folders above it ("Album/CD1", "" for none). */
export interface PickedFile {
  readonly file: File;
  readonly folder: string;
}

/**
 * Call it inside the drop event: the DataTransfer is empty afterwards. The folders are walked later, as the files are
 * asked for. A file or folder that can't be opened is passed over; its siblings are not.
 */
export const droppedFiles = (dropped: DataTransfer): AsyncIterable<PickedFile> => {
  const roots: (FileSystemEntry | File)[] = [];
  for (const item of dropped.items) {
    const root = item.webkitGetAsEntry() ?? item.getAsFile();
    if (root) roots.push(root);
  }
  return walk(roots, "");
};

/** From a file input. With `webkitdirectory` every path begins with the picked folder. */
export function* pickedFiles(files: FileList): Generator<PickedFile> {
  for (const file of files) {
    const folder = file.webkitRelativePath.split("/").slice(0, -1).join("/");
    yield { file, folder };
  }
}

async function* walk(
  entries: Iterable<FileSystemEntry | File> | AsyncIterable<FileSystemEntry>,
  folder: string,
): AsyncGenerator<PickedFile> {
  for await (const entry of entries) {
    if (entry instanceof File) yield { file: entry, folder };
    else if (isFolder(entry)) yield* walk(childrenOf(entry), folder ? `${folder}/${entry.name}` : entry.name);
    else {
      const file = await fileOf(entry as FileSystemFileEntry);
      if (file) yield { file, folder };
    }
  }
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** readEntries gives a hundred at a time, and none at the end. */
async function* childrenOf(folder: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry> {
  const reader = folder.createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve) =>
      reader.readEntries(resolve, () => resolve([])),
    );
    if (some.length === 0) return;
    yield* some;
  }
}

const fileOf = (entry: FileSystemFileEntry): Promise<File | null> =>
  new Promise((resolve) => entry.file(resolve, () => resolve(null)));
