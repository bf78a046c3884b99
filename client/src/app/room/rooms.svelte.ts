/** Which room this tab is in. The address bar says it, and going back goes back to the room before. */
import { createContext } from "svelte";
import type { Result } from "@swapmeet/shared";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { RoomChoice } from "../../platform/session/boot.ts";
import type { RoomCode, RoomCodeProblem } from "../../platform/room/room-code.ts";
import type { PickedFile } from "../../platform/files/dropped-files.ts";
import type { Session } from "../../platform/session/session.ts";
import { OpeningSession } from "./opening-session.ts";
import { hashOf, roomLinkIn } from "../../platform/room/room-link.ts";
import { leavingWords } from "./leaving-words.ts";

/** The code behind the page, which is loaded once the page is shown. */
export interface Doors {
  parseCode(text: string): Promise<Result<RoomCode, RoomCodeProblem>>;
  newCode(): Promise<RoomCode>;
  /** @param moved is called when the device is on another network, in another open room: the session is over */
  boot(choice: RoomChoice, moved: () => void): Promise<Session>;
}

/** The device came to another network, so the tab is in another open room. */
export interface Move {
  /** The files that were on the table in the old room and can be put on the table here. */
  readonly picked: readonly PickedFile[];
}

export type Stage =
  | { readonly type: "room"; readonly session: Session }
  | { readonly type: "bad-code"; readonly text: string; readonly problem: RoomCodeProblem }
  | { readonly type: "failed"; readonly reason: string };

export class Rooms {
  readonly #doors: Doors;
  #entries = 0;
  /** The hash of the room in use. */
  #here = "";
  stage = $state.raw<Stage>({ type: "room", session: new OpeningSession(viewOf("")) });
  /** The file that the link pointed at, until it has been shown. */
  file = $state.raw<FileId | null>(null);
  /** The room to go to once the person agrees, because leaving this one would end or lose something. */
  leavingFor = $state.raw<string | null>(null);

  /** The last move; null once the person has dismissed it or chosen a room. */
  move = $state.raw<Move | null>(null);
  /** How often the network was changed. */
  moves = $state(0);

  readonly isPrivate = $derived(this.stage.type === "room" && this.stage.session.room.kind === "private");

  constructor(doors: Doors) {
    this.#doors = doors;
  }

  /** Enters the room of the address bar and follows it from now on. Returns how to stop. */
  open(): () => void {
    const follow = () => this.#follow();
    addEventListener("hashchange", follow);
    addEventListener("pageshow", this.#cameBack);
    void this.#enter(location.hash);
    return () => {
      removeEventListener("hashchange", follow);
      removeEventListener("pageshow", this.#cameBack);
      this.#close();
    };
  }

  parseCode(text: string): Promise<Result<RoomCode, RoomCodeProblem>> {
    return this.#doors.parseCode(text);
  }

  async goToNew(): Promise<void> {
    this.goTo(await this.#doors.newCode());
  }

  /** "": the open room. */
  goTo(code: string): void {
    const hash = hashOf({ code, file: null });
    if (hash === this.#here) return;
    if (this.#asksFirst()) this.leavingFor = hash;
    else this.#goTo(hash);
  }

  leave(): void {
    const hash = this.leavingFor;
    this.leavingFor = null;
    if (hash !== null) this.#goTo(hash);
  }

  stay(): void {
    this.leavingFor = null;
  }

  retry(): void {
    void this.#enter(this.#here);
  }

  /** Puts the files of the room before on the table of this one. Only the person may start this. */
  addAgain(): void {
    const picked = this.move?.picked ?? [];
    this.move = null;
    if (this.stage.type === "room") void this.stage.session.library.add(picked);
  }

  /** Begins a visit to the open room of another network. */
  #moved(session: Session): void {
    // Files that were not put on the new table yet are kept for one more move.
    const picked = session.library.picked.length > 0 ? session.library.picked : (this.move?.picked ?? []);
    void this.#enter(hashOf({ code: "", file: null }));
    this.move = { picked };
    this.moves++;
  }

  /** The back button can restore the page without loading it; but the tab left the room when it left the page. */
  readonly #cameBack = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) this.retry();
  };

  #goTo(hash: string): void {
    history.pushState(null, "", urlOf(hash));
    void this.#enter(hash);
  }

  /** The address bar has changed by hand, by a link, or by going back. */
  #follow(): void {
    const { code, file } = roomLinkIn(location.hash);
    if (code === roomLinkIn(this.#here).code) {
      this.#here = location.hash;
      this.file = file;
    } else if (this.#asksFirst()) {
      this.leavingFor = location.hash;
      history.replaceState(null, "", urlOf(this.#here));
    } else {
      void this.#enter(location.hash);
    }
  }

  async #enter(hash: string): Promise<void> {
    this.#close();
    this.move = null;
    const entry = ++this.#entries;
    const isOver = () => entry !== this.#entries;
    this.#here = hash;
    const { code: text, file } = roomLinkIn(hash);
    const opening = new OpeningSession(viewOf(text));
    this.stage = { type: "room", session: opening };
    try {
      const parsed = text === "" ? null : await this.#doors.parseCode(text);
      if (isOver()) return;
      if (parsed?.ok === false) {
        this.stage = { type: "bad-code", text, problem: parsed.problem };
        return;
      }
      this.#here = hashOf({ code: parsed?.value ?? "", file });
      history.replaceState(null, "", urlOf(this.#here));
      const session: Session = await this.#doors.boot(
        parsed === null ? { kind: "open" } : { kind: "private", code: parsed.value },
        () => void (isOver() || this.#moved(session)),
      );
      if (isOver()) {
        session.close();
        return;
      }
      opening.handOver(session);
      this.stage = { type: "room", session };
      this.file = file;
    } catch (error) {
      if (!isOver())
        this.stage = { type: "failed", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  #asksFirst(): boolean {
    return this.stage.type === "room" && leavingWords(this.stage.session).length > 0;
  }

  #close(): void {
    this.#entries++;
    if (this.stage.type === "room") this.stage.session.close();
  }
}

const urlOf = (hash: string): string => location.pathname + location.search + hash;

function viewOf(code: string) {
  const link = location.origin + location.pathname + hashOf({ code, file: null });
  const links = { link, outside: link };
  return code === "" ? ({ kind: "open", ...links } as const) : ({ kind: "private", code, ...links } as const);
}

export const [useRooms, provideRooms] = createContext<Rooms>();
