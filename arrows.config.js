/**
 * Which folder may import from which: the plan of the house. ESLint turns each arrow that is missing here into an error.
 * Read each table from the top down; arrows run downwards only.
 */
import { posix } from "node:path";

const NODE = "^node:|^(fs|path|os|crypto|http|net|dgram|child_process)(/|$)";
const BROWSER_LIBRARIES = "^(simple-peer|socket\\.io-client|idb|svelte)(/|$)";

/** Folders of the app: the features that a person uses in the room, and the leaves that all features use. */
const FEATURES = [
  "board",
  "find",
  "library",
  "network",
  "notices",
  "people",
  "room",
  "settings",
  "transfers",
];
const LEAVES = ["parts/writing", "parts/names", "parts/layout", "context", "parts/text", "styles"];

/**
 * The wings of the house. `never`: a regular expression of specifiers that no file of the wing imports; `because`: why.
 * `rooms`: for each folder the folders of the same wing that it may use; "." is the wing's own folder.
 */
export const WINGS = {
  "client/engine/src": {
    never: `${NODE}|${BROWSER_LIBRARIES}|/(platform|app|sim|testing|node|test)/`,
    because: "The engine is pure: it knows shared and pure libraries.",
    rooms: {
      ".": [
        ...["overlay", "gossip", "people", "links", "swarm", "catalog", "board"],
        ...["wire", "feed", "io", "names", "base"],
      ],
      overlay: ["links", "wire", "io", "names", "base"],
      gossip: ["wire", "feed", "io", "names", "base"],
      people: ["wire", "feed", "io", "names", "base"],
      links: ["links/sealed", "wire", "io", "names", "base"],
      "links/sealed": ["wire", "io", "names", "base"],
      swarm: [
        ...["swarm/download", "swarm/pieces", "swarm/sources", "swarm/upload"],
        ...["wire", "io", "names", "base"],
      ],
      "swarm/download": ["swarm/pieces", "swarm/sources", "wire", "io", "names", "base"],
      "swarm/pieces": ["swarm/sources", "wire", "io", "names", "base"],
      "swarm/sources": ["wire", "io", "names", "base"],
      "swarm/upload": ["wire", "io", "names", "base"],
      catalog: ["feed", "io", "names", "base"],
      board: ["feed", "io", "names", "base"],
      wire: ["feed", "names", "base"],
      feed: ["names", "base"],
      io: ["wire", "names", "base"],
      names: ["base"],
      base: [],
    },
  },
  "client/src/platform": {
    never: `${NODE}|^svelte(/|$)|/(app|sim|testing|node|test)/`,
    because: "The platform knows the engine and shared.",
    rooms: {
      session: [
        "run",
        "verify",
        "files",
        "bytes",
        "store",
        "device",
        "saving",
        "room",
        "tabs",
        "workers",
        "web",
      ],
      verify: ["run", "workers", "web"],
      // One file of it, which is checked with run: see client/tsconfig.run.json.
      run: ["bytes"],
      files: ["store", "bytes", "workers", "web"],
      store: ["bytes", "workers", "web"],
      tabs: ["bytes", "web"],
      saving: ["bytes", "web"],
      room: ["workers", "web"],
      bytes: ["workers", "web"],
      device: ["web"],
      workers: ["web"],
      web: [],
    },
  },
  "client/testing": {
    never: `${NODE}|${BROWSER_LIBRARIES}|/(platform|app|sim|node|test)/`,
    because: "What the simulator and peers in Node share is pure, as the engine is.",
    rooms: { ".": [] },
  },
  "client/peer/src": {
    never: `${BROWSER_LIBRARIES}|/(app|sim|testing|test)/`,
    because: "The command line knows a peer in Node and the platform below it.",
    rooms: {
      ".": ["commands", "visit", "voice", "base"],
      commands: ["visit", "base"],
      visit: ["voice", "base"],
      voice: [],
      base: [],
    },
  },
  "client/src/app": {
    never: `${NODE}|^(simple-peer|socket\\.io-client|idb)(/|$)|/(sim|testing|node|test)/`,
    because: "The app reaches the world through platform.",
    rooms: {
      gallery: [".", "gallery/stubs", "shell", ...FEATURES, ...LEAVES],
      "gallery/stubs": ["gallery", "room"],
      ".": ["shell", ...FEATURES, ...LEAVES],
      shell: [...FEATURES, ...LEAVES],
      // A feature uses leaves alone. The root passes to it all that it needs of another feature.
      ...Object.fromEntries(FEATURES.map((feature) => [feature, LEAVES])),
      "parts/writing": ["parts/names", "parts/layout", "context", "parts/text"],
      "parts/names": ["parts/layout", "context", "parts/text"],
      "parts/layout": ["context", "parts/text"],
      context: ["parts/text"],
      "parts/text": [],
      styles: [],
    },
  },
  "client/sim": {
    never: `${BROWSER_LIBRARIES}|/(platform|app|node|test)/`,
    because: "The simulator runs the engine alone.",
    rooms: {
      ".": ["room", "swarm"],
      bench: [".", "room", "swarm"],
      swarm: [".", "room"],
      room: ["."],
    },
  },
  "signaling/src": {
    never: "client/|e2e/|^@swapmeet/(?!shared$)",
    because: "The server knows only shared.",
    rooms: {
      ".": ["settings", "operator", "sockets", "http", "https", "stun", "rooms", "redis", "base"],
      settings: ["base"],
      operator: ["http", "rooms", "base"],
      sockets: ["rooms", "base"],
      http: ["base"],
      https: ["base"],
      stun: ["base"],
      rooms: ["redis"],
      redis: ["base"],
      base: [],
    },
  },
};

/** How a file in folder `from` names a file that lies directly in folder `to`. */
const specifierOf = (from, to) => {
  const path = posix.relative(from, to) || ".";
  return `^${(path.startsWith(".") ? path : `./${path}`).replaceAll(".", "\\.")}/[^/]+$`;
};

/** The lint rules of all wings: one for each folder, since a file gets only the last rule of one name. */
export const arrows = Object.entries(WINGS).flatMap(([wing, { never, because, rooms }]) =>
  Object.entries(rooms).map(([room, uses]) => ({
    files: [room === "." ? `${wing}/*` : `${wing}/${room}/*`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: never, message: because },
            ...Object.keys(rooms)
              .filter((other) => other !== room && !uses.includes(other))
              .map((other) => ({
                regex: specifierOf(room, other),
                message: `No arrow runs from ${wing}/${room} to ${other}: see arrows.config.js.`,
              })),
          ],
        },
      ],
    },
  })),
);
