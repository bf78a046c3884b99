/** A name cut where a search matched it. */

export interface Part {
  readonly text: string;
  readonly marked: boolean;
}

/** `marks`: ascending [begin, end) pairs that do not overlap. */
export const partsOf = (name: string, marks: readonly (readonly [number, number])[]): Part[] => {
  const parts: Part[] = [];
  let at = 0;
  for (const [begin, end] of marks) {
    if (begin > at) parts.push({ text: name.slice(at, begin), marked: false });
    parts.push({ text: name.slice(begin, end), marked: true });
    at = end;
  }
  if (at < name.length) parts.push({ text: name.slice(at), marked: false });
  return parts;
};

/** The parts before and after `at`, which may lie inside one of them. */
export const partedAt = (parts: readonly Part[], at: number): [Part[], Part[]] => {
  const before: Part[] = [];
  const after: Part[] = [];
  let begin = 0;
  for (const { text, marked } of parts) {
    const cut = Math.min(Math.max(at - begin, 0), text.length);
    if (cut > 0) before.push({ text: text.slice(0, cut), marked });
    if (cut < text.length) after.push({ text: text.slice(cut), marked });
    begin += text.length;
  }
  return [before, after];
};
