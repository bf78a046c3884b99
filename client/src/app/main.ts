/** Loads the page first, and right after it everything below it. */
import { mount } from "svelte";
import Swapmeet from "./Swapmeet.svelte";
import { Rooms } from "./room/rooms.svelte.ts";
import "./styles/fonts.ts";
import "./styles/tokens.css";
import "./styles/base.css";

// Requested at once, not when the room is entered, so that the words and the code behind the page load side by side.
const behind = import("../platform/session/boot.ts");
const codes = () => import("../platform/room/room-code.ts");

const rooms = new Rooms({
  parseCode: async (text) => (await codes()).parseRoomCode(text),
  newCode: async () => (await codes()).newRoomCode((bytes) => crypto.getRandomValues(new Uint8Array(bytes))),
  boot: async (choice, moved) => (await behind).boot(choice, moved),
});

mount(Swapmeet, { target: document.body, props: { rooms } });
rooms.open();
