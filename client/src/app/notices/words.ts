/** The words of a notice: what is true, and what to do. */
import { m } from "../words/messages.js";
import { fileCount } from "../parts/text/plurals.ts";
import type { Refusal } from "@swapmeet/engine/names/refusal";
import type { NoticeView } from "../../platform/session/notices.ts";
import type { Names } from "../parts/text/person-words.ts";
import { readProblemWords } from "../parts/text/problem-words.ts";
import type { Saying } from "./saying.ts";

/** The tab has come to another network. `files`: how many were picked for the table of the room before. */
export const moveSaying = (files: number): Saying => ({
  title: m.notices_you_are_on_another_network(),
  remedy:
    files > 0
      ? m.notices_people_files_and_posts_of({ files: fileCount(files) })
      : m.notices_people_files_and_posts_of_the(),
  bad: true,
});

/**
 * An offer is a question, not a saying: it has a dialog of its own. `hasRelayServer`: the server names a relay server; it
 * is the remedy where networks keep people apart.
 */
export const noticeSaying = (
  notice: Exclude<NoticeView["notice"], { type: "offer" }>,
  names: Names,
  hasRelayServer: boolean,
): Saying => {
  switch (notice.type) {
    case "offer-answered":
      return {
        title: notice.accepted
          ? m.notices_name_accepted_your_files({ name: names.person(notice.by) })
          : m.notices_name_declined_your_files({ name: names.person(notice.by) }),
        remedy: "",
        bad: false,
      };
    case "no-route":
      return {
        title:
          notice.peer === null
            ? m.notices_no_route_to_somebody_in()
            : m.notices_no_route_to_name({ name: names.person(notice.peer) }),
        remedy: noRouteRemedy(notice.because, hasRelayServer),
        bad: true,
      };
    case "no-candidates":
      return {
        title: m.notices_this_browser_lets_nobody_connect(),
        remedy: m.notices_a_setting_an_extension_or(),
        bad: true,
      };
    case "no-relay":
      return {
        title: m.notices_only_through_a_relay_no_answer(),
        remedy: m.notices_no_relay_server_answers(),
        bad: true,
      };
    case "connections-spent":
      return {
        title: m.notices_this_tab_has_used_up(),
        remedy: m.notices_reload_the_page_what_you(),
        bad: true,
      };
    case "not-reached":
      return {
        title: m.notices_name_did_not_get_your({ name: names.person(notice.peer) }),
        remedy: m.notices_they_may_have_left_or(),
        bad: true,
      };
    case "peer-dropped":
      return {
        title: m.notices_name_was_dropped_what({
          name: names.person(notice.peer),
          what: refusalWords(notice.refusal),
        }),
        remedy: m.notices_nothing_false_was_kept_what(),
        bad: true,
      };
    case "source-unreadable":
      return {
        title: m.notices_file_is_off_your_table({
          file: names.file(notice.file),
          reason: readProblemWords(notice.reason),
        }),
        remedy: m.notices_add_it_again_to_share(),
        bad: true,
      };
    case "two-histories":
      return {
        title: m.notices_name_signed_two_different_histories({ name: names.person(notice.author) }),
        remedy: m.notices_what_came_after_the_split(),
        bad: true,
      };
    case "false-hand-over":
      return {
        title:
          notice.because === "unreadable"
            ? m.notices_file_could_not_be_read({
                file: names.file(notice.file),
                name: names.person(notice.from),
              })
            : m.notices_what_name_another_tab_of({
                name: names.person(notice.from),
                file: names.file(notice.file),
              }),
        remedy: m.notices_nothing_of_it_was_kept(),
        bad: true,
      };
  }
};

const noRouteRemedy = (because: "network" | "their-browser", hasRelayServer: boolean): string => {
  if (because === "their-browser") return m.notices_their_browser_allows_no_direct();
  return hasRelayServer
    ? m.notices_this_network_keeps_devices_apart_also_from_the_relay()
    : m.notices_this_network_keeps_devices_apart();
};

/** Says what a dropped peer did. The words follow its name. */
export const refusalWords = (refusal: Refusal): string => {
  switch (refusal) {
    case "wrong-block":
    case "wrong-layer":
    case "wrong-leaves":
    case "wrong-length":
      return m.notices_sent_data_that_is_not();
    case "unrequested-block":
    case "unrequested-layer":
      return m.notices_sent_data_nobody_asked_for();
    case "false-proof":
    case "second-proof":
    case "frame-before-proof":
      return m.notices_could_not_prove_who_they();
    case "false-entry":
    case "oversize-entry":
    case "too-many-entries":
      return m.notices_published_a_list_that_does();
    case "false-fork":
      return m.notices_accused_somebody_of_a_lie();
    case "malformed-envelope":
    case "forged-envelope":
    case "replayed-envelope":
    case "reordered-envelope":
    case "stale-envelope":
      return m.notices_sent_an_introduction_that_was();
    case "too-many-introductions":
    case "too-many-requests":
    case "too-many-messages":
    case "author-flood":
    case "flood":
      return m.notices_sent_far_more_than_anybody();
    case "oversize-frame":
    case "malformed-frame":
    case "unknown-frame":
    case "bad-request":
    case "unreadable-message":
      return m.notices_sent_messages_that_make_no();
  }
};
