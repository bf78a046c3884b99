/** One visit to a room: joins it, waits for what a command needs, and leaves. */
import { setTimeout as delay } from "node:timers/promises";
import type { Notice } from "@swapmeet/engine/io/io";
import type { PersonView, ResultRow } from "@swapmeet/engine/io/view";
import { EVERYTHING, Peer, type ServerState } from "../../../node/peer.ts";
import { EXIT, Failure } from "../base/failure.ts";
import { roomLink, type Place } from "./place.ts";
import type { Voice } from "../voice/voice.ts";

export interface VisitOptions {
  readonly place: Place;
  readonly name: string;
  /** The folder for downloads. */
  readonly folder: string;
  readonly sharesDownloads: boolean;
  readonly waitSeconds: number;
  readonly voice: Voice;
  /** Aborted with the Failure that ends the command. */
  readonly ending: AbortController;
}

/** Feeds come in within less than this, one after the other. Guess. */
const QUIET_MS = 1_500;
/** The server knows its address at once. */
const ADDRESS_WITHIN_MS = 1_000;

export class Visit {
  readonly peer: Peer;
  readonly voice: Voice;
  readonly place: Place;
  readonly waitSeconds: number;
  /** Where other devices find the room's page. */
  readonly outside: Place;
  /** Listens to the notices of the engine. */
  onNotice: (notice: Notice) => void = () => {};

  /** Resolves when the peer is in the room. Rejects with a Failure. */
  static async open(options: VisitOptions): Promise<Visit> {
    const { place, voice, ending, waitSeconds, name, folder, sharesDownloads } = options;
    const { serverUrl, code } = place;
    const entered: { visit?: Visit } = {};
    let server: ServerState | undefined;
    let moved = false;
    const peer = await Peer.join({
      ...{ serverUrl, code, name, folder, sharesDownloads },
      server: (state) => {
        const now = presenceOf(state);
        if (entered.visit && now !== null && now !== presenceOf(server))
          voice.say({ event: "server", state: now });
        if (now !== null || presenceOf(server) !== "online") server = state;
      },
      notice: (notice) => entered.visit?.onNotice(notice),
      moved: () => (moved = true),
    });
    const [outside] = await Promise.all([
      outsideOf(place),
      joined(() => server, peer, options).catch((error: unknown) => {
        peer.close();
        throw error;
      }),
    ]);
    return (entered.visit = new Visit(peer, {
      voice,
      place,
      ending,
      waitSeconds,
      outside,
      isMoved: () => moved,
    }));
  }

  readonly #ending: AbortController;
  readonly #isMoved: () => boolean;

  private constructor(peer: Peer, from: Entered) {
    this.peer = peer;
    this.voice = from.voice;
    this.place = from.place;
    this.waitSeconds = from.waitSeconds;
    this.outside = from.outside;
    this.#ending = from.ending;
    this.#isMoved = from.isMoved;
  }

  /** Aborted with the Failure that ends the command. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Ends the command. */
  fail(error: unknown): void {
    this.#ending.abort(error);
  }

  /**
   * Waits until `look` gives a value. Rejects with what ends the command; and, after the time that a person waits, with
   * a Failure in the words of `late`.
   */
  async when<Value>(look: () => Value | undefined, late?: () => string): Promise<Value> {
    const tooLate = late && this.waitSeconds > 0 ? AbortSignal.timeout(this.waitSeconds * 1000) : null;
    try {
      return await this.peer.when(
        () => {
          if (this.#isMoved())
            throw new Failure("The server has put this peer into another room: try again.");
          return look();
        },
        tooLate ? AbortSignal.any([this.signal, tooLate]) : this.signal,
      );
    } catch (error) {
      if (tooLate?.aborted && error === tooLate.reason) throw new Failure(late!());
      throw error;
    }
  }

  /**
   * Waits until the room is known: somebody is linked, and nothing new came for a while.
   * @returns false: nobody else is here
   */
  async known(): Promise<boolean> {
    const { engine } = this.peer;
    if (engine.memberCount === 0 && engine.people().length === 0) {
      await delay(QUIET_MS, null, { signal: this.signal });
      if (engine.people().length === 0) return false;
    }
    await this.when(
      () => engine.people().some(({ reach }) => reach !== "known") || undefined,
      () =>
        `${engine.memberCount} ${engine.memberCount === 1 ? "peer is" : "peers are"} in the room, and none can be reached from here: the networks keep them apart. A TURN server helps.`,
    );
    const seen = () => `${engine.people().length} ${this.files().length}`;
    for (let before = ""; before !== seen();) {
      before = seen();
      await delay(QUIET_MS, null, { signal: this.signal });
    }
    return true;
  }

  files(text = ""): readonly ResultRow[] {
    return this.peer.engine.search({ ...EVERYTHING, text }).rows;
  }

  /** Those who are in the room. */
  people(): readonly PersonView[] {
    return this.peer.engine.people().filter(({ presence }) => presence !== "gone");
  }

  linkTo(file?: ResultRow["file"]): string {
    return roomLink(this.outside, file);
  }

  sayRoom(): void {
    this.voice.say({ event: "room", code: this.place.code, link: this.linkTo() });
  }

  close(): void {
    this.voice.close();
    this.peer.close();
  }
}

interface Entered extends Pick<VisitOptions, "voice" | "place" | "waitSeconds" | "ending"> {
  readonly outside: Place;
  isMoved(): boolean;
}

const joined = async (
  server: () => ServerState | undefined,
  peer: Peer,
  { place: { serverUrl }, ending: { signal }, waitSeconds }: VisitOptions,
): Promise<void> => {
  const tooLate = AbortSignal.timeout((waitSeconds || ANSWERS_WITHIN_SECONDS) * 1000);
  try {
    await peer.when(
      () => {
        const state = server();
        if (state === undefined) return undefined;
        if (presenceOf(state) === "online") return true;
        throw new Failure(refusal(state, serverUrl), EXIT.unavailable);
      },
      AbortSignal.any([signal, tooLate]),
    );
  } catch (error) {
    if (error === tooLate.reason)
      throw new Failure(
        `The server at ${serverUrl} does not answer. Is it a server of Swapmeet?`,
        EXIT.unavailable,
      );
    throw error;
  }
};

/** Guess. */
const ANSWERS_WITHIN_SECONDS = 30;

/** Null: the server said no. */
const presenceOf = (state: ServerState | undefined): "online" | "offline" | null => {
  if (state === undefined || state === "offline") return state === undefined ? null : "offline";
  return "online" in state ? "online" : null;
};

const refusal = (state: ServerState, serverUrl: string): string => {
  if (state === "offline" || "online" in state)
    return `Nothing answers at ${serverUrl}. Is the server running? Name another with --server URL.`;
  switch (state.refused) {
    case "room-full":
      return "The room is full. Try again later.";
    case "too-fast":
      return "The server takes no more requests from this address for now. Try again in a minute.";
    case "unavailable":
      return "The server can't let anybody into a room at the moment. Try again later.";
    case "unknown-host":
    case "foreign-origin":
      return `The server does not know itself under ${serverUrl}. Use another of its addresses, or start it with PUBLIC_ORIGIN=${new URL(serverUrl).origin}.`;
    case "bad-request":
      return `The server at ${serverUrl} does not understand this version of Swapmeet. Update the older of the two.`;
  }
};

/** At "localhost" nobody else finds the page: the server knows its address on the network. */
const outsideOf = async (place: Place): Promise<Place> => {
  if (!/^(localhost|127\..*|\[::1\])$/.test(new URL(place.serverUrl).hostname)) return place;
  try {
    const answer = await fetch(new URL("addresses.json", place.serverUrl), {
      signal: AbortSignal.timeout(ADDRESS_WITHIN_MS),
    });
    const [address]: unknown[] = answer.ok ? ((await answer.json()) as unknown[]) : [];
    return typeof address === "string" ? { ...place, serverUrl: address } : place;
  } catch {
    return place;
  }
};
