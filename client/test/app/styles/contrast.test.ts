/** WCAG 2.2, 1.4.3: text and its background are at least 4.5 to 1, in both themes and for every person's hue. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

type Rgb = readonly [number, number, number];

const ENOUGH = 4.5;
const css = readFileSync(new URL("../../../src/app/styles/tokens.css", import.meta.url), "utf8");
const [light = "", dark = ""] = css.split(':root[data-theme="dark"]');

const token = (theme: string, name: string): string =>
  new RegExp(`--${name}: ([^;]+);`).exec(theme)?.[1] ?? expect.fail(`no token ${name}`);

/** Linear light from "#c93d08" or "#fff". */
const colour = (theme: string, name: string): Rgb => {
  const digits = token(theme, name).slice(1);
  const wide = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
  const [r, g, b] = [0, 2, 4].map((at) => {
    const value = parseInt(wide.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return [r!, g!, b!];
};

/** CSS Color 4, OKLab to linear sRGB. Values that a screen cannot show are cut off, as in browsers. */
const oklch = (lightness: number, chroma: number, hue: number): Rgb => {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const cut = (value: number): number => Math.min(1, Math.max(0, value));
  return [
    cut(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    cut(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    cut(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
};

const luminance = ([r, g, b]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;
const contrast = (one: Rgb, other: Rgb): number => {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((x, y) => x - y);
  return (lighter! + 0.05) / (darker! + 0.05);
};

describe.each([
  ["light", light],
  ["dark", dark],
])("in the %s theme", (_, theme) => {
  test("initials are legible in every person's colour", () => {
    const [lightness, chroma] = [Number(token(theme, "person-l")), Number(token(theme, "person-c"))];
    const hues = Array.from({ length: 360 }, (_, hue) => hue);
    const on = colour(theme, "on-person");
    const worst = Math.min(...hues.map((hue) => contrast(on, oklch(lightness, chroma, hue))));
    expect(worst).toBeGreaterThanOrEqual(ENOUGH);
  });

  test.each(["ink", "soft", "faint", "ok", "warn", "bad"])("--%s is legible on every ground", (name) => {
    for (const ground of ["bg", "panel", "sunk", "go-soft"])
      expect(contrast(colour(theme, name), colour(theme, ground)), ground).toBeGreaterThanOrEqual(ENOUGH);
  });
});
