import { describe, expect, test } from "vitest";
import { CallBudget } from "../../src/links/call-budget.ts";

const dialsOf = (budget: CallBudget, isAlone: boolean): number => {
  let dials = 0;
  while (budget.spendOnDial(isAlone)) dials++;
  return dials;
};

describe("[I8a] the connections of a page", () => {
  test("are 480 over all its visits, of which one visit dials 400", () => {
    const first = new CallBudget(() => 0, 0);
    expect(dialsOf(first, true)).toBe(400);
    const second = new CallBudget(() => 0, 400);
    expect(second.left).toBe("half");
    expect(dialsOf(second, false)).toBe(20);
    expect(second.left).toBe("few");
    expect(dialsOf(second, true)).toBe(60);
    expect(new CallBudget(() => 0, 480).spendOnDial(true)).toBe(false);
  });

  test("that earlier visits have used up answer no call either", () => {
    const spent = new CallBudget(() => 0, 480);
    expect(spent.mayAnswer(false, 0, 0)).toBe(false);
    expect(spent.mayAnswer(true, 0, 0), "a relayed link costs none").toBe(true);
  });
});
