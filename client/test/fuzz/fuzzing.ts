/** Puts inputs into a decoder and keeps those that it could not bear. */
import { inputAt, type FuzzInput } from "./mutation.ts";

/** One edge where something from outside is read. */
export interface Decoder<Input extends FuzzInput = FuzzInput> {
  readonly name: string;
  /** Inputs that are valid, or nearly so; mutations start from them. */
  readonly corpus: readonly Input[];
  /** Throws when something is wrong with the decoder; a refusal is a fine answer. */
  decode(input: Input): void | Promise<void>;
}

export interface Crasher {
  readonly decoder: string;
  /** Generated from this, unless a person wrote it. */
  readonly seed?: number;
  readonly index?: number;
  readonly problem: string;
  readonly text?: string;
  readonly hex?: string;
}

/** Nothing a stranger sends may hold up the page for longer. */
export const MAX_DECODE_MS = 100;
/** The garbage collector takes its time too, but not every time. */
const SECOND_LOOKS = 3;

/** Why this input is a crasher, or null. */
export const problemWith = async <Input extends FuzzInput>(
  decoder: Decoder<Input>,
  input: Input,
): Promise<string | null> => {
  let fastestMs = Infinity;
  for (let look = 0; look <= SECOND_LOOKS; look++) {
    const began = process.cpuUsage(); // not by the clock: other programs would count
    try {
      const decoding = decoder.decode(input);
      if (decoding) await decoding;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const { user, system } = process.cpuUsage(began);
    fastestMs = Math.min(fastestMs, (user + system) / 1000);
    if (fastestMs <= MAX_DECODE_MS) return null;
  }
  return `took ${Math.round(fastestMs)} ms`;
};

/** The crashers among `count` inputs of this seed, until there are `enough`. */
export const fuzz = async (
  decoder: Decoder,
  seed: number,
  count: number,
  enough = 1,
): Promise<readonly Crasher[]> => {
  const crashers: Crasher[] = [];
  for (let index = 0; index < count && crashers.length < enough; index++) {
    const input = inputAt(decoder.corpus, seed, index);
    const problem = await problemWith(decoder, input);
    if (problem !== null) crashers.push({ decoder: decoder.name, seed, index, problem, ...written(input) });
  }
  return crashers;
};

const written = (input: FuzzInput): { text: string } | { hex: string } =>
  typeof input === "string" ? { text: input } : { hex: Buffer.from(input).toString("hex") };

export const inputOf = ({ text, hex }: Crasher): FuzzInput =>
  text ?? Uint8Array.from(Buffer.from(hex!, "hex"));
