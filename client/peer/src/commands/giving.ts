/** `share` and `send`: commands that offer files of this disk. */
import { readdir } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { lengthOf } from "@swapmeet/engine/names/file-id";
import type { PersonView, UploadView } from "@swapmeet/engine/io/view";
import { MAX_OFFER_FILES } from "@swapmeet/engine/wire/frame";
import { EXIT, Failure, Interruption } from "../base/failure.ts";
import { Fetching } from "../visit/fetching.ts";
import { Offering } from "../visit/offering.ts";
import type { Visit } from "../visit/visit.ts";
import { rootOf } from "../visit/walk.ts";
import { accepting } from "./getting.ts";

/** Offers at once that every peer takes. See the engine's offers. */
const MAX_OFFERS = 5;

/** Offers until it is interrupted. `kept`: the folder for what others send to this peer; null: nothing is taken. */
export const share = async (visit: Visit, paths: readonly string[], kept: string | null): Promise<void> => {
  const { peer, voice } = visit;
  const offering = new Offering(visit);
  const roots = paths.map(rootOf);
  if ((await offering.add(roots)).length === 0 && kept === null)
    throw new Failure(`There is no file to share in ${paths.join(", ")}.`, EXIT.usage);
  const mailbox = kept === null ? null : await openMailbox(visit, offering, kept);
  const stopWatching = offering.watch(roots, (path) => mailbox !== null && path.startsWith(mailbox.folder));
  try {
    await visit.when(() => {
      mailbox?.fetching.look();
      lookAtUploads(visit);
      return undefined;
    });
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
    const sentBytes = peer.engine.library().reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0);
    voice.say({ event: "left", sentBytes });
  } finally {
    await stopWatching();
  }
};

/** Takes what others send, and offers what was taken before. A finished download is offered by itself. */
const openMailbox = async (
  visit: Visit,
  offering: Offering,
  kept: string,
): Promise<{ readonly fetching: Fetching; readonly folder: string }> => {
  const path = resolve(kept);
  if ((await readdir(path)).length > 0) await offering.add([{ path, folder: "" }]);
  const failed = (name: string, error: unknown) =>
    visit.voice.say({
      event: "failed",
      name,
      message: error instanceof Error ? error.message : String(error),
    });
  const fetching = new Fetching(visit, kept, failed);
  accepting(visit, fetching, {
    from: undefined,
    accepted: () => {},
    failed: (error) => failed("an offer", error),
  });
  return { fetching, folder: path + sep };
};

/** Shows the uploads, and tells of files that others have got, each once. @returns the latter */
const lookAtUploads = ({ peer, voice }: Visit): readonly UploadView[] => {
  const uploads = peer.engine.uploads();
  const delivered = uploads.filter(({ state }) => state === "delivered");
  for (const { file, to, name, length } of delivered) {
    voice.say({ event: "sent", name, to: peer.engine.person(to).name, bytes: length });
    peer.feed({ type: "clear-sent", to, file });
  }
  voice.progress(
    uploads
      .filter(({ state }) => state === "sending")
      .map(({ name, sentBytes, length, bytesPerSecond }) => ({
        ...{ name, bytes: sentBytes, of: length, bytesPerSecond },
        secondsLeft: bytesPerSecond > 0 ? Math.max(0, length - sentBytes) / bytesPerSecond : null,
      })),
  );
  return delivered;
};

/** Offers files to one person, and ends when all of them are there. */
export const send = async (visit: Visit, paths: readonly string[], to: string): Promise<void> => {
  const { peer, voice } = visit;
  const locals = await new Offering(visit).add(paths.map(rootOf));
  if (locals.length === 0) throw new Failure(`There is no file to send in ${paths.join(", ")}.`, EXIT.usage);
  if (locals.length > MAX_OFFERS * MAX_OFFER_FILES)
    throw new Failure(
      `${locals.length} files are too many to send at once: the most is ${MAX_OFFERS * MAX_OFFER_FILES}. Share the folder instead.`,
      EXIT.usage,
    );
  voice.say({ event: "waiting", for: to });
  const person = await visit.when(
    () => personCalled(visit, to),
    () => `${to} is not in the room. Here ${namesOf(visit)}.`,
  );
  const answers: boolean[] = [];
  visit.onNotice = (notice) => {
    if (notice.type === "offer-answered" && notice.by === person.peer) answers.push(notice.accepted);
  };
  let offers = 0;
  for (let begin = 0; begin < locals.length; begin += MAX_OFFER_FILES, offers++)
    peer.feed({ type: "offer", to: person.peer, files: locals.slice(begin, begin + MAX_OFFER_FILES) });
  voice.say({ event: "offered", to, files: locals.length });
  const missing = new Set(locals.map(({ file }) => file).filter((file) => lengthOf(file) > 0));
  await visit.when(() => {
    const { presence } = peer.engine.person(person.peer);
    for (const { to, file } of lookAtUploads(visit)) if (to === person.peer) missing.delete(file);
    if (answers.includes(false)) throw new Failure(`${to} has declined.`);
    if (answers.length === offers && missing.size === 0) return true;
    if (presence === "gone") throw new Failure(`${to} has left before everything was there. Send it again.`);
    return undefined;
  });
};

const personCalled = (visit: Visit, name: string): PersonView | undefined => {
  const called = visit.people().filter((person) => person.name === name || person.tag === name);
  if (called.length > 1)
    throw new Failure(
      `${called.length} people are called ${name}. Name one by the four characters of the key: ${called.map(({ tag }) => tag).join(", ")}.`,
      EXIT.usage,
    );
  return called[0];
};

const namesOf = (visit: Visit): string => {
  const names = visit.people().map(({ name }) => name);
  return names.length === 0 ? "nobody is" : `are: ${names.slice(0, 20).join(", ")}`;
};
