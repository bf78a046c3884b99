/** The part of the page that is in sight: the view, the open dialog, the theme. It knows nothing of the room. */
import { createContext } from "svelte";
import { MediaQuery } from "svelte/reactivity";
import type { FileId } from "@swapmeet/engine/names/file-id";
import type { PeerId } from "@swapmeet/engine/names/peer-id";

/** People and transfers have views of their own on a phone only; elsewhere they are always in sight. */
export type View = "find" | "library" | "board" | "people" | "transfers";

export type OpenDialog =
  | { readonly type: "invite" }
  | { readonly type: "settings" }
  | { readonly type: "details"; readonly file: FileId; readonly name: string }
  | { readonly type: "send"; readonly to: PeerId }
  | { readonly type: "messages"; readonly with: PeerId };

export type ThemeChoice = "device" | "light" | "dark";
const THEME_KEY = "swapmeet-theme";
export const DOCK_FOLDED_KEY = "swapmeet-dock-folded";

/** Narrow or flat: a phone held either way, or a window zoomed until it is as small. The styles ask the same. */
const phone = new MediaQuery("(max-width: 720px), (max-height: 500px)", false);
const deviceIsDark = new MediaQuery("(prefers-color-scheme: dark)", false);

export class Screen {
  #view = $state<View>("find");
  dialog = $state.raw<OpenDialog | null>(null);
  #theme = $state<ThemeChoice>(themeIn(kept(THEME_KEY)));
  #dockFolded = $state(kept(DOCK_FOLDED_KEY) === "true");

  readonly phone = $derived(phone.current);
  readonly dark = $derived(this.#theme === "device" ? deviceIsDark.current : this.#theme === "dark");
  readonly rowPx = $derived(this.phone ? 68 : 40);

  get view(): View {
    const onlyOnPhone = this.#view === "people" || this.#view === "transfers";
    return onlyOnPhone && !this.phone ? "find" : this.#view;
  }
  set view(view: View) {
    this.#view = view;
  }

  get theme(): ThemeChoice {
    return this.#theme;
  }
  set theme(choice: ThemeChoice) {
    this.#theme = choice;
    keep(THEME_KEY, choice);
  }

  /** The list of transfers under everything else shows its heading only. */
  get dockFolded(): boolean {
    return this.#dockFolded;
  }
  set dockFolded(folded: boolean) {
    this.#dockFolded = folded;
    keep(DOCK_FOLDED_KEY, String(folded));
  }
}

const themeIn = (kept: string | null): ThemeChoice => (kept === "light" || kept === "dark" ? kept : "device");

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is forbidden here: the choice lasts as long as the page.
  }
}

export const [useScreen, provideScreen] = createContext<Screen>();
