/** `ls`, `search` and `post`: commands that look into the room, or say something in it. */
import { GENERAL } from "@swapmeet/engine/names/name";
import type { ResultRow } from "@swapmeet/engine/io/view";
import { Failure } from "../base/failure.ts";
import type { Visit } from "../visit/visit.ts";

export const list = async (visit: Visit): Promise<void> => {
  if (!(await visit.known())) throw new Failure("Nobody else is in the room.");
  for (const { name, tag, fileCount } of visit.people())
    visit.voice.say({ event: "person", name, tag, files: fileCount });
  for (const row of visit.files()) sayFile(visit, row);
};

export const search = async (visit: Visit, words: string): Promise<void> => {
  if (!(await visit.known())) throw new Failure("Nobody else is in the room.");
  const found = visit.files(words);
  for (const row of found) sayFile(visit, row);
  if (found.length === 0) throw new Failure(`Nobody offers a file with "${words}" in its name.`);
};

const sayFile = (visit: Visit, { file, name, folder, length, sources }: ResultRow): void =>
  visit.voice.say({
    ...{ event: "file", name, folder, bytes: length },
    ...{ sources: sources.length, link: visit.linkTo(file) },
  });

/** Posts, and stays until somebody who got the post has answered a ping: posts go in front of pings. */
export const post = async (visit: Visit, text: string): Promise<void> => {
  const { engine } = visit.peer;
  const rtts = () => engine.people().flatMap(({ rttMs }) => rttMs ?? []);
  await visit.when(
    () => engine.neighborCount > 0 || undefined,
    () => "Nobody is in the room to take the post. Try again when somebody is there.",
  );
  const before = new Set(rtts());
  visit.peer.feed({ type: "post", group: GENERAL, text, replyTo: null, writtenAt: Date.now() });
  const mine = engine.posts(GENERAL).find((each) => each.mine);
  if (!mine) throw new Failure("The post is empty.");
  await visit.when(
    () => rtts().some((rttMs) => !before.has(rttMs)) || undefined,
    () => "Nobody answered after the post was sent, so it may be lost.",
  );
  visit.voice.say({ event: "posted", text: mine.text });
};
