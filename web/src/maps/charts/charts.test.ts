import { expect, test } from "vitest";
import type { CurvesDocument } from "../../api/types";
import { shadesOf } from "./cells";
import { extentOf } from "./extent";

test("a correlation is shown up to 1 and somewhat below 0", () => {
  const curves: CurvesDocument = {
    curve: "fsc",
    title: "",
    said: "",
    x: { label: "", unit: "", scale: "frequency" },
    y: { label: "", unit: "", scale: "linear" },
    lines: [{ name: "corrected", x: [0.1, 0.4], y: [0.9, -0.2], drawn: "line" }],
    marks: [{ axis: "y", value: 0.143, words: "0.143" }],
  };
  expect(extentOf(curves, "y")).toEqual([-0.2, 1]);
  expect(extentOf(curves, "x")).toEqual([0, 0.4]);
});

test("cells of one shade beside each other are drawn as one, and none outside of the ellipse", () => {
  const shades = shadesOf([
    [null, 2, 2, null],
    [0, 1, 2, 0],
  ]);
  expect(shades.map(({ share, path }) => [share, path])).toEqual([
    [0, "M0 1h1v1h-1zM3 1h1v1h-1z"],
    [0.5, "M1 1h1v1h-1z"],
    [1, "M1 0h2v1h-2zM2 1h1v1h-1z"],
  ]);
});
