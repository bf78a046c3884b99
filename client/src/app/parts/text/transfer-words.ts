/** How far a download is, and what it waits for. */
import type { DownloadView, TransferFailure, TransferState } from "@swapmeet/engine/io/view";
import type { PeerId } from "@swapmeet/engine/names/peer-id";
import { formatCount, formatNames, formatPercent, percentOf, plural } from "./format.ts";
import type { Names } from "./person-words.ts";
import { storeProblemWords } from "./problem-words.ts";

export const failureWords = (failure: TransferFailure, names: Pick<Names, "person">): string => {
  switch (failure.type) {
    case "source-unreadable":
      return failure.reason === "changed"
        ? `the file was changed on ${names.person(failure.by)}'s disk. Ask for it to be added again`
        : `the file is gone from ${names.person(failure.by)}'s disk. Ask for it to be added again`;
    case "stopped":
      return `${names.person(failure.by)} stopped sending this. It goes on when they allow it again, or when somebody else has it`;
    case "save":
      return `it is complete but could not be saved: ${storeProblemWords(failure.problem)}`;
  }
};

/** Begins with the state's name, as the interface of names asks. */
export const stateWords = (state: TransferState, names: Pick<Names, "person">): string => {
  switch (state.type) {
    case "queued":
      if (state.position !== null) return `Queued, number ${formatCount(state.position)} in line`;
      return state.sources === 0
        ? "Queued, nobody here has it now. It starts when somebody comes who does"
        : `Queued, asking ${plural(state.sources, "source")}`;
    case "downloading":
      return "Downloading";
    case "waiting":
      return `Queued, ${waitingWords(state.for, names)}`;
    case "paused":
      if (state.because === "person") return "Paused";
      return `${state.because.kind === "in-use" ? "Queued" : "Paused"}: ${storeProblemWords(state.because)}`;
    case "verifying":
      return "Verifying";
    case "saving":
      return "Waiting to be saved";
    case "complete":
      return state.saved ? "Complete, saved" : "Complete";
    case "failed":
      return `Failed: ${failureWords(state.reason, names)}`;
  }
};

const waitingWords = (peers: readonly PeerId[], names: Pick<Names, "person">): string =>
  `waiting for ${formatNames(peers.map((peer) => names.person(peer)))}`;

/** Of a download that stands in the results: how far it is, or whom it waits for. */
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
