/** `npm run picture`: a real room of real pages, photographed for the README. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchChromium } from "./lib/browser.ts";
import { RoomPage } from "./lib/page/page.ts";
import { Server } from "./lib/servers/server.ts";

const PICTURES = new URL("./pictures/", import.meta.url);
const MEBIBYTE = 2 ** 20;

/** The files that each person brings, in MiB. A file that several people bring has several sources. */
const LIBRARIES: Record<string, Record<string, number>> = {
  Tomas: {
    "field recording, north pier, dawn.flac": 96,
    "Field recordings 2026/birdsong in the reeds.ogg": 6,
    "Field recordings 2026/wind, field rec.mp3": 4,
    "lecture 4, overlay networks.mp4": 140,
  },
  Ruth: {
    "field recording, north pier, dawn.flac": 96,
    "field-recorder-manual.pdf": 3,
    "map of field recordings.png": 2,
    "lecture 4, overlay networks.mp4": 140,
  },
  Alba: {
    "field recording, north pier, dawn.flac": 96,
    "field rec session 3 rough mix.wav": 30,
    "field recording notes.txt": 0.02,
    "poster, final.pdf": 9,
  },
};

/** One random mebibyte a name, repeated with its position. */
const randomBlocks = new Map<string, Buffer>();

const folder = await mkdtemp(join(tmpdir(), "swapmeet-picture-"));
const browser = await launchChromium();
const server = await Server.start();

const open = async (path: string, name: string): Promise<RoomPage> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 });
  const room = new RoomPage(await context.newPage());
  await room.page.goto(server.urlAt() + path);
  await room.expectOnline();
  await room.rename(name);
  return room;
};

try {
  await mkdir(PICTURES, { recursive: true });
  const mika = await open("/", "Mika");
  const code = await mika.newPrivateRoom();
  await mika.expectOnline();
  await mika.page.screenshot({ path: fileURLToPath(new URL("empty-room.png", PICTURES)) });

  for (const [name, library] of Object.entries(LIBRARIES)) {
    const room = await open(`/#${code}`, name);
    for (const [path, mebibytes] of Object.entries(library)) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, seeded(path, Math.round(mebibytes * MEBIBYTE)));
      await room.addFiles(file);
    }
  }
  await mika.expectPeers(3);
  await mika.find("poster, final");
  await mika.find("overlay networks");
  await mika.download("overlay networks");
  await mika.download("north pier");
  await mika.page.getByRole("searchbox", { name: "Search the room" }).fill("field rec");
  const percent = async () => Number(await mika.progress("north pier").getAttribute("aria-valuenow"));
  while ((await percent()) < 55) await mika.page.waitForTimeout(50);
  await mika.page.screenshot({ path: fileURLToPath(new URL("room.png", PICTURES)) });
} finally {
  await browser.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

/** The same name gives the same bytes, so that two people who bring it bring one file. */
function seeded(name: string, length: number): Buffer {
  const block = randomBlocks.get(name) ?? randomBytes(MEBIBYTE);
  randomBlocks.set(name, block);
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += block.length) {
    block.copy(bytes, at);
    bytes.writeUInt32BE(at, at);
  }
  return bytes;
}
