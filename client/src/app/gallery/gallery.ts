/**
 * One scene of the page by name, without a server: `/gallery.html?scene=busy`. Not part of the build that people get;
 * the tests make a build of it for themselves.
 */
import { mount, tick, unmount } from "svelte";
import { fail, ok } from "@swapmeet/shared";
import type { RoomCode } from "../../platform/room/room-code.ts";
import Swapmeet from "../Swapmeet.svelte";
import { Rooms } from "../room/rooms.svelte.ts";
import { DOCK_FOLDED_KEY } from "../context/screen.svelte.ts";
import { FakeSession } from "./fake-session.ts";
import type { Scene } from "./scene.ts";
import { SCENES } from "./scenes.ts";
import "../styles/fonts.ts";
import "../styles/tokens.css";
import "../styles/base.css";

/** No code is longer. A longer text is reported as an unknown word. */
const MAX_CODE_CHARACTERS = 60;

/** Takes down the scene that is shown. */
let strike = async (): Promise<void> => {};

/** Puts up the scene of this name, as if the page had been loaded with it. */
async function show(name: string): Promise<void> {
  await strike();
  const make: () => Scene = Object.hasOwn(SCENES, name) ? SCENES[name as keyof typeof SCENES] : SCENES.busy;
  const scene = make();
  const rooms = new Rooms({
    parseCode: async (text) =>
      text.includes("ottre")
        ? fail({ type: "unknown-word", word: "ottre", position: 1, suggestions: ["otter", "outer"] })
        : text.length > MAX_CODE_CHARACTERS
          ? fail({ type: "unknown-word", word: text, position: 0, suggestions: [] })
          : ok(text as RoomCode),
    newCode: async () => "lantern-river-cobalt-swift" as RoomCode,
    boot: async () => new FakeSession(scene),
  });

  if (scene.look?.dockFolded !== undefined)
    localStorage.setItem(DOCK_FOLDED_KEY, String(scene.look.dockFolded));
  const page = mount(Swapmeet, { target: document.body, props: { rooms } });
  const leave = rooms.open();
  strike = async () => {
    leave();
    await unmount(page);
    localStorage.removeItem(DOCK_FOLDED_KEY);
    sessionStorage.clear();
  };

  if (scene.look?.search !== undefined) {
    await tick();
    const field = document.querySelector<HTMLInputElement>("input[type=search]")!;
    field.value = scene.look.search;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** The scenes for the tests, which go through all of them. */
Object.assign(globalThis, { scenes: Object.keys(SCENES), show });

await show(new URLSearchParams(location.search).get("scene") ?? "busy");
