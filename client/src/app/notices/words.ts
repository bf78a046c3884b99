/** What a notice says: what is true, and what to do. */
import type { Refusal } from "@swapmeet/engine/names/refusal";
import type { NoticeView } from "../../platform/session/notices.ts";
import { plural } from "../parts/text/format.ts";
import type { Names } from "../parts/text/person-words.ts";
import { readProblemWords } from "../parts/text/problem-words.ts";
import type { Saying } from "./saying.ts";

/** The tab has come to another network. `files`: how many were picked for the table of the room before. */
export const moveSaying = (files: number): Saying => ({
  title: "You are on another network now: this is another room.",
  remedy: `People, files and posts of the first one stay there, and nothing of yours came along but your name and your settings.${
    files > 0 ? ` Your table had ${plural(files, "file")}.` : ""
  }`,
  bad: true,
});

/** An offer is a question, not a saying: it has a dialog of its own. */
export const noticeSaying = (
  notice: Exclude<NoticeView["notice"], { type: "offer" }>,
  names: Names,
): Saying => {
  switch (notice.type) {
    case "offer-answered":
      return {
        title: `${names.person(notice.by)} ${notice.accepted ? "accepted your files" : "declined your files"}.`,
        remedy: "",
        bad: false,
      };
    case "no-route":
      return {
        title: `No route to ${notice.peer === null ? "somebody in this room" : names.person(notice.peer)}.`,
        remedy:
          notice.because === "network"
            ? "This network keeps devices apart. Try another network, or a phone's hotspot for both."
            : "Their browser allows no direct connections: a setting, an extension or a VPN in it. They can allow them there, or use another browser.",
        bad: true,
      };
    case "no-candidates":
      return {
        title: "This browser lets nobody connect to it.",
        remedy:
          "A setting, an extension or a VPN in it forbids direct connections (WebRTC). Allow them for this page, or use another browser, and reload.",
        bad: true,
      };
    case "connections-spent":
      return {
        title: "This tab has used up the connections a browser gives it.",
        remedy: "Reload the page. What you fetched and wrote is kept; what you share has to be picked again.",
        bad: true,
      };
    case "not-reached":
      return {
        title: `${names.person(notice.peer)} did not get your offer: nobody answered.`,
        remedy: "They may have left, or sleep. Offer the files again when they are here.",
        bad: true,
      };
    case "peer-dropped":
      return {
        title: `${names.person(notice.peer)} was dropped: ${refusalWords(notice.refusal)}.`,
        remedy: "Nothing false was kept. What is missing comes from others.",
        bad: true,
      };
    case "source-unreadable":
      return {
        title: `${names.file(notice.file)} is off your table: ${readProblemWords(notice.reason)}.`,
        remedy: "Add it again to share it as it is now.",
        bad: true,
      };
    case "two-histories":
      return {
        title: `${names.person(notice.author)} signed two different histories.`,
        remedy: "What came after the split is not shown.",
        bad: true,
      };
    case "false-hand-over":
      return {
        title:
          notice.because === "unreadable"
            ? `${names.file(notice.file)} could not be read where ${names.person(notice.from)}, another tab of this browser, has it.`
            : `What ${names.person(notice.from)}, another tab of this browser, handed over is not ${names.file(notice.file)}.`,
        remedy: "Nothing of it was kept. The file is fetched over the channel instead.",
        bad: true,
      };
  }
};

/** What a dropped peer did, to follow its name. */
export const refusalWords = (refusal: Refusal): string => {
  switch (refusal) {
    case "wrong-block":
    case "wrong-layer":
    case "wrong-leaves":
    case "wrong-length":
      return "sent data that is not the file";
    case "unrequested-block":
    case "unrequested-layer":
      return "sent data nobody asked for";
    case "false-proof":
    case "second-proof":
    case "frame-before-proof":
      return "could not prove who they are";
    case "false-entry":
    case "oversize-entry":
    case "too-many-entries":
      return "published a list that does not check out";
    case "false-fork":
      return "accused somebody of a lie and could not prove it";
    case "malformed-envelope":
    case "forged-envelope":
    case "replayed-envelope":
    case "reordered-envelope":
    case "stale-envelope":
      return "sent an introduction that was tampered with on the way";
    case "too-many-introductions":
    case "too-many-requests":
    case "too-many-messages":
    case "author-flood":
    case "flood":
      return "sent far more than anybody asked for";
    case "oversize-frame":
    case "malformed-frame":
    case "unknown-frame":
    case "bad-request":
    case "unreadable-message":
      return "sent messages that make no sense";
  }
};
