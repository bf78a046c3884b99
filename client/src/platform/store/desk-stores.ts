/**
 * Piece stores on the page: blocks are put together here, everything else is a call to the desk. Every call is answered
 * in any case, because a download waits for it.
 */
import * as Comlink from "comlink";
import { fail, ok, type Result } from "@swapmeet/shared";
import { geometryOf, lengthOf, type FileId } from "@swapmeet/engine/names/file-id";
import type { StoreProblem } from "@swapmeet/engine/io/io";
import { PieceBuffers } from "./piece-buffers.ts";
import type { PieceStore, PieceStores } from "./piece-store.ts";
import type { CheckAnswer, Opened, StoreDesk } from "./store-desk.ts";
import { brokenBy } from "../workers/broken-by.ts";
import { unlessStill } from "../web/silence.ts";
import { within } from "../web/time-limit.ts";

/** A piece takes a second on a slow card, and as many pieces as memory holds may wait before it. Guess. */
const PIECE_MS = 60_000;
/** A call about a whole file waits no longer for its turn. Guess. */
const BUSY_MS = 10 * 60_000;

/** A desk in a worker, or one right here. */
export type Desk = Pick<StoreDesk, keyof StoreDesk> | Comlink.Remote<StoreDesk>;

export const storesAt = (desk: Desk, kind: PieceStores["kind"], limitBytes: number | null): PieceStores => {
  const files = new FileCalls();
  return {
    kind,
    limitBytes,
    async open(file, name, layer, onVerified = () => {}) {
      const opened = await files.answered(
        (heard) =>
          desk.open(
            file,
            name,
            layer,
            Comlink.proxy((bytes) => (heard(), onVerified(bytes))),
          ),
        () => desk.close(file),
      );
      return opened.ok ? ok(storeAt(desk, files, file, opened.value)) : opened;
    },
    async openWhole(file, name) {
      const opened = await files.answered(
        () => desk.openWhole(file, name),
        () => desk.close(file),
      );
      return opened.ok ? ok(opened.value && storeAt(desk, files, file, opened.value)) : opened;
    },
    async holds(file) {
      const held = await files.answered(() => desk.holds(file));
      return !held.ok || held.value;
    },
    async canOpen(file, name) {
      const can = await files.answered(() => desk.canOpen(file, name));
      return !can.ok || can.value;
    },
    list: () => files.answered(() => desk.list()),
    forget: (file) => files.answered(() => desk.forget(file)),
  };
};

const storeAt = (
  desk: Desk,
  files: FileCalls,
  file: FileId,
  { have, layer, isBorrowed }: Opened,
): PieceStore => {
  const buffers = new PieceBuffers(geometryOf(lengthOf(file)));
  return {
    file,
    have,
    layer,
    isBorrowed,
    put: (begin, block) => buffers.put(begin, block),
    async check(piece, hash) {
      const sent = buffers.take(piece);
      const checking = (): Promise<CheckAnswer> =>
        desk.check(file, piece, hash, Comlink.transfer(sent, [sent.buffer]));
      const checked = await answered<CheckAnswer>(async () => ok(await checking()));
      if (!checked.ok) return checked;
      const { result, bytes } = checked.value;
      if (result.ok && result.value.type === "stored") buffers.recycle(piece, bytes);
      else buffers.keep(piece, bytes);
      return result;
    },
    drop: (piece) => buffers.drop(piece),
    read: (begin, length) => answered(() => desk.read(file, begin, length)),
    leaves: (piece) => answered(() => desk.leaves(file, piece)),
    blob: () => files.answered((heard) => desk.blob(file, Comlink.proxy(heard))),
    close: async () => void (await answered(async () => ok(await desk.close(file)))),
    forget: async () => void (await files.answered(() => desk.forget(file))),
  };
};

/** Answers a call about one piece. A call that takes too long is a problem, too. */
const answered = <Value>(
  call: () => Promise<Result<Value, StoreProblem>>,
): Promise<Result<Value, StoreProblem>> =>
  caught(async () => (await within(PIECE_MS, call())) ?? fail(SILENT));

/**
 * The calls about whole files. Thousands may be made at once, and one may read all of its file. So each call is waited
 * for as long as the desk answers other calls, or reports progress with this file.
 */
class FileCalls {
  #answers = 0;

  /** `letGo` releases a result that came too late. */
  answered<Value>(
    call: (heard: () => void) => Promise<Result<Value, StoreProblem>>,
    letGo?: () => Promise<unknown>,
  ): Promise<Result<Value, StoreProblem>> {
    return caught(async () => {
      let heard = 0;
      const working = call(() => heard++).finally(() => this.#answers++);
      const waiting = unlessStill(PIECE_MS, working, () => heard + this.#answers);
      const answer = await unlessStill(BUSY_MS, waiting, () => heard);
      if (answer) return answer;
      void working.then(
        (late) => late.ok && letGo?.(),
        () => {},
      );
      return fail(SILENT);
    });
  }
}

/** A bug, or memory that is full: the console tells it, and the caller gets a problem like others. */
const caught = async <Value>(
  call: () => Promise<Result<Value, StoreProblem>>,
): Promise<Result<Value, StoreProblem>> => {
  try {
    return await call();
  } catch (error) {
    reportError(error);
    return fail(brokenBy(error));
  }
};

const SILENT: StoreProblem = { kind: "broken", defect: { type: "silent" } };
