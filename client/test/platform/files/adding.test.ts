import { fail } from "@swapmeet/shared";
import { expect, test } from "vitest";
import { Adding, type AddedFile } from "../../../src/platform/files/adding.ts";
import { hashFile } from "../../../src/platform/bytes/hash-file.ts";
import type { Hasher } from "../../../src/platform/bytes/hasher.ts";
import type { PickedFile } from "../../../src/platform/files/dropped-files.ts";

const picked = (...texts: string[]): PickedFile[] =>
  texts.map((text) => ({ file: new File([text], `${text}.txt`), folder: "" }));

/** Hashes when told to. */
const adding = () => {
  let go = (): void => undefined;
  const told = new Promise<void>((resolve) => (go = resolve));
  const hash: Hasher["hash"] = async (files, onBytes, signal) => {
    await told;
    return Promise.all(
      files.map((file) => (signal.aborted ? fail("cancelled") : hashFile(file, onBytes, signal))),
    );
  };
  const onTable: AddedFile[] = [];
  const adding = new Adding({ hash } as Hasher, {
    added: (files) => onTable.push(...files),
    changed: () => undefined,
  });
  return { adding, go, names: () => onTable.map(({ local }) => local.name).sort(), onTable };
};

test("a caller that adds files is told which they are, once they are on the table", async () => {
  const { adding: table, go, onTable } = adding();
  const added = table.add(picked("a", "b"));
  go();
  expect(await added).toHaveLength(2);
  expect(await added).toEqual(onTable.map(({ local: { file, name, folder } }) => ({ file, name, folder })));
  expect(table.view).toMatchObject({ files: 2, filesDone: 2, active: false });
});

test("a caller that gives up adding stops its own files, and no others", async () => {
  const { adding: table, go, names } = adding();
  const closing = new AbortController();
  const given = table.add(picked("for one person"), closing.signal);
  const others = table.add(picked("for the room"));
  closing.abort();
  go();
  expect(await given).toEqual([]);
  expect(await others).toHaveLength(1);
  expect(names()).toEqual(["for the room.txt"]);
  expect(table.view.active).toBe(false);
});

test("a cancellation stops all adding under way, and no later adding", async () => {
  const { adding: table, go, names } = adding();
  const stopped = [table.add(picked("a")), table.add(picked("b"))];
  table.cancel();
  const later = table.add(picked("c"));
  go();
  expect((await Promise.all(stopped)).flat()).toEqual([]);
  expect(await later).toHaveLength(1);
  expect(names()).toEqual(["c.txt"]);
});
