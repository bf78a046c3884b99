/** One setting of the server: a variable of the environment, how its text is read, and what `--help` says of it. */
import { fail, ok, type Result } from "@swapmeet/shared";
import * as v from "valibot";

export interface Setting<Value> {
  /** One line for `--help`. */
  readonly means: string;
  /** What a value may be, with an example: it completes "Use …". */
  readonly use: string;
  /** The value of an operator who gives none, as an operator would write it. */
  readonly otherwise?: string;
  /** From the text. Its messages complete "NAME=TEXT …". */
  readonly schema: v.GenericSchema<string, Value>;
  /** Its text is shown nowhere. */
  readonly isSecret?: true;
}

type AnySetting = Setting<unknown>;
/** One without a default is undefined where the operator gives none. */
export type ValueOf<S extends AnySetting> =
  v.InferOutput<S["schema"]> | (S extends { readonly otherwise: string } ? never : undefined);
export type ValuesOf<Table extends Record<string, AnySetting>> = {
  readonly [Name in keyof Table]: ValueOf<Table[Name]>;
};

/** The values of all settings, or one line for each bad one. A variable without text counts as not given. */
export function readAll<Table extends Record<string, AnySetting>>(
  table: Table,
  env: Readonly<Record<string, string | undefined>>,
): Result<ValuesOf<Table>, string> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { otherwise, schema, use, isSecret }] of Object.entries(table)) {
    const text = env[name] || otherwise;
    if (text === undefined) continue;
    const read = v.safeParse(schema, text, { abortEarly: true });
    if (read.success) values[name] = read.output;
    else problems.push(`${isSecret ? name : `${name}=${text}`} ${read.issues[0].message}. Use ${use}.`);
  }
  return problems.length > 0 ? fail(problems.join("\n")) : ok(values as ValuesOf<Table>);
}

// -- schemas that several settings share -----------------------------------------------------------------------------

/** Decimal digits alone: Number itself takes 0x1000 and 1e3 as well. */
export const wholeNumber = (least: number, most: number, message: string) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, message),
    v.transform(Number),
    v.minValue(least, message),
    v.maxValue(most, message),
  );

/** Several of the same, with commas between them. The message of a bad one names it. */
export const listOf = <Value>(parse: (text: string) => Result<Value, string>) =>
  v.pipe(
    v.string(),
    v.rawTransform<string, readonly Value[]>(({ dataset, addIssue, NEVER }) => {
      const values: Value[] = [];
      for (const text of dataset.value.split(",").filter((part) => part.trim() !== "")) {
        const read = parse(text.trim());
        if (!read.ok) {
          addIssue({ message: `names "${text.trim()}", which ${read.problem}` });
          return NEVER;
        }
        values.push(read.value);
      }
      return values;
    }),
  );
