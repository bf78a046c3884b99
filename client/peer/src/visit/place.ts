/** Where a room is: the server and the code, from options or from a link. */
import { newRoomCode, parseRoomCode, type RoomCode } from "../../../src/platform/room/room-code.ts";
import { roomLinkIn } from "../../../src/platform/room/room-link.ts";
import type { FileId } from "@swapmeet/engine/names/file-id";
import { EXIT, Failure } from "../base/failure.ts";

export interface Place {
  /** Where the server's page is; it ends with "/". */
  readonly serverUrl: string;
  /** null: the open room of this network. */
  readonly code: RoomCode | null;
  /** The code was made here, so nobody else knows it yet. */
  readonly isNew: boolean;
}

/** A link into a room: `https://host/path/#code`, and with a file `https://host/path/#code/FILE`. */
export interface Link {
  readonly serverUrl: string;
  /** As written; "" for the open room. */
  readonly code: string;
  readonly file: FileId | null;
}

export interface PlaceOptions {
  readonly room?: string | undefined;
  /** undefined: that of the link, or the default. */
  readonly server?: string | undefined;
  readonly nearby?: boolean | undefined;
  /** The server when neither the options nor a link name one. */
  readonly defaultServer: string;
}

export const DEFAULT_SERVER = "http://localhost:3000";

/** null: the text is no link. */
export const linkIn = (text: string): Link | null => {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const { code, file } = roomLinkIn(new URL(text).hash);
  return { serverUrl: pageOf(text), code, file };
};

/** The page of a server, with a slash at the end. A server with https of its own invites people to its /trust. [J15c] */
const pageOf = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/(\/trust)?\/*$/, "/");
};

/**
 * @param links among what was asked for; the first one says which room it is when the options do not
 * @param mayMake without a room, a new one is made
 */
export const placeOf = async (
  { room, server, nearby, defaultServer }: PlaceOptions,
  links: readonly Link[],
  mayMake: boolean,
): Promise<Place> => {
  const link = room === undefined ? links[0] : linkIn(room);
  const named = server ?? link?.serverUrl ?? defaultServer;
  if (!/^https?:\/\//i.test(named) || !URL.canParse(named))
    throw new Failure(`"${named}" is no server: give a URL like ${DEFAULT_SERVER}`, EXIT.usage);
  const serverUrl = pageOf(named);
  const place = await roomOf(link?.code ?? room, { serverUrl, nearby, mayMake });
  for (const other of links)
    if ((await roomOf(other.code, { serverUrl, nearby, mayMake })).code !== place.code)
      throw new Failure("These links lead into different rooms: get from one room at a time.", EXIT.usage);
  return place;
};

const roomOf = async (
  code: string | undefined,
  { serverUrl, nearby, mayMake }: { serverUrl: string; nearby: boolean | undefined; mayMake: boolean },
): Promise<Place> => {
  if (code === "" || (code === undefined && nearby)) return { serverUrl, code: null, isNew: false };
  if (code === undefined) {
    if (!mayMake) throw new Failure("Which room? Name it with --room CODE, or take --nearby.", EXIT.usage);
    const made = await newRoomCode((bytes) => crypto.getRandomValues(new Uint8Array(bytes)));
    return { serverUrl, code: made, isNew: true };
  }
  const parsed = await parseRoomCode(code);
  if (parsed.ok) return { serverUrl, code: parsed.value, isNew: false };
  throw new Failure(problemWords(code, parsed.problem), EXIT.usage);
};

const problemWords = (
  code: string,
  problem: Extract<Awaited<ReturnType<typeof parseRoomCode>>, { ok: false }>["problem"],
): string => {
  switch (problem.type) {
    case "empty":
      return "The room code is empty: it has four words, like amber-otter-cedar-violet.";
    case "wrong-count":
      return `"${code}" has ${problem.count} ${problem.count === 1 ? "word" : "words"}: a room code has four, like amber-otter-cedar-violet.`;
    case "unknown-word": {
      const meant = problem.suggestions.map((word) => `"${word}"`).join(" or ");
      return `"${problem.word}" is in no room code. ${meant ? `Is it ${meant}?` : "Look at the code again."}`;
    }
  }
};

/** How the room is reached from a browser. */
export const roomLink = ({ serverUrl, code }: Place, file?: FileId): string =>
  file === undefined
    ? `${serverUrl}${code === null ? "" : `#${code}`}`
    : `${serverUrl}#${code ?? ""}/${file}`;
