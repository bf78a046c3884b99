/** One scene of the page by name, without a server: `/gallery.html?scene=busy`. Not part of a build. */
import { mount } from "svelte";
import { fail, ok } from "@swapmeet/shared";
import type { RoomCode } from "../../platform/room-code.ts";
import Swapmeet from "../Swapmeet.svelte";
import { Rooms } from "../rooms.svelte.ts";
import { FakeSession } from "./fake-session.ts";
import { SCENES } from "./scenes.ts";
import "../styles/fonts.ts";
import "../styles/tokens.css";
import "../styles/base.css";

const name = new URLSearchParams(location.search).get("scene") ?? "busy";
const scene = Object.hasOwn(SCENES, name) ? SCENES[name as keyof typeof SCENES] : SCENES.busy;

const rooms = new Rooms({
  parseCode: async (text) =>
    text.includes("ottre")
      ? fail({ type: "unknown-word", word: "ottre", position: 1, suggestions: ["otter", "outer"] })
      : ok(text as RoomCode),
  newCode: async () => "lantern-river-cobalt-swift" as RoomCode,
  boot: async () => new FakeSession(scene()),
});

mount(Swapmeet, { target: document.body, props: { rooms } });
rooms.open();
