/** "1 file", "3 files": the number as people write it, and the form that the language wants with it. */
import { m } from "../../words/messages.js";
import { formatCount } from "./format.ts";

/** The parameters of a message with a plural form: `count` chooses the form, `number` is shown. */
export const counted = (count: number) => ({ count, number: formatCount(count) });

export const fileCount = (count: number): string => m.parts_files(counted(count));
