/** Invents libraries like those of people, and the texts of people who search them. They are the same in each run. */
import type { SeededRandom } from "./random.ts";

export interface InventedFile {
  readonly name: string;
  readonly folder: string;
}

/** Music by artist and album, photographs by date, papers, series, code. */
export const inventFiles = (count: number, random: SeededRandom): InventedFile[] => {
  const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!;
  const number = (below: number, digits: number): string => String(random.below(below)).padStart(digits, "0");
  const syllable = (): string =>
    pick(ONSETS) + pick(VOWELS) + (random.next() < 0.4 ? pick(["n", "r", "s", "l"]) : "");
  const word = (): string => Array.from({ length: 1 + random.below(3) }, syllable).join("");
  const words = Array.from({ length: Math.max(2000, count / 8) }, word);
  /** Some words are everywhere, most are rare. */
  const common = (): string => words[Math.floor(random.next() ** 3 * words.length)]!;
  const title = (most: number): string =>
    Array.from({ length: 1 + random.below(most) }, common)
      .map((w) => w[0]!.toUpperCase() + w.slice(1))
      .join(" ");
  const artists = Array.from({ length: Math.max(50, count / 200) }, () => title(3));
  const folders: readonly (() => { folder: string; name: () => string })[] = [
    () => {
      const artist = pick(artists);
      return {
        folder: `Music/${artist}/${title(3)}`,
        name: () => `${number(20, 2)} - ${artist} - ${title(5)}.${pick(["mp3", "flac"])}`,
      };
    },
    () => {
      const year = number(25, 2);
      return {
        folder: `Photos/20${year}`,
        name: () => `IMG_20${year}${number(12, 2)}${number(28, 2)}_${number(1_000_000, 6)}.jpg`,
      };
    },
    () => ({ folder: "Papers", name: () => `${title(1)} et al. (20${number(25, 2)}) ${title(9)}.pdf` }),
    () => ({
      folder: `Video/${title(2)}`,
      name: () => `${title(3)} S${number(9, 2)}E${number(24, 2)} 1080p.mkv`,
    }),
    () => ({
      folder: `code/${common()}/src`,
      name: () => `${common()}_${common()}.${pick(["ts", "py", "zip"])}`,
    }),
  ];
  const files: InventedFile[] = [];
  while (files.length < count) {
    const { folder, name } = pick(folders)();
    const size = Math.min(1 + random.below(MOST_IN_FOLDER), count - files.length);
    for (let i = 0; i < size; i++) files.push({ folder, name: name() });
  }
  return files;
};

const MOST_IN_FOLDER = 20;

/** The texts in a search box, keystroke after keystroke: words of an invented file, sometimes mistyped. */
export const inventTyping = (files: readonly InventedFile[], random: SeededRandom): string[] => {
  const { name, folder } = files[random.below(files.length)]!;
  const words = `${name} ${folder}`.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  const chosen = Array.from({ length: 1 + random.below(3) }, () => {
    const word = words[random.below(words.length)]!;
    const at = random.below(word.length);
    const kind = random.next();
    if (kind < 0.1) return word.slice(0, at) + word.slice(at + 1); // a letter missing
    if (kind < 0.2) return `${word.slice(0, at)}x${word.slice(at)}`; // one too many
    if (kind < 0.3)
      return word.slice(0, at) + [...word.slice(at, at + 2)].reverse().join("") + word.slice(at + 2);
    return kind < 0.6 ? word.normalize("NFKD").replace(/\p{M}/gu, "") : word;
  });
  const text = chosen.join(" ");
  const typed = Array.from(text, (_, i) => text.slice(0, i + 1));
  const back = typed.slice(-1 - random.below(5), -1).reverse();
  return ["", ...typed, ...back, text];
};

const ONSETS = "b br c ch d f g gr h j k l m n p r s st t".split(" ");
const VOWELS = "a e i o u ä é ó ø ü ai ou".split(" ");
