/** One line per event. Callers pass counts and causes: never a payload, an address of a member, or the IP address of a client. */
export type Log = (event: string, facts?: Record<string, unknown>) => void;

export const logToStdout: Log = (event, facts = {}) =>
  void process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...facts })}\n`);

/** A log for a person at a terminal, where sentences already tell that the server starts and stops. */
export const withoutStartAndStop =
  (log: Log): Log =>
  (event, facts) => {
    if (event !== "start" && event !== "stop") log(event, facts);
  };

/** The place that an exception came from, without its message, which could quote a client's bytes. */
export function whereFrom(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { name, message, stack = "" } = error;
  const messageAt = stack.indexOf(message);
  const places = messageAt < 0 ? [] : stack.slice(messageAt + message.length).split("\n");
  const place = places.find((text) => text.trimStart().startsWith("at "));
  return `${name} ${place?.trim() ?? ""}`.trim();
}
