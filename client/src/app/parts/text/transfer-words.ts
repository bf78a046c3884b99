/** How far a download is, and what it waits for. */
import { m } from "../../words/messages.js";
import type { DownloadView, TransferFailure, TransferState } from "@swapmeet/engine/io/view";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { counted } from "./plurals.ts";
import { formatCount, formatNames, formatPercent, percentOf } from "./format.ts";
import type { Names } from "./person-words.ts";
import { storeProblemWords } from "./problem-words.ts";

export const failureWords = (failure: TransferFailure, names: Pick<Names, "person">): string => {
  switch (failure.type) {
    case "source-unreadable":
      return failure.reason === "changed"
        ? m.parts_the_file_was_changed_on({ name: names.person(failure.by) })
        : m.parts_the_file_is_gone_from({ name: names.person(failure.by) });
    case "stopped":
      return m.parts_name_stopped_sending_this_it({ name: names.person(failure.by) });
    case "save":
      return m.parts_it_is_complete_but_could({ reason: storeProblemWords(failure.problem) });
  }
};

/** Begins with the state's name, as the interface of names asks. */
export const stateWords = (state: TransferState, names: Pick<Names, "person">): string => {
  switch (state.type) {
    case "queued":
      if (state.position !== null)
        return m.parts_queued_number_position_in_line({ position: formatCount(state.position) });
      return state.sources === 0
        ? m.parts_queued_nobody_here_has_it()
        : m.parts_queued_asking_sources({ sources: m.parts_sources(counted(state.sources)) });
    case "downloading":
      return m.parts_downloading();
    case "waiting":
      return m.parts_queued_waiting({ waiting: waitingWords(state.for, names) });
    case "paused":
      if (state.because === "person") return m.parts_paused();
      return `${state.because.kind === "in-use" ? m.parts_queued() : m.parts_paused()}: ${storeProblemWords(state.because)}`;
    case "verifying":
      return m.parts_verifying();
    case "saving":
      return m.parts_waiting_to_be_saved();
    case "complete":
      return state.saved ? m.parts_complete_saved() : m.parts_complete();
    case "failed":
      return m.parts_failed_failure({ failure: failureWords(state.reason, names) });
  }
};

const waitingWords = (peers: readonly PeerId[], names: Pick<Names, "person">): string =>
  m.parts_waiting_for_names({ names: formatNames(peers.map((peer) => names.person(peer))) });

/** Says how far a download in the results is, and what it waits for. */
export const progressWords = (
  { state, verifiedBytes, length }: Pick<DownloadView, "state" | "verifiedBytes" | "length">,
  names: Pick<Names, "person">,
): string => {
  const progress = formatPercent(percentOf(verifiedBytes, length));
  return state.type === "waiting" ? `${progress}, ${waitingWords(state.for, names)}` : progress;
};

/** The state's name alone, for where there is no room for a reason. */
export const stateName = (state: TransferState, names: Pick<Names, "person">): string =>
  stateWords(state, names).split(/[:,]/, 1)[0]!;
