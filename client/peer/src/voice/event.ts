/** What a command tells: a line of JSON each with --json, and words for people. */
import { formatBytes } from "./format.ts";

export type Event =
  | {
      readonly event: "room";
      /** null: the open room of this network. */
      readonly code: string | null;
      /** As other devices can open it. */
      readonly link: string;
    }
  | { readonly event: "server"; readonly state: "online" | "offline" }
  /** A file is offered to the room. */
  | {
      readonly event: "shared";
      readonly name: string;
      readonly folder: string;
      readonly bytes: number;
      readonly link: string;
    }
  | { readonly event: "unshared"; readonly name: string; readonly folder: string }
  /** A file or folder of the disk that is passed over. */
  | {
      readonly event: "skipped";
      readonly path: string;
      readonly why: "link" | "unreadable" | "not-a-file" | "empty-folder";
    }
  | { readonly event: "person"; readonly name: string; readonly tag: string; readonly files: number }
  /** A file that somebody offers. `sources`: how many do. */
  | {
      readonly event: "file";
      readonly name: string;
      readonly folder: string;
      readonly bytes: number;
      readonly sources: number;
      readonly link: string;
    }
  /** At most once for each whole percent. */
  | {
      readonly event: "progress";
      readonly name: string;
      readonly bytes: number;
      readonly of: number;
      readonly bytesPerSecond: number;
      readonly secondsLeft: number | null;
    }
  | { readonly event: "saved"; readonly name: string; readonly path: string; readonly bytes: number }
  | { readonly event: "sent"; readonly name: string; readonly to: string; readonly bytes: number }
  | { readonly event: "offer"; readonly from: string; readonly files: readonly string[] }
  | { readonly event: "offered"; readonly to: string; readonly files: number }
  /** A download of `share --keep`; others go on. */
  | { readonly event: "failed"; readonly name: string; readonly message: string }
  /** The end of `share`: so many bytes went out in all. */
  | { readonly event: "left"; readonly sentBytes: number }
  | { readonly event: "waiting"; readonly for: string }
  | { readonly event: "posted"; readonly text: string }
  | { readonly event: "error"; readonly message: string; readonly exitCode: number };

/** A line for people, and the stream that it goes to: results to stdout, everything else to stderr. */
export const lineOf = (event: Event): { readonly to: "stdout" | "stderr"; readonly text: string } => {
  const result = (text: string) => ({ to: "stdout", text }) as const;
  const note = (text: string) => ({ to: "stderr", text }) as const;
  switch (event.event) {
    case "room":
      return result(
        event.code === null
          ? `Room: nearby\nLink: ${event.link}`
          : `Room: ${event.code}\nLink: ${event.link}`,
      );
    case "server":
      return note(
        event.state === "online"
          ? "The server is back."
          : "The server is away. Transfers go on; this peer returns to it by itself.",
      );
    case "shared":
      return result(`Shared ${pathOf(event)} (${formatBytes(event.bytes)})`);
    case "unshared":
      return result(`No longer shared: ${pathOf(event)}`);
    case "skipped":
      return note(`Not shared: ${event.path} (${SKIPPED[event.why]})`);
    case "person":
      return result(`${event.name || "somebody"} (${event.tag}): ${counted(event.files, "file")}`);
    case "file":
      return result(
        `${formatBytes(event.bytes).padStart(7)}  ${pathOf(event)}  (${counted(event.sources, "source")})`,
      );
    case "progress":
      return note(`${event.name}: ${percentOf(event.bytes, event.of)} %`);
    case "saved":
      return result(`Saved ${event.path} (${formatBytes(event.bytes)})`);
    case "sent":
      return result(`${event.to} has ${event.name} (${formatBytes(event.bytes)})`);
    case "offer":
      return result(
        `${event.from} sends ${counted(event.files.length, "file")}: ${event.files.slice(0, 5).join(", ")}`,
      );
    case "offered":
      return note(`Offered ${counted(event.files, "file")} to ${event.to}, who has to accept.`);
    case "failed":
      return note(event.message);
    case "left":
      return note(`Left the room. ${formatBytes(event.sentBytes)} went out.`);
    case "waiting":
      return note(`Waiting for ${event.for} …`);
    case "posted":
      return result(`Posted: ${event.text}`);
    case "error":
      return note(`swapmeet: ${event.message}`);
  }
};

const SKIPPED: Readonly<Record<Extract<Event, { event: "skipped" }>["why"], string>> = {
  link: "a symbolic link",
  unreadable: "it can't be read",
  "not-a-file": "neither a file nor a folder",
  "empty-folder": "the folder is empty",
};

const pathOf = ({ name, folder }: { readonly name: string; readonly folder: string }): string =>
  folder === "" ? name : `${folder}/${name}`;

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

export const percentOf = (part: number, all: number): number =>
  all === 0 ? 100 : Math.min(100, Math.floor((part / all) * 100));
