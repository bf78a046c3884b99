/** The command `swapmeet`: a peer without a browser. It gives the process's surroundings to the commands. */
import process from "node:process";
import { endWebRtc } from "../../node/web-rtc.ts";
import { readCommand, type Command } from "./command-line.ts";
import { get, receive } from "./commands/getting.ts";
import { share, send } from "./commands/giving.ts";
import { list, post, search } from "./commands/looking.ts";
import { EXIT, Failure, Interruption } from "./base/failure.ts";
import { prepareFolder } from "./visit/fetching.ts";
import { DEFAULT_SERVER, linkIn, placeOf, type Link } from "./visit/place.ts";
import { Visit } from "./visit/visit.ts";
import { voiceOf, type Voice } from "./voice/voice.ts";

const perform = async (command: Command, voice: Voice, ending: AbortController): Promise<void> => {
  const { room, server, nearby, name = "", wait } = command.options;
  const links: Link[] =
    command.do === "get" ? command.wanted.flatMap((each): Link | Link[] => linkIn(each) ?? []) : [];
  const mayMake = command.do === "share" || command.do === "send" || command.do === "receive";
  const defaultServer = process.env["SWAPMEET_SERVER"] || DEFAULT_SERVER;
  const place = await placeOf({ room, server, nearby, defaultServer }, links, mayMake);
  const folder = folderOf(command);
  if (folder !== null) await prepareFolder(folder);
  const visit = await Visit.open({
    ...{ place, name, voice, ending, waitSeconds: wait },
    folder: folder ?? ".",
    sharesDownloads: command.do === "share",
  });
  try {
    if (mayMake) visit.sayRoom();
    await within(visit, command);
  } finally {
    visit.close();
  }
};

/** Where downloads of the command go; null: it has none. */
const folderOf = (command: Command): string | null => {
  if (command.do === "get" || command.do === "receive") return command.to;
  return command.do === "share" && command.keep ? command.to : null;
};

const within = (visit: Visit, command: Command): Promise<void> => {
  switch (command.do) {
    case "share":
      return share(visit, command.paths, folderOf(command));
    case "get":
      return get(visit, command.wanted, command.to);
    case "ls":
      return list(visit);
    case "search":
      return search(visit, command.words);
    case "post":
      return post(visit, command.text);
    case "send":
      return send(visit, command.paths, command.to);
    case "receive":
      return receive(visit, command.to, command.from);
  }
};

const run = async (command: Command): Promise<void> => {
  const voice = voiceOf(command.options.json ?? false, process.stdout, process.stderr);
  const ending = new AbortController();
  const interrupt = (signal: "SIGINT" | "SIGTERM"): void => {
    const interruption = new Interruption(signal);
    if (ending.signal.aborted) process.exit(interruption.exitCode); // twice: at once
    ending.abort(interruption);
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    await perform(command, voice, ending);
  } catch (error) {
    // A wait that was aborted gives the reason, or an error that names it as its cause.
    const failure = ending.signal.aborted ? (ending.signal.reason as unknown) : error;
    if (!(failure instanceof Failure)) throw failure;
    process.exitCode = failure.exitCode;
    if (!(failure instanceof Interruption))
      voice.say({ event: "error", message: failure.message, exitCode: failure.exitCode });
  } finally {
    voice.close();
    endWebRtc();
  }
};

// A pipe that nobody reads any more, as with `swapmeet ls | head`.
process.stdout.on("error", () => process.exit(EXIT.done));

const command = readCommand(process.argv.slice(2));
if (command.ok) await run(command.value);
else {
  const { exitCode, text } = command.problem;
  (exitCode === EXIT.done ? process.stdout : process.stderr).write(text);
  process.exitCode = exitCode;
}
