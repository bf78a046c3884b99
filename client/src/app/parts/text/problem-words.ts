/** Why a file could not be read or stored. */
import type { ReadProblem, StoreDefect, StoreProblem } from "@swapmeet/engine/io/io";
import { formatBytes } from "./format.ts";

export const readProblemWords = (problem: ReadProblem): string => {
  switch (problem) {
    case "changed":
      return "it was changed on the disk since it was added";
    case "vanished":
      return "it is no longer on the disk: moved, deleted, or its drive is gone";
  }
};

export const storeProblemWords = (problem: StoreProblem): string => {
  switch (problem.kind) {
    case "full":
      return `${
        problem.missingBytes === null
          ? "no room left"
          : `no room, ${formatBytes(problem.missingBytes)} missing`
      }. Delete stored files in Settings or free disk space; it goes on by itself`;
    case "in-use":
      return "another tab of this browser is fetching it. It is here as soon as that tab has it";
    case "source-unreadable":
      return `${readProblemWords(problem.reason)}. Fetch it again`;
    case "broken":
      return `this browser's storage does not work (${defectWords(problem.defect)}). Reload the page, or use a window that is not private`;
  }
};

const defectWords = (defect: StoreDefect): string => {
  switch (defect.type) {
    case "closed":
      return "the store is closed";
    case "room-left":
      return "the room was left";
    case "incomplete":
      return "the file is not complete";
    case "silent":
      return "it does not answer";
    case "not-loaded":
      return "A part of Swapmeet could not be loaded from its server";
    case "stopped":
      return "A part of Swapmeet has stopped working";
    case "worker-silent":
      return "the part of Swapmeet that stores files does not answer";
    case "folder-silent":
      return "the folder does not answer";
    case "no-free-name":
      return "no free name";
    case "wrong-length":
      return `${defect.bytes} bytes are stored`;
    case "missing-piece":
      return `piece ${defect.piece} is not stored`;
    case "damaged-piece":
      return `piece ${defect.piece} is damaged`;
    case "error":
      return defect.text;
  }
};
