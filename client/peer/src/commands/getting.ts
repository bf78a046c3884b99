/** `get` and `receive`: commands that download, and end when all of it is here. */
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { LibraryEntry } from "@swapmeet/engine/names/library-entry";
import type { OfferedFile } from "@swapmeet/engine/wire/frame";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { EXIT, Failure } from "../base/failure.ts";
import { Fetching } from "../visit/fetching.ts";
import { linkIn } from "../visit/place.ts";
import type { Visit } from "../visit/visit.ts";

/** `wanted`: names, folders, or links. */
export const get = async (visit: Visit, wanted: readonly string[], folder: string): Promise<void> => {
  const fetching = new Fetching(visit, folder, Fetching.endsWith);
  for (const each of wanted) for (const entry of await entriesOf(visit, each)) await fetching.begin(entry);
  await fetching.ended();
};

/** A single file lies at the top of the target folder; a folder keeps its name and all that is in it. */
const entriesOf = async (visit: Visit, wanted: string): Promise<readonly LibraryEntry[]> => {
  const link = linkIn(wanted);
  if (link && link.file === null)
    throw new Failure(`The link ${wanted} names a room, and no file: give a name too.`, EXIT.usage);
  if (link?.file) {
    const { file } = link;
    const name = await offered(visit, file);
    return [{ file, name, folder: "" }];
  }
  return visit.when(
    () => {
      const name = wanted.split("/").at(-1)!;
      const rows = visit.files(name).filter((row) => row.name === wanted || pathOf(row) === wanted);
      const [first, ...others] = rows;
      if (first && others.some(({ file }) => file !== first.file))
        throw new Failure(
          `Several files are called ${wanted}. Take one by its link:\n${rows.map(({ file }) => visit.linkTo(file)).join("\n")}`,
          EXIT.usage,
        );
      if (first) return [{ file: first.file, name: first.name, folder: "" }];
      const path = wanted.replace(/\/+$/, "");
      const inside = visit.files().filter(({ folder }) => folder === path || folder.startsWith(`${path}/`));
      return inside.length > 0 ? inside.map(({ file, name, folder }) => ({ file, name, folder })) : undefined;
    },
    () =>
      `Nobody in the room offers "${wanted}". Look at the names with "swapmeet ls", or wait longer with --wait SECONDS.`,
  );
};

/** The name by which a linked file is offered. */
const offered = (visit: Visit, file: FileId): Promise<string> =>
  visit.when(
    () => visit.peer.engine.fileNameOf(file) || undefined,
    () => "Nobody in the room offers the file of this link. Wait longer with --wait SECONDS.",
  );

const pathOf = ({ name, folder }: { readonly name: string; readonly folder: string }): string =>
  folder === "" ? name : `${folder}/${name}`;

/** An offer of files to this peer. */
interface Offer {
  readonly from: PeerId;
  readonly id: number;
  readonly files: readonly OfferedFile[];
}

interface Accepting {
  /** The only person whose offers are accepted; undefined: all are. */
  readonly from: string | undefined;
  accepted(): void;
  failed(error: unknown): void;
}

/** Accepts offers and begins to download. */
export const accepting = (visit: Visit, fetching: Fetching, { from, accepted, failed }: Accepting): void => {
  const { peer, voice } = visit;
  const accept = async ({ from: sender, id, files }: Offer): Promise<void> => {
    voice.say({
      event: "offer",
      from: peer.engine.person(sender).name,
      files: files.map(({ name }) => name),
    });
    peer.feed({ type: "answer-offer", from: sender, id, accepted: true });
    for (const { file, name } of files)
      await fetching.begin({ file, name, folder: peer.engine.folderOf(file, name) }).catch(failed);
    accepted();
  };
  visit.onNotice = (notice) => {
    if (notice.type !== "offer") return;
    const isWanted = from === undefined || peer.engine.person(notice.from).name === from;
    // Inputs that arise while an input is handled wait for their turn.
    if (isWanted) accept(notice).catch(failed);
    else peer.feed({ type: "answer-offer", from: notice.from, id: notice.id, accepted: false });
  };
};

export const receive = async (visit: Visit, folder: string, from: string | undefined): Promise<void> => {
  const fetching = new Fetching(visit, folder, Fetching.endsWith);
  let isAccepted = false;
  accepting(visit, fetching, {
    from,
    accepted: () => (isAccepted = true),
    failed: (error) => visit.fail(error),
  });
  visit.voice.say({ event: "waiting", for: from ?? "somebody who sends" });
  await visit.when(() => isAccepted || undefined);
  await fetching.ended();
};
