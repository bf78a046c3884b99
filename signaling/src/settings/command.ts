/** The command line: its flags, and the text of `--help`. */
import { parseArgs } from "node:util";
import { fail, ok, type Result } from "@swapmeet/shared";
import { SETTINGS } from "./settings.ts";

export interface Flags {
  readonly help: boolean;
  /** https beside http, with a certificate authority of this computer. */
  readonly https: boolean;
  /** A development server shows the page. */
  readonly noClient: boolean;
}

/** `args`: those after the script. */
export function readFlags(args: readonly string[]): Result<Flags, string> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", short: "h" },
        https: { type: "boolean" },
        "no-client": { type: "boolean" },
      },
    });
    const { help = false, https = false, "no-client": noClient = false } = values;
    return ok({ help, https, noClient });
  } catch (error) {
    return fail(`${(error as Error).message.split(".")[0]}. "npm start -- --help" shows what there is.`);
  }
}

export function helpText(): string {
  return [
    "The server of Swapmeet: it shows the page and introduces browsers to each other.",
    "",
    "  npm start -- [--help] [--https] [--no-client]",
    "",
    "  --help       Shows this.",
    "  --https      Serves https as well, at HTTPS_PORT, with a certificate authority that it makes for this",
    "               computer and keeps in your data folder. /trust explains how a device comes to trust it.",
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
