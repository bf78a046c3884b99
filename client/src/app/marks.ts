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
