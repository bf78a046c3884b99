import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../node/main.ts", import.meta.url));

test("started by hand, the process says how it is used and fails", () => {
  const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", MAIN], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr).toContain("fork(");
});
