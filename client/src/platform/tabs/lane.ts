/**
 * The same-browser lane: tabs of one browser and room hand each other files themselves. A BroadcastChannel passes a
 * file by reference, so its bytes take no channel and stay readable when the tab that gave it is closed. PROTOCOL.md,
 * rules L1 to L6.
 *
 * It asks, answers and hands on; it reads no byte. Other code checks that a received Blob is the file, and reports a
 * tab that gave another one to refuse().
 */
import type { RoomTag } from "@swapmeet/shared";
import * as v from "valibot";
import { BoundedSet } from "@swapmeet/engine/base/bounded";
import { bytesToHex } from "@swapmeet/engine/base/bytes";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { openChannel } from "../web/channel.ts";
import {
  ASK_ID_BYTES,
  laneName,
  MAX_ANNOUNCED_FILES,
  newNonce,
  openLaneMessage,
  sealLaneMessage,
  type LaneKeys,
  type LaneMessage,
} from "./lane-message.ts";

/** Beyond so many refused files of tabs the oldest is asked for again: that costs one more check. Guess. */
const MAX_REFUSED = 1_024;

export interface LaneEvents {
  /** False: the person wants files to take the channel. */
  mayAsk(): boolean;
  /** The file itself, when this tab shares it. */
  shared(file: FileId): Promise<Blob | null>;
  /** A tab answers; nothing is verified. */
  handed(file: FileId, from: PeerId, content: Blob): void;
}

type Channel = Pick<BroadcastChannel, "onmessage" | "postMessage" | "close">;

const Posted = v.object({ sealed: v.instance(Uint8Array), content: v.optional(v.instance(Blob)) });

export class Lane {
  readonly #keys: LaneKeys;
  readonly #me: PeerId;
  readonly #events: LaneEvents;
  /** Null where tabs can't reach each other: then nothing is asked or answered, and files come over the channel. */
  readonly #channel: Channel | null;
  /** For each wanted file, the ask that may still be answered; null when its answer has come. */
  readonly #asks = new Map<FileId, string | null>();
  /** `<peer> <file>`: the tab gave bytes that were not this file. */
  readonly #refused = new BoundedSet<string>(MAX_REFUSED);

  constructor(
    keys: LaneKeys,
    me: PeerId,
    events: LaneEvents,
    open: (name: string) => Channel | null = openChannel,
  ) {
    this.#keys = keys;
    this.#me = me;
    this.#events = events;
    this.#channel = open(laneName(keys));
    if (this.#channel) this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(data);
  }

  /** The room it belongs to. */
  get tag(): RoomTag {
    return this.#keys.tag;
  }

  /** Asks all tabs; a tab that begins to share the file later is asked then. */
  ask(file: FileId): void {
    if (!this.#events.mayAsk()) return;
    const id = bytesToHex(crypto.getRandomValues(new Uint8Array(ASK_ID_BYTES)));
    this.#asks.set(file, id);
    this.#post({ type: "ask", from: this.#me, id, file });
  }

  /** The file is not wanted any more. */
  forget(file: FileId): void {
    this.#asks.delete(file);
  }

  announce(files: readonly FileId[]): void {
    for (let at = 0; at < files.length; at += MAX_ANNOUNCED_FILES)
      this.#post({ type: "have", from: this.#me, files: files.slice(at, at + MAX_ANNOUNCED_FILES) });
  }

  /** Takes this file from that tab no more. */
  refuse(file: FileId, from: PeerId): void {
    this.#refused.add(`${from} ${file}`);
  }

  close(): void {
    if (!this.#channel) return;
    this.#channel.onmessage = null;
    this.#channel.close();
  }

  #hear(data: unknown): void {
    const posted = v.safeParse(Posted, data);
    const message = posted.success ? openLaneMessage(this.#keys, posted.output.sealed) : null;
    if (!posted.success || !message || message.from === this.#me) return;
    switch (message.type) {
      case "ask":
        return void this.#answer(message);
      case "have":
        for (const file of message.files)
          if (this.#asks.has(file) && !this.#isRefused(file, message.from)) this.ask(file);
        return;
      case "give": {
        const { file, from, to, id } = message;
        const { content } = posted.output;
        if (to !== this.#me || this.#asks.get(file) !== id || this.#isRefused(file, from) || !content) return;
        this.#asks.set(file, null);
        return this.#events.handed(file, from, content);
      }
    }
  }

  async #answer({ id, file, from }: Extract<LaneMessage, { type: "ask" }>): Promise<void> {
    const content = await this.#events.shared(file).catch(() => null); // another tab may have it, or a peer
    if (content) this.#post({ type: "give", from: this.#me, to: from, id, file }, content);
  }

  #isRefused(file: FileId, from: PeerId): boolean {
    return this.#refused.has(`${from} ${file}`);
  }

  #post(message: LaneMessage, content?: Blob): void {
    const sealed = sealLaneMessage(this.#keys, message, newNonce());
    if (this.#channel?.onmessage) this.#channel.postMessage(content ? { sealed, content } : { sealed });
  }
}
