/** The command line: what may be asked for, and how. It only reads; main.ts does. */
import { Command as Program, CommanderError, InvalidArgumentError } from "commander";
import { fail, ok, type Result } from "@swapmeet/shared";
import { EXIT, type ExitCode } from "./base/failure.ts";
import { DEFAULT_SERVER } from "./visit/place.ts";

/** The options that all commands have. */
export interface Common {
  /** A code or a link. */
  readonly room?: string;
  readonly nearby?: boolean;
  readonly server?: string;
  readonly name?: string;
  /** How long to wait for the server, for people, and for what does not come; 0: for ever. */
  readonly wait: number;
  readonly json?: boolean;
}

export type Command = { readonly options: Common } & (
  | { readonly do: "share"; readonly paths: readonly string[]; readonly keep: boolean; readonly to: string }
  | { readonly do: "get"; readonly wanted: readonly string[]; readonly to: string }
  | { readonly do: "ls" }
  | { readonly do: "search"; readonly words: string }
  | { readonly do: "post"; readonly text: string }
  | { readonly do: "send"; readonly paths: readonly string[]; readonly to: string }
  | { readonly do: "receive"; readonly to: string; readonly from?: string }
);

/** Nothing is to be done: help was asked for, or the command line makes no sense. */
export interface Ended {
  readonly exitCode: ExitCode;
  readonly text: string;
}

const EXIT_CODES = `
Exit codes:
  0    done; also when Ctrl+C ends "share"
  1    not done: nobody offers it, it was declined, its source is gone
  2    wrong use: an option, a room code, a file that can't be read
  69   the server can't be reached, or does not let this peer in
  73   the disk is full, or the folder is not writable
  130  interrupted by Ctrl+C (143: by SIGTERM); twice leaves at once

What came of a file stays in NAME.part: the same command goes on with it.
`;

/** @param argv without the names of Node and of the script */
export const readCommand = (argv: readonly string[]): Result<Command, Ended> => {
  let command: Command | undefined;
  let said = "";
  const program = new Program("swapmeet")
    .description("Swaps files with people in a room of Swapmeet, without a browser.")
    .addHelpText("after", EXIT_CODES)
    .helpCommand(false);
  const sub = (use: string, description: string): Program =>
    program
      .command(use)
      .description(description)
      .option("-r, --room <code>", "the room: its code, or a link to it")
      .option("--nearby", "the open room of everyone in this network; the server could listen in")
      .option(
        "-s, --server <url>",
        `the server's page (default: the link's, SWAPMEET_SERVER, or ${DEFAULT_SERVER})`,
      )
      .option("-n, --name <name>", "the name that others see (default: two friendly words)")
      .option("-w, --wait <seconds>", "how long to wait for what does not come; 0: for ever", seconds, 30)
      .option("--json", "one JSON object a line, and nothing else");
  const to = ["-t, --to <dir>", "the folder for what comes"] as const;

  sub("share [path...]", "offers files and folders to the room, until Ctrl+C")
    .option("-k, --keep", "takes what others send to it, keeps it in --to, and offers it")
    .option(...to, "received")
    .action(
      (
        paths: string[],
        { keep = false, to, ...options }: Common & { keep?: boolean; to: string },
        self: Program,
      ) => {
        if (paths.length === 0 && !keep)
          self.error("error: share what? Name a file or a folder, or take --keep.");
        command = { do: "share", paths, keep, to, options };
      },
    );
  sub("get <name...>", "downloads files by name, folder or link")
    .option(...to, ".")
    .action((wanted: string[], { to, ...options }: Common & { to: string }) => {
      command = { do: "get", wanted, to, options };
    });
  sub("ls", "lists the people and the files of the room").action((options: Common) => {
    command = { do: "ls", options };
  });
  sub("search <word...>", "searches the room").action((words: string[], options: Common) => {
    command = { do: "search", words: words.join(" "), options };
  });
  sub("post <text...>", "posts to the board").action((text: string[], options: Common) => {
    command = { do: "post", text: text.join(" "), options };
  });
  sub("send <path...>", "sends files and folders to one person, who has to accept them")
    .requiredOption("-t, --to <name>", "the person")
    .action((paths: string[], { to, ...options }: Common & { to: string }) => {
      command = { do: "send", paths, to, options };
    });
  sub("receive", "accepts what the next person sends, and ends when it is here")
    .option(...to, ".")
    .option("-f, --from <name>", "accepts from this person alone")
    .action(({ to, from, ...options }: Common & { to: string; from?: string }) => {
      command = { do: "receive", to, options, ...(from === undefined ? {} : { from }) };
    });

  for (const each of [program, ...program.commands])
    each.exitOverride().configureOutput({
      writeOut: (text) => void (said += text),
      writeErr: (text) => void (said += text),
    });
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return fail({ exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage, text: said });
  }
  return command ? ok(command) : fail({ exitCode: EXIT.usage, text: said });
};

const seconds = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0 || value > MAX_WAIT_SECONDS)
    throw new InvalidArgumentError(`give seconds from 0 to ${MAX_WAIT_SECONDS}.`);
  return value;
};

/** A timer takes no more than 2^31 - 1 ms. */
const MAX_WAIT_SECONDS = 2_000_000;
