/**
 * One scene of the page by name, without a server: `/gallery.html?scene=busy`. Not part of the build that people get;
 * the tests make a build of it for themselves.
 */
import { mount, tick } from "svelte";
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

const name = new URLSearchParams(location.search).get("scene") ?? "busy";
const make: () => Scene = Object.hasOwn(SCENES, name) ? SCENES[name as keyof typeof SCENES] : SCENES.busy;
const scene = make();
/** For the tests, which go through all of them. */
Object.assign(globalThis, { scenes: Object.keys(SCENES) });

/** Longer than any code: what is wrong with it is said all the same. */
const MAX_CODE_CHARACTERS = 60;

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
mount(Swapmeet, { target: document.body, props: { rooms } });
rooms.open();

if (scene.look?.search !== undefined) {
  await tick();
  const field = document.querySelector<HTMLInputElement>("input[type=search]")!;
  field.value = scene.look.search;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
