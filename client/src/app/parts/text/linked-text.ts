/**
 * Cuts a person's text into plain text and links. Nothing in it is ever markup: the parts become text nodes, and
 * only a plain web address becomes an anchor.
 */

export interface TextPart {
  readonly text: string;
  /** Null: not a link. Always http or https, and never with a name or password in it. */
  readonly href: string | null;
  /** The link's target as browsers write it; set when the text shows it otherwise, in another script's letters. */
  readonly host: string | null;
}

/** Up to white space, quotes, brackets that no address has, and the marks that end a sentence in Chinese or Japanese. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"`{}|\\^\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]+/giu;
const END_OF_SENTENCE = /[.,:;!?…'’”»*_~)\]]/u;

export const linkedParts = (text: string): TextPart[] => {
  const parts: TextPart[] = [];
  let at = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = withoutEnd(found);
    const link = linkOf(address);
    if (link === null) continue;
    if (index > at) parts.push(plain(text.slice(at, index)));
    parts.push({ text: address, ...link });
    at = index + address.length;
  }
  if (at < text.length) parts.push(plain(text.slice(at)));
  return parts;
};

const plain = (text: string): TextPart => ({ text, href: null, host: null });

/** The marks behind an address belong to the sentence; a closing bracket does where the address opened none. */
const withoutEnd = (address: string): string => {
  const unopened = {
    ")": countOf(")", address) - countOf("(", address),
    "]": countOf("]", address) - countOf("[", address),
  };
  let end = address.length;
  for (; END_OF_SENTENCE.test(address[end - 1]!); end--) {
    const mark = address[end - 1]!;
    if ((mark === ")" || mark === "]") && unopened[mark]-- <= 0) break;
  }
  return address.slice(0, end);
};

const countOf = (mark: string, text: string): number => text.split(mark).length - 1;

const linkOf = (address: string): Pick<TextPart, "href" | "host"> | null => {
  if (!URL.canParse(address)) return null;
  const { href, protocol, username, password, host } = new URL(address);
  if ((protocol !== "http:" && protocol !== "https:") || username !== "" || password !== "") return null;
  return { href, host: address.toLowerCase().includes(`//${host}`) ? null : host };
};

const LONG_LINES = 16;
const LONG_LETTERS = 1600;

/** Better shown in part first: it would fill the view. */
export const isLong = (text: string): boolean =>
  text.length > LONG_LETTERS || text.split("\n", LONG_LINES + 1).length > LONG_LINES;
