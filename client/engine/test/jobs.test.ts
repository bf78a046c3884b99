import { expect, test } from "vitest";
import { Jobs } from "../src/jobs.ts";

const BYTES = Uint8Array.of(1);

test("an answer goes to its own job, once, also when others were asked meanwhile", () => {
  const jobs = new Jobs();
  const heard: string[] = [];
  const sign = (name: string) =>
    jobs.begin({ type: "sign", bytes: BYTES, then: (_, now) => void heard.push(`${name} at ${now}`) });
  expect([sign("one"), sign("two")]).toEqual([
    { type: "sign", job: 1, bytes: BYTES },
    { type: "sign", job: 2, bytes: BYTES },
  ]);
  for (const job of [2, 1, 2, 7]) jobs.answer({ type: "signed", job, signature: BYTES }, 10 + job);
  expect(heard).toEqual(["two at 12", "one at 11"]);
});

test("an answer of another kind than its job has no effect", () => {
  const jobs = new Jobs();
  const heard: boolean[] = [];
  const then = (isValid: boolean) => void heard.push(isValid);
  const by = "aa".repeat(32) as never;
  jobs.begin({ type: "verify", by, bytes: BYTES, signature: BYTES, then });
  jobs.answer({ type: "signed", job: 1, signature: BYTES }, 0);
  expect(heard).toEqual([]);
});
