/** The command line: its flags, and the text of `--help`. */
import { parseArgs } from "node:util";
import { fail, ok, type Result } from "@swapmeet/shared";
import { SETTINGS } from "./settings.ts";

export interface Flags {
  readonly help: boolean;
  /** A development server shows the page. */
  readonly noClient: boolean;
}

/** `args`: those after the script. */
export function readFlags(args: readonly string[]): Result<Flags, string> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { help: { type: "boolean", short: "h" }, "no-client": { type: "boolean" } },
    });
    return ok({ help: values.help ?? false, noClient: values["no-client"] ?? false });
  } catch (error) {
    return fail(`${(error as Error).message.split(".")[0]}. "npm start -- --help" shows what there is.`);
  }
}

export function helpText(): string {
  return [
    "The server of Swapmeet: it shows the page and introduces browsers to each other.",
    "",
    "  npm start -- [--help] [--no-client]",
    "",
    "  --help       Shows this.",
    "  --no-client  Serves the sockets alone, while a development server shows the page.",
    "",
    "Settings are variables of the environment.",
    ...Object.entries(SETTINGS).flatMap(([name, setting]) => [
      "",
      `  ${name}`,
      `      ${setting.means}`,
      `      Use ${setting.use}.`,
      ...("otherwise" in setting && setting.otherwise !== "" ? [`      Default: ${setting.otherwise}`] : []),
    ]),
    "",
    "A bad setting ends the start with exit code 78, any other failure to start with 1.",
  ].join("\n");
}
