/** Names of people and files in sentences, and warnings about a person for a reader who might believe them. */
import { m } from "../../words/messages.js";
import type { Notice } from "@swapmeet/engine/io/io";
import type { PersonView } from "@swapmeet/engine/io/view";

/** Names to put into a sentence. */
export interface Names {
  person(peer: PersonView["peer"]): string;
  file(file: Extract<Notice, { type: "source-unreadable" }>["file"]): string;
}

/** A person whose profile has not arrived yet is a guest, told apart by the tag. */
export const nameOf = (person: PersonView): string => person.name || m.parts_guest_tag({ tag: person.tag });

/** Beside a name that can be taken for another's. */
export const lookAlikeTitle = ({ tag }: PersonView): string => m.parts_somebody_else_here_or_on({ tag });

/** Beside the name of an author who is proven to have lied. */
export const liarTitle = (person: PersonView): string =>
  m.parts_name_signed_two_different_histories({ name: nameOf(person) });
