/** The room as the page shows it: code, link, and the link that other devices can open. */
import type { RoomCode } from "./room-code.ts";

/** `outside`: the link as other devices can open it; differs from `link` where `outsidePage` says so. */
export type RoomView =
  | { readonly kind: "private"; readonly code: string; readonly link: string; readonly outside: string }
  /** "Nearby": everyone of this network. Not protected from the server, and the page says so. */
  | { readonly kind: "open"; readonly link: string; readonly outside: string };

/** `page`: where other devices find this page. */
export const roomView = (
  choice: { readonly kind: "private"; readonly code: RoomCode } | { readonly kind: "open" },
  page = herePage(),
): RoomView => {
  const here = herePage();
  return choice.kind === "private"
    ? {
        kind: "private",
        code: choice.code,
        link: `${here}#${choice.code}`,
        outside: `${page}#${choice.code}`,
      }
    : { kind: "open", link: here, outside: page };
};

/**
 * At "localhost" nobody else finds this page: the server on this computer knows its address on the network. At https, a
 * server with a certificate authority of its own knows a page that newcomers can open before they trust it.
 */
export const outsidePage = async (): Promise<string> => {
  const isLocal = /^(localhost|127\..*|\[::1\])$/.test(location.hostname);
  if (!isLocal && location.protocol !== "https:") return herePage();
  try {
    const answer = await fetch(new URL("addresses.json", document.baseURI), {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const [address]: unknown[] = answer.ok ? await answer.json() : [];
    return typeof address === "string" ? address : herePage();
  } catch {
    return herePage(); // not our server in front, or it is away
  }
};

/** The room does not wait for it. */
const ANSWER_WITHIN_MS = 300;

const herePage = (): string => `${location.origin}${location.pathname}`;
