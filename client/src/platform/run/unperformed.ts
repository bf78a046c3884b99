/**
 * The answer to an output that could not be performed, because something threw that nobody has foreseen: no output
 * stays unanswered. Null: the engine expects no answer to it, or counts the time until it comes.
 */
import { publicKeyOf } from "@swapmeet/engine";
import type { Input, Output } from "@swapmeet/engine/io/io";
import { brokenBy } from "../workers/broken-by.ts";
import { verify } from "./signature.ts";

export const unperformed = (output: Output, error: unknown): Input | null => {
  switch (output.type) {
    case "open-store":
    case "put-block":
    case "check-piece":
      return { type: "store-failed", file: output.file, reason: brokenBy(error) };
    case "send-blocks":
    case "hash-leaves":
      return { type: "read-failed", file: output.file, reason: "vanished" };
    case "save-file":
      return { type: "save-failed", file: output.file, reason: brokenBy(error) };
    case "check-file":
      return { type: "file-checked", file: output.file, layer: null };
    case "verify": {
      const { job, by, bytes, signature } = output;
      return { type: "verified", job, valid: verify(publicKeyOf(by), bytes, signature) };
    }
    case "open-message":
      return { type: "message-opened", job: output.job, text: null };
    case "dial":
    case "accept":
    case "signal":
      return { type: "link-closed", link: output.link, reason: "closed" };
    case "sign": // with a key in memory, and no API of a browser
    case "send-envelope":
    case "sample-members":
    case "close-link":
    case "open-relay":
    case "relay-took":
    case "send":
    case "keep-batch":
    case "unkeep-batch":
    case "drop-piece":
    case "stop-blocks":
    case "close-store":
    case "ask-tabs":
    case "drop-file":
    case "entered":
    case "another-room":
    case "notice":
      return null;
  }
};
