/** `share` and `send`: commands that offer files of this disk. */
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
  const offering = new Offering(visit);
  const roots = paths.map(rootOf);
  if (kept !== null) roots.push({ path: resolve(kept), folder: "" });
  const isOffered = (await offering.add(roots)).length > 0;
  if (!isOffered && kept === null)
    throw new Failure(`There is no file to share in ${paths.join(", ")}.`, EXIT.usage);
  const fetching = kept === null ? null : new Fetching(visit, kept);
  if (fetching) accepting(visit, fetching, undefined, () => {});
  // A finished download is offered by itself.
  const isKept = (path: string) => kept !== null && path.startsWith(resolve(kept) + sep);
  const stopWatching = offering.watch(roots, isKept);
  const sent = new Sent(visit);
  try {
    await visit.when(() => {
      fetching?.look();
      sent.look();
      return undefined;
    });
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
    const sentBytes = visit.peer.engine.library().reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0);
    visit.voice.say({ event: "left", sentBytes });
  } finally {
    await stopWatching();
  }
};

/** Tells of files that others have got, each once. */
class Sent {
  readonly #visit: Visit;
  readonly #told = new Set<string>();

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  look(): readonly UploadView[] {
    const { peer, voice } = this.#visit;
    const uploads = peer.engine.uploads();
    for (const { file, to, name, length, state } of uploads) {
      if (state !== "delivered" || this.#told.has(`${to} ${file}`)) continue;
      this.#told.add(`${to} ${file}`);
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
    return uploads;
  }

  has(to: string, file: string): boolean {
    return this.#told.has(`${to} ${file}`);
  }
}

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
  const files = new Set(locals.map(({ file }) => file).filter((file) => lengthOf(file) > 0));
  const sent = new Sent(visit);
  await visit.when(() => {
    const { presence } = peer.engine.person(person.peer);
    sent.look();
    if (answers.includes(false)) throw new Failure(`${to} has declined.`);
    if (answers.length === offers && [...files].every((file) => sent.has(person.peer, file))) return true;
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
