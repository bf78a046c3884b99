import { expect, test } from "vitest";
import { badgeOf, kindOf } from "../../src/names/kind.ts";

test.each([
  ["Song.FLAC", "audio", "FLAC"],
  ["film.mkv", "video", "MKV"],
  ["a.b.jpeg", "picture", "JPEG"],
  ["thesis.pdf", "document", "PDF"],
  ["backup.tar.gz", "archive", "GZ"],
  ["setup.exe", "program", "EXE"],
  ["firmware.bin", "other", "BIN"],
  ["README", "other", "FILE"],
  [".zip", "other", "FILE"],
  ["version 1.0 final", "other", "FILE"],
  ["x.torrent", "other", "FILE"],
  ["x.日本", "other", "FILE"],
  ["x.constructor", "other", "FILE"],
  ["", "other", "FILE"],
] as const)("%j is of kind %s and wears the badge %s", (name, kind, badge) => {
  expect(kindOf(name)).toBe(kind);
  expect(badgeOf(name)).toBe(badge);
});
