/** The path under which an origin shows the page: it begins and ends with a slash, as in `/swap/`. */
import type { IncomingMessage } from "node:http";

/**
 * Lets a request look as if the page lay at the root, which is how all other code sees it. A proxy may have taken the
 * path off already; one that is told to put a slash in its place doubles the slash.
 */
export function enterBasePath(request: IncomingMessage, basePath: string): void {
  const url = request.url ?? "/";
  request.url = (url.startsWith(basePath) ? url.slice(basePath.length - 1) : url).replace(/^\/{2,}/, "/");
}
