/**
 * The answer to an output that could not be performed, because something threw that nobody has foreseen: no output
 * stays unanswered. Null: the engine expects no answer to it, or counts the time until it comes.
 */
import { publicKeyOf } from "@swapmeet/engine";
import type { Input, Output } from "@swapmeet/engine/io/io";
import { unperformedByFiles } from "../bytes/host-files.ts";
import { verify } from "./signature.ts";

export const unperformed = (output: Output, error: unknown): Input | null => {
  switch (output.type) {
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
    case "entered":
    case "another-room":
    case "notice":
      return null;
    default:
      return unperformedByFiles(output, error);
  }
};
