/** Why a file could not be read or stored. */
import { m } from "../../words/messages.js";
import type { ReadProblem, StoreDefect, StoreProblem } from "@swapmeet/engine/io/io";
import { formatBytes } from "./format.ts";

export const readProblemWords = (problem: ReadProblem): string => {
  switch (problem) {
    case "changed":
      return m.parts_it_was_changed_on_the();
    case "vanished":
      return m.parts_it_is_no_longer_on();
  }
};

export const storeProblemWords = (problem: StoreProblem): string => {
  switch (problem.kind) {
    case "full":
      return problem.missingBytes === null
        ? m.parts_no_room_left_delete_stored()
        : m.parts_no_room_missingbytes_missing_delete({ missingBytes: formatBytes(problem.missingBytes) });
    case "in-use":
      return m.parts_another_tab_of_this_browser();
    case "source-unreadable":
      return m.parts_reason_fetch_it_again({ reason: readProblemWords(problem.reason) });
    case "broken":
      return m.parts_this_browsers_storage_does_not({ reason: defectWords(problem.defect) });
  }
};

const defectWords = (defect: StoreDefect): string => {
  switch (defect.type) {
    case "closed":
      return m.parts_the_store_is_closed();
    case "room-left":
      return m.parts_the_room_was_left();
    case "incomplete":
      return m.parts_the_file_is_not_complete();
    case "silent":
      return m.parts_it_does_not_answer();
    case "not-loaded":
      return m.parts_a_part_of_swapmeet_could();
    case "stopped":
      return m.parts_a_part_of_swapmeet_has();
    case "worker-silent":
      return m.parts_the_part_of_swapmeet_that();
    case "folder-silent":
      return m.parts_the_folder_does_not_answer();
    case "no-free-name":
      return m.parts_no_free_name();
    case "wrong-length":
      return m.parts_wrong_length({ bytes: defect.bytes });
    case "missing-piece":
      return m.parts_missing_piece({ piece: defect.piece });
    case "damaged-piece":
      return m.parts_damaged_piece({ piece: defect.piece });
    case "error":
      return defect.text;
  }
};
