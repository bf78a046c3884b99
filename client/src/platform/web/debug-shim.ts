/** The libraries' `debug`, silent: a line per chunk would cost more than sending it, and names peers in a log. */
const debug = (_namespace: string) => (): void => undefined;

export default debug;
/** The value that `require("debug")` gives. */
export { debug as "module.exports" };
